"""The records that travel through the pipeline. All are frozen; none does any I/O.

Two clocks are kept apart: what a publisher claims (`published_at`, `modified_at`: always a
DateClaim with precision and source) and what we saw (`seen_at`, `fetched_at`, `first_seen_at`).
Every datetime is aware UTC. Durations end in `_s`, sizes in `_bytes`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class FeedKind(StrEnum):
    """What an address in the catalogue serves."""

    FEED = "feed"  # RSS, Atom, RDF or JSON Feed; which one is seen from the bytes
    SITEMAP = "sitemap"  # a news sitemap, or an index of them


class Stage(StrEnum):
    """The stages of the trip: also metric label, dead-letter stage and Airflow task id."""

    POLL = "poll"
    FETCH = "fetch"
    EXTRACT = "extract"
    ENRICH = "enrich"
    GROUP = "group"
    INDEX = "index"


class Result(StrEnum):
    """How one item ended one stage."""

    OK = "ok"
    UNCHANGED = "unchanged"  # nothing new: a 304, an equal body, an equal cleaned text
    DUPLICATE = "duplicate"  # the same text under another URL of the same publisher
    ALIAS = "alias"  # another URL of an article that we have: both lead to one article_id
    DROPPED = "dropped"  # a decision not to index, with its reason
    RETRY = "retry"  # failed; will be tried again at a known time
    DEAD = "dead"  # failed for good; waits as a dead letter for `newsline replay`
    RETRACTED = "retracted"  # the publisher took it back
    ERASED = "erased"  # the operator took it out for good


class Status(StrEnum):
    """Where a URL stands in the books. Exactly one of these at any moment."""

    IN_FLIGHT = "in_flight"  # on its way; has not reached any of the ends below
    INDEXED = "indexed"
    DUPLICATE = "duplicate"
    ALIAS = "alias"
    DROPPED = "dropped"
    DEAD = "dead"
    RETRACTED = "retracted"
    ERASED = "erased"  # nothing of it is kept but that it was


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed of the catalogue, as the operator configured it."""

    feed_id: str  # slug, unique in the catalogue, never reused for another feed
    url: str
    publisher: str  # slug of the outlet; feeds of one outlet share it
    title: str = ""
    language: str | None = None  # ISO 639-1; a prior, not a verdict
    country: str | None = None  # ISO 3166-1 alpha-2, upper case: where the outlet is
    timezone: str | None = None  # IANA name: how to read times that carry no zone
    section: str | None = None  # the outlet's own section, e.g. "world"
    kind: FeedKind = FeedKind.FEED
    site_url: str | None = None
    notes: str = ""
    categories: tuple[tuple[str, ...], ...] = ()  # OPML folder paths, outermost first
    extra: Mapping[str, str] = field(default_factory=dict)  # OPML attributes that we do not use


@dataclass(frozen=True, slots=True)
class DateClaim:
    """A time that somebody claims, with how precisely and where they said so."""

    at: datetime  # aware UTC; for precision "day" it is midnight in the outlet's zone
    precision: str  # "second" | "minute" | "day"
    source: str  # the signal, e.g. "pubDate", "json-ld:datePublished", "htmldate"
    raw: str = ""  # the text as found
    flags: tuple[str, ...] = ()  # e.g. "future" (clamped), "zone_assumed"


