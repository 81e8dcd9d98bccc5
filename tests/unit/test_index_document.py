"""What becomes of an article on its way into the index, and the list of fields."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import orjson
import pytest

from pipeline.index.document import build_document
from pipeline.index.json_schema import json_schema, render
from pipeline.index.query import FACETS
from pipeline.index.schema import BY_NAME, FIELDS, SCHEMA_VERSION, Kind, problems
from pipeline.model import (
    DateClaim,
    Enrichment,
    Entity,
    Evidence,
    Extraction,
    Feed,
    Mention,
    MentionedDate,
    Place,
    Quote,
    Result,
    SceneReason,
    Status,
    Topic,
)
from pipeline.work import ArticleWork, Grouping, Revision, Sighting

SEEN = datetime(2019, 9, 10, 21, 5, tzinfo=UTC)
FEED = Feed(
    "post-world", "https://post.example/world.xml", "post", language="en-GB", country="GB",
    section="world",
)  # fmt: skip
OTHER_FEED = replace(FEED, feed_id="post-all", country="IE", section="all")


def claim(at, precision="minute", source="json-ld:datePublished"):
    return DateClaim(at, precision, source)


def sighting(feed=FEED, *, title="Feed title", published_at=None, seen_at=SEEN):
    return Sighting(feed, "key", title, None, "", "", published_at, seen_at)


EXTRACTION = Extraction(
    result=Result.OK,
    reason=None,
    title="A patrol in the zone",
    text="First paragraph.\n\nSecond one, by five words.",
    version="3",
    language="en",
    authors=("Maud Ferrier", "Maud Ferrier", "Jo Lind"),
    published_at=claim(datetime(2019, 9, 10, 20, 30, tzinfo=UTC)),
    modified_at=claim(datetime(2019, 9, 10, 22, 0, tzinfo=timezone(timedelta(hours=3)))),
    canonical_url="https://post.example/patrol",
    section="Middle East",
    keywords=("syria", "turkey"),
    paywalled=False,
    quality={"link_density": 0.1, "agreement": 0.9},
    evidence={"title": Evidence("og:title", "A patrol in the zone", (("h1", "x" * 900),))},
    flags=("truncated",),
)
PLACE = Place(
    id="", name="", kind="", country="SY", geonames=None, parent=None, direction=None,
    location=None, score=1.0, scene=0.0, reasons=(),
)  # fmt: skip
ENRICHMENT = Enrichment(
    language="en",
    language_score=0.99,
    entities=(
        Entity("Q2", "Turkey", "place", (Mention(3, 9, "Turkey", "text"),)),
        Entity("Q1", "Recep Tayyip Erdoğan", "person", (Mention(0, 4, "RTE", "title"),)),
        Entity("Q3", "Syria", "place", ()),
        Entity("Q9", "Hurricane", "event", ()),
    ),
    topics=(Topic("safe-zone", "Syria safe zone", 0.8, (Mention(16, 20, "zone", "title"),)),),
    fingerprint="f",
    versions={"topics": "2", "gazetteer": "5"},
    iptc=(
        Topic("16000000", "conflict, war and peace", 0.8, (Mention(0, 5, "World", "section"),)),
        Topic("20000062", "war", 0.5, ()),
    ),
    places=(
        replace(
            PLACE, id="manbij", name="Manbij", kind="city", location=(36.53, 37.95), scene=0.8,
            reasons=(SceneReason("lead", Mention(3, 9, "Manbij", "text")),),
        ),
        replace(
            PLACE, id="syria-north", name="northern Syria", kind="part", parent="syria",
            direction="north", scene=0.5,
        ),
        replace(PLACE, id="turkey", name="Turkey", kind="country", country="TR", scene=0.49),
    ),
)  # fmt: skip
WORK = ArticleWork(
    url_id="u1",
    article_id="a1",
    url="https://post.example/patrol",
    publisher="post",
    tries=0,
    status=Status.IN_FLIGHT,
    first_seen_at=SEEN,
    doc_version=4,
    revision=Revision("a1", 2, "hash", EXTRACTION, SEEN + timedelta(hours=1)),
    enrichment=ENRICHMENT,
    grouping=Grouping(None, "a0"),
    sightings=(sighting(OTHER_FEED, seen_at=SEEN + timedelta(minutes=5)), sighting()),
)


def with_extraction(**changes):
    revision = replace(WORK.revision, extraction=replace(EXTRACTION, **changes))
    return build_document(replace(WORK, revision=revision))


def test_a_full_document():
    document = build_document(WORK)
    assert problems(document) == []
    assert orjson.loads(orjson.dumps(document)) == document
    expected = {
        "article_id": "a1",
        "doc_version": 4,
        "schema_version": SCHEMA_VERSION,
        "title": "A patrol in the zone",
        "author": ["Maud Ferrier", "Jo Lind"],
        "published_at": "2019-09-10T20:30:00Z",
        "published_at_precision": "minute",
        "published_at_source": "json-ld:datePublished",
        "modified_at": "2019-09-10T19:00:00Z",
        "first_seen_at": "2019-09-10T21:05:00Z",
        "day": "2019-09-10",
        "outlet": "post",
        "country": "GB",  # of the first sighting
        "language": "en",
        "section": "Middle East",  # the page's own before the feed's
        "person": ["Recep Tayyip Erdoğan"],
        "place": ["Syria", "Turkey"],
        "organisation": [],
        "topic": ["Syria safe zone"],
        "iptc": ["conflict, war and peace", "war"],
        "iptc_code": ["16000000", "20000062"],
        "feeds": ["post-all", "post-world"],
        "syndication_id": "a0",
        "story_id": "a0",
        "location": [],
        "place_country": ["SY", "TR"],
        "scene": ["Manbij", "Syria", "northern Syria"],
        "scene_location": [{"lat": 36.53, "lon": 37.95}],
        "embedding": None,
        "word_count": 7,
        "flags": ["truncated"],
        "revision": 2,
        "versions": {"extract": "3", "gazetteer": "5", "topics": "2"},
        "paywalled": False,
        "noindex": False,
        "tdm_reserved": False,
        "text_source": "page",
    }
    assert {name: document[name] for name in expected} == expected
    assert [entity["name"] for entity in document["entities"]] == [
        "Turkey", "Recep Tayyip Erdoğan", "Syria", "Hurricane"
    ]  # fmt: skip
    assert document["entities"][0]["mentions"] == [
        {"start": 3, "end": 9, "surface": "Turkey", "part": "text", "score": 1.0, "why": None}
    ]
    assert [place["id"] for place in document["places"]] == ["manbij", "syria-north", "turkey"]
    assert document["places"][0]["reasons"] == [
        {"reason": "lead", "start": 3, "end": 9, "surface": "Manbij", "part": "text"}
    ]
    assert document["iptc_topics"][0]["evidence"] == [
        {"start": 0, "end": 5, "surface": "World", "part": "section"}
    ]
    assert document["evidence"][0]["rivals"][0]["value"] == "x" * 200


def test_quotations_dates_and_key_phrases_with_where_they_stand():
    speaker, verb = Mention(20, 25, "Twitty", "text"), Mention(26, 30, "said", "text")
    quote = Quote(1, 18, "All is going well", "Stephen Twitty", "st", speaker, verb, "subject_verb")
    unsaid = Quote(40, 55, "nobody knows it", None, None, None, None, "no_verb")
    day = MentionedDate(
        60, 66, "Aug. 7", "text", "2019-08-07", "day", "2019-08-07", "2019-08-07", "absolute"
    )
    enrichment = replace(
        ENRICHMENT, quotes=(quote, unsaid), dates=(day,), key_phrases=("safe zone",),
        sentences=(0, 18),
    )  # fmt: skip
    document = build_document(replace(WORK, enrichment=enrichment))
    assert problems(document) == []
    assert [one["speaker"] for one in document["quotes"]] == ["Stephen Twitty", None]
    assert document["quotes"][0]["speaker_at"] == {"start": 20, "end": 25, "surface": "Twitty"}
    assert document["quotes"][1]["verb"] is None
    assert document["dates_mentioned"][0]["value"] == "2019-08-07"
    assert document["key_phrases"] == ["safe zone"]
    assert document["sentences"] == [0, 18]
    assert document["flags"] == ["truncated"]


def test_an_article_of_which_an_enricher_failed_says_so():
    failed = replace(ENRICHMENT, failed={"quotes": "RecursionError: too deep"})
    document = build_document(replace(WORK, enrichment=failed))
    assert document["flags"] == ["enrichment_incomplete", "truncated"]


def test_observed_clocks_other_than_first_sight_are_not_in_it():
    later = replace(
        WORK,
        revision=replace(WORK.revision, created_at=SEEN + timedelta(days=9)),
        sightings=tuple(reversed(WORK.sightings)),
        tries=3,
    )
    assert build_document(later) == build_document(WORK)


def test_the_page_s_date_wins_over_the_feed_s_which_wins_over_first_sight():
    feed_date = claim(datetime(2019, 9, 8, tzinfo=UTC), "second", "pubDate")
    listed = replace(WORK, sightings=(sighting(published_at=feed_date),))
    assert build_document(listed)["day"] == "2019-09-10"
    undated = replace(
        listed, revision=replace(WORK.revision, extraction=replace(EXTRACTION, published_at=None))
    )
    assert build_document(undated)["published_at_source"] == "pubDate"
    assert build_document(undated)["day"] == "2019-09-08"
    nowhere = build_document(replace(undated, sightings=(sighting(),)))
    assert (nowhere["published_at"], nowhere["day"]) == (None, "2019-09-10")
    assert problems(nowhere) == []


@pytest.mark.parametrize("hours", [-11, -5, 0, 3, 9, 12])
def test_a_claim_of_a_day_is_that_day_in_every_zone(hours):
    midnight = datetime(2019, 9, 10, tzinfo=timezone(timedelta(hours=hours)))
    assert with_extraction(published_at=claim(midnight, "day"))["day"] == "2019-09-10"


def test_a_claim_of_a_minute_is_its_day_in_utc():
    late = datetime(2019, 9, 11, 1, 30, tzinfo=timezone(timedelta(hours=3)))
    assert with_extraction(published_at=claim(late))["day"] == "2019-09-10"


def test_a_page_without_title_takes_the_feed_s():
    assert with_extraction(title="")["title"] == "Feed title"


def test_over_long_values_are_cut_and_flagged():
    document = with_extraction(authors=("x" * 5000, "  "), image="https://i.example/" + "y" * 5000)
    assert [len(author) for author in document["author"]] == [2048]
    assert document["flags"] == ["keyword_cut", "truncated"]
    assert problems(document) == []


def test_without_enrichment_it_is_still_a_document():
    document = build_document(replace(WORK, enrichment=None, grouping=None, sightings=()))
    assert problems(document) == []
    assert (document["person"], document["topic"], document["feeds"]) == ([], [], [])


def test_work_without_a_revision_is_a_bug():
    with pytest.raises(ValueError, match="no revision"):
        build_document(replace(WORK, revision=None))


def test_every_facet_is_a_field_and_marked_so():
    assert set(FACETS) == {field.name for field in FIELDS if field.facet}
    assert all(BY_NAME[facet].kind in (Kind.KEYWORD, Kind.DAY) for facet in FACETS)


def test_the_document_has_exactly_the_listed_fields():
    assert set(build_document(WORK)) == {field.name for field in FIELDS if not field.by_index}


def test_the_json_schema_in_docs_is_the_generated_one(root):
    written = (root / "docs" / "document.schema.json").read_text("utf-8")
    assert written == render(json_schema()), (
        "run: python -m pipeline.index.json_schema > docs/document.schema.json"
    )


def test_problems_name_the_field_and_the_fault():
    document = build_document(WORK)
    document["entities"][0]["mentions"][0]["start"] = "3"
    document["mood"] = "good"
    document["noindex"] = None
    document["quality"] = []
    assert problems(document) == [
        "mood: no such field",
        "entities.mentions.start: not a number",
        "quality: not an object",
        "noindex: missing",
    ]
