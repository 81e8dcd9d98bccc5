"""What an article's document says stands where, as spans and as a list with its evidence. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.model import Document
from pipeline.ops.show import text
from pipeline.serve.pages.marking import Span

#: More are not marked one by one: nobody follows them, and a page has an end.
_MAX_PLACES = 40
_PARTS = ("title", "text")
_PLAIN = "name"  # a list has just these words, and nothing else can be meant
_NAMED = {"person": "Person", "organisation": "Organisation", "place": "Place"}


@dataclass(frozen=True, slots=True)
class Found:
    """One thing found in an article, and where."""

    kind: str  # person, organisation, place, topic, iptc
    name: str
    score: float | None  # how sure it is; None: not told
    places: tuple["At", ...]  # where in title and text
    more: int  # places that are not listed
    beside: tuple[str, ...] = ()  # words of the outlet's own section or keywords that say so
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class At:
    """One place where something stands."""

    part: str  # title | text
    start: int
    end: int
    surface: str
    key: str  # of the mark
    why: str  # what spoke for it, in words


def found_in(document: Document) -> list[Found]:
    """Return everything that enrichers found, each with its evidence, the surest first."""
    scenes = {one["name"]: one for one in document.get("places") or ()}
    found = [
        _entity(number, one, scenes) for number, one in enumerate(document.get("entities") or ())
    ]
    for field, kind in (("topics", "topic"), ("iptc_topics", "iptc")):
        found += [
            _topic(f"{kind}-{number}", kind, one)
            for number, one in enumerate(document.get(field) or ())
        ]
    order = [*_NAMED, "topic", "iptc"]
    return sorted(found, key=lambda one: (order.index(one.kind), -(one.score or 0), one.name))


def _entity(number: int, one: Mapping[str, Any], scenes: Mapping[str, Mapping[str, Any]]) -> Found:
    kind, mentions = one["type"], one["mentions"]
    places, more = _places(f"{kind}-{number}", mentions)
    scene = scenes.get(one["name"]) if kind == "place" else None
    notes = _scene_notes(scene) if scene else ()
    return Found(kind, one["name"], _best(mentions), places, more, notes=notes)


def _topic(key: str, kind: str, one: Mapping[str, Any]) -> Found:
    evidence = one.get("evidence") or ()
    places, more = _places(key, evidence)
    beside = tuple(f"{at['part']}: {at['surface']}" for at in evidence if at["part"] not in _PARTS)
    return Found(kind, one["name"], one["score"], places, more, beside)


def _places(key: str, mentions: Sequence[Mapping[str, Any]]) -> tuple[tuple[At, ...], int]:
    """Return where something stands, and how many places more there are."""
    marked = [mention for mention in mentions if mention["part"] in _PARTS]
    places = tuple(
        At(one["part"], one["start"], one["end"], one["surface"], f"{key}-{n}",
           in_words(one.get("why")))
        for n, one in enumerate(marked[:_MAX_PLACES])
    )  # fmt: skip
    return places, len(marked) - len(places)


def _best(mentions: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the highest score of an entity's mentions."""
    return max((one["score"] for one in mentions if one.get("score") is not None), default=None)


def _scene_notes(place: Mapping[str, Any]) -> tuple[str, ...]:
    if not place["reasons"]:
        return ()
    reasons = dict.fromkeys(in_words(one["reason"]) for one in place["reasons"])
    return (f"may be where it happened ({place['scene_score']:.2f}): {', '.join(reasons)}",)


def in_words(slugs: str | None) -> str:
    """Return slugs with + between as words."""
    told = [slug for slug in (slugs or "").split("+") if slug not in ("", _PLAIN)]
    return ", ".join(slug.replace("_", " ") for slug in told)


def spans_of(found: Sequence[Found], part: str, links: Mapping[tuple[str, str], str]) -> list[Span]:
    """Return the spans of title or text; `links` is (kind, name) → where its page is."""
    return [
        Span(at.start, at.end, one.kind, _says(one, at), at.key,
             links.get((one.kind, one.name), ""))
        for one in found
        for at in one.places
        if at.part == part
    ]  # fmt: skip


def _says(one: Found, at: At) -> str:
    kind = _NAMED.get(one.kind, "Topic")
    score = "" if one.score is None else f" ({one.score:.2f})"
    why = f": {at.why}" if at.why else ""
    return f"{kind} {text(one.name, 100)}{score}{why}"


def quote_spans(document: Document) -> list[Span]:
    """Return the spans of what the text quotes."""
    return [
        Span(one["start"], one["end"], "quote", f"Said by {_speaker(one)}", f"quote-{number}")
        for number, one in enumerate(document.get("quotes") or ())
    ]


def _speaker(quote: Mapping[str, Any]) -> str:
    return (
        text(quote["speaker"], 100) if quote.get("speaker") else "somebody the text does not name"
    )


def date_spans(document: Document, part: str) -> list[Span]:
    """Return the spans of the days that the text speaks of."""
    return [
        Span(one["start"], one["end"], "date", f"Means {one['value']}")
        for one in document.get("dates_mentioned") or ()
        if one["part"] == part
    ]