@dataclass(frozen=True, slots=True)
class Media:
    """An image, sound or film that an entry or page names. Never fetched by the trip."""

    url: str
    kind: str | None = None  # MIME type as claimed
    length_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a feed document lists."""

    key: str  # identity inside its feed (the rule is in pipeline/feeds/identity.py)
    guid: str | None
    link: str | None  # absolute, as given (tracking parameters kept)
    title: str  # plain text
    summary: str  # plain text
    content: str  # plain text of the full text if the feed carries it, else ""
    authors: tuple[str, ...] = ()
    published_at: DateClaim | None = None
    updated_at: DateClaim | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()
    media: tuple[Media, ...] = ()
    content_hash: str = ""  # over cleaned title + summary + content; no clocks in it
    flags: tuple[str, ...] = ()  # e.g. "truncated", "date_future", "no_date", "no_link"


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """What a feed document says. A document that is no feed at all is an ItemError instead."""

    kind: str  # "rss" | "atom" | "rdf" | "json" | "sitemap" | "sitemap_index"
    title: str
    entries: tuple[Entry, ...]
    warnings: tuple[str, ...] = ()  # fixed slugs, e.g. "malformed_xml", "too_many_entries"
    ttl_s: float | None = None  # the feed's own ttl / sy:update*, before any clamp
    hub: str | None = None
    language: str | None = None
    site_url: str | None = None
    encoding: str | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)  # reason → entries not kept
    children: tuple[str, ...] = ()  # sitemap_index only: the sitemaps it names
    older: str | None = None  # the document with what the feed listed before (RFC 5005)


@dataclass(frozen=True, slots=True)
class Hop:
    """One redirect that was followed."""

    url: str
    status: int
    location: str


@dataclass(frozen=True, slots=True)
class Page:
    """One HTTP exchange: bytes and facts. Also used for feeds and robots.txt."""

    url: str  # as asked for
    final_url: str  # after redirects
    status: int
    headers: tuple[tuple[str, str], ...]  # of the last response, in order, names as sent
    body: bytes  # decoded (content codings removed), b"" for 304
    wire_body: bytes  # as received, transfer coding removed; what the archive keeps
    request_headers: tuple[tuple[str, str], ...]
    fetched_at: datetime
    elapsed_s: float
    hops: tuple[Hop, ...] = ()

    def header(self, name: str) -> str | None:
        """Return the first value of a header, names compared without case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class ArchivePlace:
    """Where the raw bytes of a Page are kept."""

    segment: str  # WARC file name, relative to the archive
    offset: int
    length: int
    sha256: str  # of the decoded body


@dataclass(frozen=True, slots=True)
class Evidence:
    """Which signal gave a field, and what the others said."""

    signal: str
    value: str
    rivals: tuple[tuple[str, str], ...] = ()  # (signal, value), strongest first


@dataclass(frozen=True, slots=True)
class Extraction:
    """What the extractor made of one page. Dropped pages keep whatever was found."""

    result: Result  # OK or DROPPED
    reason: str | None  # fixed slug when DROPPED
    title: str
    text: str  # paragraphs separated by a blank line, NFC, no control characters
    version: str  # extractor version, e.g. "1"
    language: str | None = None
    authors: tuple[str, ...] = ()
    published_at: DateClaim | None = None
    modified_at: DateClaim | None = None
    canonical_url: str | None = None  # only if on the same registrable domain as the page
    image: str | None = None
    section: str | None = None
    keywords: tuple[str, ...] = ()
    description: str | None = None
    site_name: str | None = None
    paywalled: bool | None = None  # None: the page does not say
    noindex: bool = False
    tdm_reserved: bool = False
    text_source: str = "page"  # "page", or "feed" when the page could not be had for good
    quality: Mapping[str, float] = field(default_factory=dict)  # e.g. agreement, link_density
    evidence: Mapping[str, Evidence] = field(default_factory=dict)  # field name → where from
    flags: tuple[str, ...] = ()  # e.g. "truncated", "repeated_title_repaired"


@dataclass(frozen=True, slots=True)
class Mention:
    """One place in the text where an entity is named. Offsets are code points, end exclusive."""

    start: int
    end: int
    surface: str
    part: str  # "title" | "text"
    score: float = 1.0  # of an entity's mention: how sure it is that this entity is meant
    why: str = ""  # of an entity's mention: slugs of what spoke for it, with + between


