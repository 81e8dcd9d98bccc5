"""The one list of document fields. Documents, engines and docs/document.schema.json follow it.

Changing a field's name, kind or meaning raises SCHEMA_VERSION: an index of another version is
rebuilt (`newsline index rebuild`), never patched.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from pipeline.model import Document

SCHEMA_VERSION = 1
_MAX_LAT, _MAX_LON = 90, 180
VECTOR_DIMS = 384  # what small sentence models give
MAX_KEYWORD_CHARS = 2048  # engines limit a term to about 8,000 bytes (Elasticsearch) or 65,000


class Kind(StrEnum):
    """What a field holds and how it can be searched."""

    TEXT = "text"  # full text: words, phrases, stems
    KEYWORD = "keyword"  # an exact value, at most MAX_KEYWORD_CHARS
    DATE = "date"  # a moment, RFC 3339 in UTC
    DAY = "day"  # a calendar day, YYYY-MM-DD
    NUMBER = "number"
    FLAG = "flag"  # true or false
    VECTOR = "vector"  # VECTOR_DIMS numbers
    POINT = "point"  # a place on the map: {"lat": …, "lon": …}, degrees
    OBJECT = "object"  # with `parts`; stored, not searched
    FREE = "free"  # any JSON object; stored, not searched


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a document."""

    name: str
    kind: Kind
    description: str
    many: bool = False  # a list of values
    facet: bool = False
    required: bool = False  # present and not null; every other field may be null or absent
    by_index: bool = False  # added by Elasticsearch's writer; documents come without it
    parts: tuple["Field", ...] = ()


_MENTION = (
    Field("start", Kind.NUMBER, "first code point, from 0", required=True),
    Field("end", Kind.NUMBER, "one after the last code point", required=True),
    Field("surface", Kind.TEXT, "the words as written", required=True),
    Field("part", Kind.KEYWORD, "title or text; of a topic also section, keywords", required=True),
)
_LINKED = (
    *_MENTION,
    Field("score", Kind.NUMBER, "how sure it is that this one is meant, 0 to 1"),
    Field("why", Kind.KEYWORD, "slugs of what spoke for it, with + between"),
)
_AT = _MENTION[:3]  # where only the body can be meant
_REASON = (Field("reason", Kind.KEYWORD, "dateline, lead, title, event_sentence", required=True),)


def _mentions(name: str, description: str, parts: tuple[Field, ...] = _MENTION) -> Field:
    return Field(name, Kind.OBJECT, description, many=True, parts=parts)


_TOPIC = (
    Field("name", Kind.KEYWORD, "name", required=True),
    Field("score", Kind.NUMBER, "0 to 1", required=True),
    _mentions("evidence", "the words that triggered it"),
)

