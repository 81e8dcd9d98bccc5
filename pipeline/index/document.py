"""One article as the index holds it. Pure and free of clocks other than the claims in it and
`first_seen_at`, so that two runs over the same world give equal documents.
"""  # noqa: D205 - one sentence over two lines

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.index.analysis import base_language, surfaces
from pipeline.index.said import said
from pipeline.index.schema import MAX_KEYWORD_CHARS, SCHEMA_VERSION
from pipeline.index.where import where
from pipeline.model import DateClaim, Entity, Evidence, Extraction, Mention, Topic
from pipeline.work import ArticleWork, Sighting

_EVIDENCE_CHARS = 200  # enough to recognise a value; the archive has the whole page
#: Flag of an article of which an enricher failed: its part is empty, which says nothing.
ENRICHMENT_INCOMPLETE = "enrichment_incomplete"
_FACET_OF_TYPE = {"person": "person", "organisation": "organisation", "place": "place"}


def build_document(work: ArticleWork) -> dict[str, Any]:
    """Return the body of one article as JSON values, fields as in pipeline/index/schema.py.

    Raises ValueError when the article has no revision: such work is not due for the index.
    """
    if work.revision is None:
        raise ValueError(f"article {work.article_id} has no revision to build a document from")
    extraction = work.revision.extraction
    sightings = _in_order(work.sightings)
    cut: list[str] = []
    document = {
        "article_id": work.article_id,
        "doc_version": work.doc_version,
        "schema_version": SCHEMA_VERSION,
        "url": work.url,
        "canonical_url": _keyword(extraction.canonical_url, cut),
        "title": extraction.title or _first(sighting.title for sighting in sightings) or "",
        "text": extraction.text,
        "description": extraction.description or None,
        "author": _keywords(extraction.authors, cut),
        **_times(work),
        **_origin(work, sightings, cut),
        "keywords": _keywords(extraction.keywords, cut),
        "image": _keyword(extraction.image, cut),
        "paywalled": extraction.paywalled,
        "text_source": extraction.text_source,
        **_enrichment(work),
        **_groups(work),
        "word_count": len(surfaces(extraction.text)),
        "quality": dict(sorted(extraction.quality.items())),
        "noindex": extraction.noindex,
        "tdm_reserved": extraction.tdm_reserved,
        "evidence": _evidence({**extraction.evidence, **_why_grouped(work)}),
        "revision": work.revision.n,
        "versions": _versions(work, extraction),
        "embedding": None,
    }
    failed = [ENRICHMENT_INCOMPLETE] if work.enrichment and work.enrichment.failed else []
    flags = {*extraction.flags, *cut, *failed}
    return {**document, "flags": sorted(flags)}


def published_claim(work: ArticleWork) -> DateClaim | None:
    """Return when the publisher says it was published: the page's word before the feeds'."""
    extraction = work.revision.extraction if work.revision else None
    sightings = _in_order(work.sightings)
    return (extraction.published_at if extraction else None) or next(
        (sighting.published_at for sighting in sightings if sighting.published_at), None
    )


def _in_order(sightings: Sequence[Sighting]) -> list[Sighting]:
    return sorted(sightings, key=lambda one: (one.seen_at, one.feed.feed_id))


def _times(work: ArticleWork) -> dict[str, Any]:
    """Give both clocks: the publisher's claim and ours."""
    extraction = work.revision.extraction if work.revision else None
    claim = published_claim(work)
    modified = extraction.modified_at if extraction else None
    return {
        "published_at": _moment(claim.at) if claim else None,
        "published_at_precision": claim.precision if claim else None,
        "published_at_source": claim.source if claim else None,
        "modified_at": _moment(modified.at) if modified else None,
        "first_seen_at": _moment(work.first_seen_at),
        "day": _day(claim) if claim else work.first_seen_at.astimezone(UTC).date().isoformat(),
    }


