"""What an article is to its copies and its story, given what is known around it."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.enrich.grouping import decide_grouping, say_grouping
from pipeline.work import Copy, Move, Neighbours, Relative

SEEN = datetime(2019, 9, 8, tzinfo=UTC)


def copy(article_id, publisher, minute=0, alike=1.0, **fields):
    seen_at = SEEN + timedelta(minutes=minute)
    return Copy(article_id, publisher, seen_at, fields.pop("share", 1.0), alike, **fields)


def decide(me, *copies, **fields):
    return decide_grouping(me, Neighbours(copies, own_story=me.article_id, **fields))


ME = copy("me", "ours", 10)


@pytest.mark.parametrize(
    ("copies", "expected"),
    [
        ([], (None, None)),
        ([copy("a", "ours")], ("a", None)),
        ([copy("a", "ours", alike=0.7)], (None, None)),
        ([copy("a", "ours", minute=20)], (None, None)),
        ([copy("a", "theirs")], (None, "a")),
        ([copy("a", "theirs", minute=20)], (None, "me")),
        ([copy("a", "theirs"), copy("b", "others", 1)], (None, "a")),
        ([copy("a", "theirs"), copy("b", "ours", 1)], ("b", "a")),
        ([copy("a", "ours"), copy("b", "theirs", 1), copy("c", "ours", 2)], ("a", "a")),
        ([copy("me", "ours", 10)], (None, None)),
    ],
)
def test_copies(copies, expected):
    found = decide(ME, *copies)
    assert (found.duplicate_of, found.syndication_id) == expected


def test_two_groups_with_one_text_become_one_and_keep_the_id_that_this_one_has():
    copies = (copy("a", "theirs", syndication_id="a"), copy("b", "others", 1, syndication_id="b"))
    assert decide(ME, *copies).moves == (Move("syndication_id", "a", "b"),)
    found = decide(ME, *copies, syndication_id="b")
    assert (found.syndication_id, found.moves) == ("b", (Move("syndication_id", "b", "a"),))


def test_the_first_copy_gets_the_id_of_the_group_when_there_is_one():
    assert decide(ME, copy("a", "theirs")).moves == (Move("syndication_id", "a", None, "a"),)


def test_later_copies_of_the_outlet_are_recalled():
    assert decide(ME, copy("late", "ours", 20), copy("early", "theirs")).recalled == ("late",)


@pytest.mark.parametrize(
    ("copies", "original", "signal"),
    [
        ([copy("a", "theirs"), copy("b", "reuters", 20, wire="Reuters")], "b", "wire_credit"),
        ([copy("a", "theirs", wire="Reuters"), copy("b", "dpa", 9)], "b", "credits_nobody"),
        ([copy("a", "theirs", 5)], "a", "published_first"),
        ([copy("a", "theirs", 5), copy("b", "others", 9, published_at=SEEN)],
         "b", "published_first"),
    ],
)  # fmt: skip
def test_the_original_is_guessed_with_its_reason(copies, original, signal):
    me = copy("me", "ours", 10, wire="Reuters" if signal != "published_first" else None)
    why = decide(me, *copies).why["syndication_id"]
    assert (why.value, why.signal) == (original, signal)


def test_an_article_joins_the_story_that_is_close_and_says_by_which_words():
    near = [Relative(f"n{n}", "s", 0.4, ("erzinc", "quake")) for n in range(2)]
    found = decide(ME, relatives=(*near, Relative("x", "t", 0.1)), sizes={"s": 5, "t": 1})
    assert found.story_id == "s"
    assert say_grouping(found) == "story_id s: close, closeness 0.40, shared erzinc, quake"


@pytest.mark.parametrize(
    ("closeness", "size", "story"),
    [((0.26,), 1, "s"), ((0.26,), 2, "me"), ((0.3, 0.22), 2, "s"), ((0.24,), 1, "me")],
)
def test_a_story_of_several_is_as_close_as_two_of_them(closeness, size, story):
    near = tuple(Relative(f"n{n}", "s", value) for n, value in enumerate(closeness))
    assert decide(ME, relatives=near, sizes={"s": size}).story_id == story


def test_who_is_in_a_story_stays_unless_it_is_far_from_it():
    near = (Relative("a", "old", 0.21), Relative("b", "new", 0.29))
    sizes = {"old": 1, "new": 1}
    assert decide(ME, relatives=near, sizes=sizes, story_id="old").story_id == "old"
    assert decide(ME, relatives=near, sizes=sizes).story_id == "new"


def test_the_smaller_story_is_merged_and_never_a_big_one():
    near = (*(Relative(f"a{n}", "big", 0.5) for n in range(3)), Relative("b", "small", 0.5))
    small = decide(ME, relatives=near, sizes={"big": 9, "small": 1})
    assert (small.story_id, small.moves) == ("big", (Move("story_id", "big", "small"),))
    two = tuple(Relative(f"{s}{n}", s, 0.5) for s in ("big", "huge") for n in range(3))
    assert decide(ME, relatives=two, sizes={"big": 201, "huge": 201}).moves == ()


def test_a_copy_is_in_the_story_of_its_text_unless_it_comes_days_later():
    fresh = copy("a", "theirs", syndication_id="a", story_id="s")
    assert decide(ME, fresh).story_id == "s"
    old = copy("a", "theirs", minute=-5 * 24 * 60, syndication_id="a", story_id="s")
    assert decide(ME, old).story_id == "me"