FIELDS: tuple[Field, ...] = (
    Field("article_id", Kind.KEYWORD, "identity of the article: hash of its canonical URL",
          required=True),
    Field("doc_version", Kind.NUMBER, "grows with every change of the article", required=True),
    Field("schema_version", Kind.NUMBER, "version of this list of fields", required=True),
    Field("url", Kind.KEYWORD, "address that the article was fetched from", required=True),
    Field("canonical_url", Kind.KEYWORD, "address that the page names as its own"),
    Field("title", Kind.TEXT, "headline, once", required=True),
    Field("text", Kind.TEXT, "body; paragraphs separated by a blank line", required=True),
    Field("description", Kind.TEXT, "the publisher's own summary"),
    Field("author", Kind.KEYWORD, "authors", many=True, facet=True),
    Field("published_at", Kind.DATE, "when the publisher says it was published"),
    Field("published_at_precision", Kind.KEYWORD, "second, minute or day"),
    Field("published_at_source", Kind.KEYWORD, "the signal that published_at comes from"),
    Field("modified_at", Kind.DATE, "when the publisher says it was last changed"),
    Field("first_seen_at", Kind.DATE, "when we first saw it in a feed", required=True),
    Field("day", Kind.DAY, "day of publication (UTC), or of first sight when none is claimed",
          facet=True, required=True),
    Field("outlet", Kind.KEYWORD, "publisher", facet=True, required=True),
    Field("country", Kind.KEYWORD, "where the outlet is, ISO 3166-1 alpha-2", facet=True),
    Field("language", Kind.KEYWORD, "ISO 639-1", facet=True),
    Field("section", Kind.KEYWORD, "the outlet's section", facet=True),
    Field("keywords", Kind.KEYWORD, "the publisher's own keywords", many=True),
    Field("image", Kind.KEYWORD, "address of the lead image"),
    Field("paywalled", Kind.FLAG, "null: the page does not say"),
    Field("text_source", Kind.KEYWORD, "page, or feed when the page could not be had",
          required=True),
    Field("person", Kind.KEYWORD, "people, by canonical name", many=True, facet=True),
    Field("organisation", Kind.KEYWORD, "organisations, by canonical name", many=True, facet=True),
    Field("place", Kind.KEYWORD, "places, by canonical name", many=True, facet=True),
    Field("location", Kind.POINT, "towns and other places with a point, each once", many=True),
    Field("place_country", Kind.KEYWORD, "countries of the places, ISO 3166-1 alpha-2", many=True),
    Field("scene", Kind.KEYWORD, "where it happened, as far as the text tells; by canonical name",
          many=True, facet=True),
    Field("scene_location", Kind.POINT, "points of the scenes that have one", many=True),
    Field("topic", Kind.KEYWORD, "topics, by name", many=True, facet=True),
    Field("iptc", Kind.KEYWORD, "IPTC Media Topics, by name; with the parents of each", many=True,
          facet=True),
    Field("iptc_code", Kind.KEYWORD, "their codes, eight digits", many=True),
    Field("entities", Kind.OBJECT, "who and where, with every mention", many=True, parts=(
        Field("id", Kind.KEYWORD, "gazetteer id; geonames-<id> for what only GeoNames has",
              required=True),
        Field("name", Kind.KEYWORD, "canonical name", required=True),
        Field("type", Kind.KEYWORD, "person, organisation or place", required=True),
        Field("engine", Kind.KEYWORD, "what found it", required=True),
        _mentions("mentions", "where it is named", _LINKED),
    )),
    Field("places", Kind.OBJECT, "every place, or part of one, that is named", many=True, parts=(
        Field("id", Kind.KEYWORD, "of the entity; of a part with its direction", required=True),
        Field("name", Kind.KEYWORD, "canonical name", required=True),
        Field("kind", Kind.KEYWORD, "country, region, district, city, part, water, ..."),
        Field("country", Kind.KEYWORD, "ISO 3166-1 alpha-2"),
        Field("geonames", Kind.NUMBER, "GeoNames id, where it is known for sure"),
        Field("parent", Kind.KEYWORD, "of a part: id of the whole"),
        Field("direction", Kind.KEYWORD, "of a part: north, south-east, ..., central"),
        Field("location", Kind.POINT, "not of countries and parts"),
        Field("score", Kind.NUMBER, "how sure it is that it is meant, 0 to 1", required=True),
        Field("scene_score", Kind.NUMBER, "how likely it happened there; from 0.5 on it is a scene",
              required=True),
        _mentions("reasons", "why it may have happened there", (*_REASON, *_MENTION)),
    )),
    Field("topics", Kind.OBJECT, "what it is about, with the words that say so", many=True, parts=(
        Field("id", Kind.KEYWORD, "id in config/topics.toml", required=True),
        *_TOPIC,
    )),
    Field("iptc_topics", Kind.OBJECT, "IPTC Media Topics, with the words that say so", many=True,
          parts=(Field("id", Kind.KEYWORD, "code, eight digits", required=True), *_TOPIC)),
    Field("key_phrases", Kind.KEYWORD, "what it keeps coming back to, without names; best first",
          many=True, facet=True),
    Field("quotes", Kind.OBJECT, "what the body quotes, and who says it", many=True, parts=(
        Field("start", Kind.NUMBER, "first code point between the marks", required=True),
        Field("end", Kind.NUMBER, "the closing mark, or one after the last code point",
              required=True),
        Field("text", Kind.TEXT, "the words between the marks", required=True),
        Field("speaker", Kind.KEYWORD, "canonical name, or as written; null: not told"),
        Field("speaker_id", Kind.KEYWORD, "id of the speaker, where it is one of entities"),
        Field("speaker_at", Kind.OBJECT, "the name that tells the speaker", parts=_AT),
        Field("verb", Kind.OBJECT, "the verb of saying", parts=_AT),
        Field("why", Kind.KEYWORD, "slugs of what spoke for it, with + between", required=True),
    )),
    Field("dates_mentioned", Kind.OBJECT, "dates that it speaks of, seen from publication",
          many=True, parts=(
        Field("value", Kind.KEYWORD, "ISO 8601: 2019-09-10, 2019-W37, 2019-09 or 2019",
              required=True),
        Field("precision", Kind.KEYWORD, "day, week, month or year", required=True),
        Field("first", Kind.DAY, "first day of it", required=True),
        Field("last", Kind.DAY, "last day of it", required=True),
        *_MENTION,
        Field("why", Kind.KEYWORD, "slugs of what spoke for it, with + between", required=True),
    )),
    Field("sentences", Kind.NUMBER, "where each sentence of the body begins; the one of a mention"
          " is the last that begins no later", many=True),
    Field("feeds", Kind.KEYWORD, "ids of the feeds that list it", many=True),
    Field("syndication_id", Kind.KEYWORD, "shared by all that print this text, null when alone"),
    Field("story_id", Kind.KEYWORD, "shared by all that report the same event, in any language",
          required=True),
    Field("word_count", Kind.NUMBER, "words of the body", required=True),
    Field("quality", Kind.FREE, "measures of the extraction, by name"),
    Field("flags", Kind.KEYWORD, "what was noticed on the way, fixed slugs", many=True),
    Field("noindex", Kind.FLAG, "the page asks search engines to leave it out", required=True),
    Field("tdm_reserved", Kind.FLAG, "the publisher reserves text and data mining",
          required=True),
    Field("evidence", Kind.OBJECT, "which signal gave a field, and its rivals", many=True, parts=(
        Field("field", Kind.KEYWORD, "field of the document", required=True),
        Field("signal", Kind.KEYWORD, "where the value came from", required=True),
        Field("value", Kind.TEXT, "the value there, cut to 200 characters", required=True),
        Field("rivals", Kind.OBJECT, "what other signals said, strongest first", many=True, parts=(
            Field("signal", Kind.KEYWORD, "where from", required=True),
            Field("value", Kind.TEXT, "the value there, cut to 200 characters", required=True),
        )),
    )),
    Field("revision", Kind.NUMBER, "which observed content of the article, from 1",
          required=True),
    Field("versions", Kind.FREE, "extractor and enrichers → version", required=True),
    Field("embedding", Kind.VECTOR, "title and lead as a vector; null: no model is set up"),
    Field("state", Kind.KEYWORD, "live, or gone: a tombstone, which no search shows",
          by_index=True),
    Field("indexed_at", Kind.DATE, "when this version was sent to the index first", by_index=True),
    Field("sort_at", Kind.DATE, "published_at, or first_seen_at when none is claimed",
          by_index=True),
    Field("sort_us", Kind.NUMBER, "sort_at in µs since 1970, which orders more finely than a date",
          by_index=True),
)  # fmt: skip