def _day(claim: DateClaim) -> str:
    """Return the UTC day of a claim; for one that names only a day, that day.

    Such a claim is midnight in the outlet's zone: half a day later it is the same calendar day in
    UTC for every zone from -12 to +12.
    """
    at = claim.at + timedelta(hours=12) if claim.precision == "day" else claim.at
    return at.astimezone(UTC).date().isoformat()


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _origin(work: ArticleWork, sightings: Sequence[Sighting], cut: list[str]) -> dict[str, Any]:
    """Say who published it where: the article's own word before the catalogue's."""
    feeds = [sighting.feed for sighting in sightings]
    extraction = work.revision.extraction if work.revision else None
    language = _first(
        [
            work.enrichment.language if work.enrichment else None,
            extraction.language if extraction else None,
            *(feed.language for feed in feeds),
        ]
    )
    section = _first([extraction.section if extraction else None, *(f.section for f in feeds)])
    return {
        "outlet": work.publisher,
        "country": _first(feed.country for feed in feeds),
        "language": base_language(language),
        "section": _keyword(section, cut),
        "feeds": sorted({feed.feed_id for feed in feeds}),
    }


def _groups(work: ArticleWork) -> dict[str, str | None]:
    """Name the copies of its text, and its story."""
    syndication_id = work.grouping.syndication_id if work.grouping else None
    story_id = work.grouping.story_id if work.grouping else None
    return {
        "syndication_id": syndication_id,
        "story_id": story_id or syndication_id or work.article_id,
    }


def _why_grouped(work: ArticleWork) -> Mapping[str, Evidence]:
    return work.grouping.why if work.grouping else {}


def _enrichment(work: ArticleWork) -> dict[str, Any]:
    entities = work.enrichment.entities if work.enrichment else ()
    topics = work.enrichment.topics if work.enrichment else ()
    iptc = work.enrichment.iptc if work.enrichment else ()
    names: dict[str, list[str]] = {facet: [] for facet in _FACET_OF_TYPE.values()}
    for entity in entities:
        facet = _FACET_OF_TYPE.get(entity.type)
        if facet:
            names[facet].append(entity.name)
    return {
        **{facet: sorted(set(found)) for facet, found in names.items()},
        "location": [{"lat": lat, "lon": lon} for lat, lon in sorted(_points(entities))],
        "topic": sorted({topic.name for topic in topics}),
        "entities": [_entity(entity) for entity in entities],
        "topics": [_topic(topic) for topic in topics],
        "iptc": sorted({topic.name for topic in iptc}),
        "iptc_code": sorted({topic.id for topic in iptc}),
        "iptc_topics": [_topic(topic) for topic in iptc],
        **where(work.enrichment.places if work.enrichment else ()),
        **said(work.enrichment),
    }


def _points(entities: Iterable[Entity]) -> set[tuple[float, float]]:
    return {entity.location for entity in entities if entity.location is not None}


def _entity(entity: Entity) -> dict[str, Any]:
    return {
        "id": entity.id,
        "name": entity.name,
        "type": entity.type,
        "engine": entity.engine,
        "mentions": [
            {**mention, "score": one.score, "why": one.why or None}
            for one, mention in zip(entity.mentions, _mentions(entity.mentions), strict=True)
        ],
    }


def _topic(topic: Topic) -> dict[str, Any]:
    return {
        "id": topic.id,
        "name": topic.name,
        "score": topic.score,
        "evidence": _mentions(topic.evidence),
    }


def _mentions(mentions: Iterable[Mention]) -> list[dict[str, Any]]:
    return [
        {"start": one.start, "end": one.end, "surface": one.surface, "part": one.part}
        for one in mentions
    ]


def _evidence(evidence: Mapping[str, Evidence]) -> list[dict[str, Any]]:
    return [
        {
            "field": field,
            "signal": one.signal,
            "value": one.value[:_EVIDENCE_CHARS],
            "rivals": [
                {"signal": signal, "value": value[:_EVIDENCE_CHARS]} for signal, value in one.rivals
            ],
        }
        for field, one in sorted(evidence.items())
    ]


def _versions(work: ArticleWork, extraction: Extraction) -> dict[str, str]:
    enrichers = work.enrichment.versions if work.enrichment else {}
    return {"extract": extraction.version, **dict(sorted(enrichers.items()))}


def _first(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value), None)


def _keyword(value: str | None, cut: list[str]) -> str | None:
    """Return a value that every index accepts as one term; note in `cut` if it was shortened."""
    if not value or not value.strip():
        return None
    if len(value) > MAX_KEYWORD_CHARS:
        cut.append("keyword_cut")
    return value[:MAX_KEYWORD_CHARS]


def _keywords(values: Iterable[str], cut: list[str]) -> list[str]:
    """Return the values in the order given, each once."""
    kept = (_keyword(value, cut) for value in values)
    return list(dict.fromkeys(value for value in kept if value))