@dataclass(frozen=True, slots=True)
class Entity:
    """A canonical person, organisation or place, with everywhere it is mentioned."""

    id: str  # gazetteer id; "geonames-<id>" for a place that only GeoNames has
    name: str  # canonical name: what a facet shows
    type: str  # "person" | "organisation" | "place"
    mentions: tuple[Mention, ...]
    engine: str = "gazetteer"  # or "geonames"
    location: tuple[float, float] | None = None  # degrees north and east; towns, not countries


@dataclass(frozen=True, slots=True)
class SceneReason:
    """Why something may have happened at a place, and which mention says so."""

    reason: str  # "dateline" | "lead" | "title" | "event_sentence"
    mention: Mention


@dataclass(frozen=True, slots=True)
class Place:
    """A place that an article names, or a part of one ("northern Syria")."""

    id: str  # of the entity; of a part with the direction behind it: "syria-north"
    name: str
    kind: str  # country, region, city, water, ...
    country: str | None  # ISO 3166-1 alpha-2
    geonames: int | None
    parent: str | None  # of a part: id of the whole
    direction: str | None  # of a part: "north", "south-east", ..., "central"
    location: tuple[float, float] | None  # degrees north and east; neither countries nor parts
    score: float  # how sure it is that the place is meant, 0 to 1
    scene: float  # how likely it happened there, 0 to 1; from 0.5 on it is taken for the scene
    reasons: tuple[SceneReason, ...]


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of config/topics.toml or config/iptc/ with the words that triggered it.

    `part` of a mention may be "section" or "keywords" too: what the outlet says itself. Keywords
    count as one text there, with a blank line between two.
    """

    id: str  # of an IPTC Media Topic its code, eight digits
    name: str
    score: float  # 0..1
    evidence: tuple[Mention, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of somebody that the body quotes. Offsets as in Mention, the marks not counted."""

    start: int
    end: int
    text: str
    speaker: str | None  # canonical name, or the words of the text; None: the text does not tell
    speaker_id: str | None  # of the entity, where it is one
    speaker_at: Mention | None  # the name that the speaker was taken from
    verb: Mention | None  # None where a colon or the quotation before tells
    why: str  # slugs of what spoke for it, with + between


@dataclass(frozen=True, slots=True)
class MentionedDate:
    """A day, week, month or year that the text speaks of. Offsets as in Mention."""

    start: int
    end: int
    surface: str
    part: str  # "title" | "text"
    value: str  # ISO 8601: 2019-09-10, 2019-W37, 2019-09 or 2019
    precision: str  # "day" | "week" | "month" | "year"
    first: str  # first day of it, YYYY-MM-DD
    last: str  # last day of it
    why: str  # slugs of what spoke for it, with + between


@dataclass(frozen=True, slots=True)
class Enrichment:
    """What the enrichers say about one revision; `versions` is enricher → version."""

    language: str | None
    language_score: float
    entities: tuple[Entity, ...]
    topics: tuple[Topic, ...]
    fingerprint: str  # equal for texts that are the same up to case, space and punctuation
    versions: Mapping[str, str]
    bands: tuple[int, ...] = ()  # keys that near copies of the text share (enrich/shingles.py)
    terms: Mapping[str, float] = field(default_factory=dict)  # what its story is recognised by
    wire: str | None = None  # news agency that the text credits
    places: tuple[Place, ...] = ()
    iptc: tuple[Topic, ...] = ()  # IPTC Media Topics; the parents of one are given with it
    quotes: tuple[Quote, ...] = ()
    dates: tuple[MentionedDate, ...] = ()
    key_phrases: tuple[str, ...] = ()  # best first
    sentences: tuple[int, ...] = ()  # where each of the text begins
    failed: Mapping[str, str] = field(default_factory=dict)  # enricher that failed → why


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the change log."""

    seq: int  # monotonic, gapless for readers, never reused
    kind: str  # "upsert" | "retract"
    article_id: str
    doc_version: int
    at: datetime


Document = Mapping[str, Any]  # the index body of one article; fields as in index/document.py