BY_NAME: Mapping[str, Field] = {field.name: field for field in FIELDS}


def _known(fields: tuple[Field, ...], where: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield where each object stands in a document, itself at "", with the names it may have."""
    yield where, frozenset(field.name for field in fields if not field.by_index)
    for field in fields:
        if field.parts:
            yield from _known(field.parts, f"{where}{field.name}.")


_KNOWN: Mapping[str, frozenset[str]] = dict(_known(FIELDS, ""))


def problems(document: Document) -> list[str]:
    """Return what makes a document unacceptable to every index; empty when nothing does."""
    found: list[str] = []
    _look_at_object(document, FIELDS, "", found)
    return found


def _look_at_object(
    value: Mapping[str, Any], fields: tuple[Field, ...], where: str, found: list[str]
) -> None:
    """Add the problems of a document, or of an object in one, to those found."""
    known = _KNOWN[where]
    if not value.keys() <= known:
        found += [f"{where}{name}: no such field" for name in value if name not in known]
    for field in fields:
        item = value.get(field.name)
        if item is None:
            if field.required:
                found.append(f"{where}{field.name}: missing")
        elif not field.many:
            if not _is_plainly_fine(item, field.kind):
                _look_at(item, field, where, found)
        elif isinstance(item, list):
            for element in item:
                if not _is_plainly_fine(element, field.kind):
                    _look_at(element, field, where, found)
        else:
            found.append(f"{where}{field.name}: not a list")


#: Looked up once: a document has a hundred values, nearly all of these kinds and nearly all fine.
_TEXT, _KEYWORD, _NUMBER = Kind.TEXT, Kind.KEYWORD, Kind.NUMBER


def _is_plainly_fine(value: object, kind: Kind) -> bool:
    """Tell quickly that there is nothing wrong with a value; False: it has to be looked at."""
    if kind is _TEXT or kind is _KEYWORD:
        return (
            isinstance(value, str)
            and value.isascii()
            and "\0" not in value
            and (kind is _TEXT or 0 < len(value) <= MAX_KEYWORD_CHARS)
        )
    return kind is _NUMBER and type(value) is int


def _look_at(value: object, field: Field, where: str, found: list[str]) -> None:
    """Add the problems of one value to those found."""
    if field.kind is Kind.OBJECT and isinstance(value, dict):
        _look_at_object(value, field.parts, f"{where}{field.name}.", found)
    else:
        found += _value_problems(value, field.kind, f"{where}{field.name}")


def _value_problems(value: object, kind: Kind, where: str) -> Iterator[str]:
    if kind in (Kind.OBJECT, Kind.FREE):
        if not isinstance(value, dict):
            yield f"{where}: not an object"
        elif not _is_finite(value):
            yield f"{where}: holds a number that is not finite"
    elif kind in _WHOLE:
        fits, wanted = _WHOLE[kind]
        if not fits(value):
            yield f"{where}: not {wanted}"
    elif not isinstance(value, str):
        yield f"{where}: not text"
    else:
        yield from _text_problems(value, kind, where)


def _text_problems(value: str, kind: Kind, where: str) -> Iterator[str]:
    if not value.isascii() and not _is_valid_text(value):
        yield f"{where}: holds a lone surrogate"
    if "\0" in value:
        yield f"{where}: holds a NUL character"
    if kind is Kind.KEYWORD and not 0 < len(value) <= MAX_KEYWORD_CHARS:
        yield f"{where}: empty or over {MAX_KEYWORD_CHARS} characters"
    if kind is Kind.DATE and not _is_moment(value):
        yield f"{where}: not a moment in UTC (RFC 3339)"
    if kind is Kind.DAY and not _is_day(value):
        yield f"{where}: not a day (YYYY-MM-DD)"


def _is_valid_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_finite(value: object) -> bool:
    """Tell whether JSON has every number in a value: it would say null for NaN and infinity."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(_is_finite(one) for one in value.values())
    return all(_is_finite(one) for one in value) if isinstance(value, list) else True


def _is_number(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_point(value: object) -> bool:
    if not isinstance(value, dict) or set(value) != {"lat", "lon"}:
        return False
    lat, lon = value["lat"], value["lon"]
    return _is_number(lat) and _is_number(lon) and abs(lat) <= _MAX_LAT and abs(lon) <= _MAX_LON


def _is_vector(value: object) -> bool:
    if not isinstance(value, list) or len(value) != VECTOR_DIMS:
        return False
    return all(_is_number(number) for number in value)


#: Kinds that are right or wrong as a whole: how to tell, and what is wanted.
_WHOLE: Mapping[Kind, tuple[Callable[[object], bool], str]] = {
    Kind.NUMBER: (_is_number, "a number"),
    Kind.FLAG: (_is_flag, "true or false"),
    Kind.POINT: (_is_point, f"a point (lat ±{_MAX_LAT}, lon ±{_MAX_LON})"),
    Kind.VECTOR: (_is_vector, f"a list of {VECTOR_DIMS} numbers"),
}


def _is_moment(value: str) -> bool:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return False
    return value.endswith("Z") and moment.tzinfo is not None


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
