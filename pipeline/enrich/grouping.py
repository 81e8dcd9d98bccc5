"""Decides what an article is to earlier articles: a duplicate, a copy, a part of their story."""

from collections.abc import Sequence
from datetime import datetime

from pipeline.enrich.stories import WINDOW, StoryChoice, choose_story
from pipeline.index.document import published_claim
from pipeline.model import Evidence
from pipeline.work import ArticleWork, Copy, Grouping, Move, Neighbours

#: Two texts are copies when so much of the shorter one is in the other.
COPY = 0.55
#: A publisher's second text is a duplicate, and not indexed, only when nearly nothing sets them
#: apart: an updated story is not to be lost.
SAME = 0.9
#: Signals that are kept as evidence; enough to see why.
_MAX_SAID = 6


def as_copy(work: ArticleWork) -> Copy:
    """Return an article as its copies see it."""
    claim = work.revision.extraction.published_at if work.revision else None
    return Copy(
        article_id=work.article_id,
        publisher=work.publisher,
        first_seen_at=work.first_seen_at,
        containment=1.0,
        resemblance=1.0,
        published_at=claim.at if claim else None,
        wire=work.enrichment.wire if work.enrichment else None,
    )


def told_at(work: ArticleWork) -> datetime:
    """Return when an article told its story: as claimed, if that is not after we saw it."""
    claim = published_claim(work)
    return min(claim.at, work.first_seen_at) if claim else work.first_seen_at


def decide_grouping(me: Copy, around: Neighbours) -> Grouping:
    """Return the groups of an article; `me` is the article as its copies would see it."""
    copies = [one for one in around.copies if one.article_id != me.article_id]
    earlier = [one for one in copies if _order(one) < _order(me)]
    same = [one for one in copies if one.publisher == me.publisher and one.resemblance >= SAME]
    original = next((one for one in earlier if one in same), None)
    later = tuple(one.article_id for one in same if _order(one) > _order(me))
    syndication_id, moves = _syndication(me, copies, around.syndication_id)
    if original is not None:  # what stands in the index for it tells its story
        why = {"duplicate_of": Evidence("same", original.article_id, tuple(_shares([original])))}
        return Grouping(original.article_id, syndication_id, None, why, moves)
    story_id, story_why, story_moves = _story(me, copies, around)
    why = {"story_id": story_why}
    if syndication_id is not None:
        why["syndication_id"] = _guess_original(me, copies)
    return Grouping(None, syndication_id, story_id, why, (*moves, *story_moves), later)


def say_grouping(grouping: Grouping) -> str:
    """Say in words why an article is in its groups, for whoever follows its life."""
    return "; ".join(
        f"{field} {evidence.value}: {evidence.signal}"
        + "".join(f", {signal} {value}" for signal, value in evidence.rivals)
        for field, evidence in sorted(grouping.why.items())
    )


def _order(one: Copy) -> tuple[datetime, str]:
    return one.first_seen_at, one.article_id


def _syndication(
    me: Copy, copies: Sequence[Copy], current: str | None
) -> tuple[str | None, tuple[Move, ...]]:
    """Return the id of the group and what others must change for it; copies of one outlet alone
    are none.
    """  # noqa: D205 - one sentence over two lines
    outlets = {one.publisher for one in copies} - {me.publisher}
    known = list(dict.fromkeys(one.syndication_id for one in copies if one.syndication_id))
    if not outlets and not known:
        return None, ()
    chosen = current if current in known else known[0] if known else None
    first = min([me, *copies], key=_order).article_id
    chosen = chosen or first
    moves = [Move("syndication_id", chosen, was) for was in known if was != chosen]
    moves += [
        Move("syndication_id", chosen, None, one.article_id)
        for one in copies
        if one.syndication_id is None
    ]
    return chosen, tuple(moves)


def _story(
    me: Copy, copies: Sequence[Copy], around: Neighbours
) -> tuple[str, Evidence, tuple[Move, ...]]:
    """Return the story, why, and the story that becomes part of it."""
    choice = choose_story(around.relatives, around.sizes, around.story_id)
    told = next((one.story_id for one in copies if one.story_id and _is_near(one, me)), None)
    signal = "close"
    if told is not None and told not in (choice.story_id, choice.merged):
        choice, signal = StoryChoice(told, choice.closeness), "copy"
    if choice.story_id is None:
        choice, signal = StoryChoice(around.own_story, choice.closeness), "first"
    story_id = choice.story_id or around.own_story
    shared = [("shared", ", ".join(choice.shared))] if choice.shared else []
    closeness = ("closeness", f"{choice.closeness:.2f}")
    why = Evidence(signal, story_id, (closeness, *shared))
    moves = (Move("story_id", story_id, choice.merged),) if choice.merged else ()
    return story_id, why, moves


def _is_near(one: Copy, other: Copy) -> bool:
    return abs(_published(one) - _published(other)) <= WINDOW


def _published(one: Copy) -> datetime:
    return min(one.published_at or one.first_seen_at, one.first_seen_at)


def _guess_original(me: Copy, copies: Sequence[Copy]) -> Evidence:
    """Guess whose text it is: the agency that is credited, then who credits none, then who was
    first to publish it.
    """  # noqa: D205 - one sentence over two lines
    everyone = sorted([me, *copies], key=lambda one: (_published(one), *_order(one)))
    wires = {one.wire for one in everyone if one.wire}
    agency = next((one for one in everyone if any(_is_agency(one, wire) for wire in wires)), None)
    uncredited = next((one for one in everyone if not one.wire), None)
    if agency is not None:
        original, signal = agency, "wire_credit"
    elif wires and uncredited is not None:
        original, signal = uncredited, "credits_nobody"
    else:
        original, signal = everyone[0], "published_first"
    said = [(f"wire_credit:{one.publisher}", one.wire) for one in everyone if one.wire]
    return Evidence(signal, original.article_id, (*_shares(copies), *said)[:_MAX_SAID])


def _is_agency(one: Copy, wire: str) -> bool:
    return wire.casefold().replace(" ", "") in one.publisher.replace("-", "")


def _shares(copies: Sequence[Copy]) -> list[tuple[str, str]]:
    """Say how much of the text each copy has, the fullest first."""
    fullest = sorted(copies, key=lambda one: -one.containment)
    return [(f"containment:{one.publisher}", f"{one.containment:.2f}") for one in fullest]
