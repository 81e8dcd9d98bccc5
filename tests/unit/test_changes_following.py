"""A follower who reads every line has exactly what the index holds and the follower wants."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.changes.following import about, follow, matches
from pipeline.changes.log import LoggedChange, LogState
from pipeline.changes.tokens import Place, TokenOutdated, as_token, read_token, resume
from pipeline.errors import UsageError
from pipeline.model import Change

NOW = datetime(2019, 9, 10, tzinfo=UTC)
WANTED = {"topic": ["safe zone"]}

article_ids = st.sampled_from(["a", "b", "c"])
contents = st.sampled_from(
    [
        {"topic": ["safe zone"]},
        {"topic": ["safe zone", "NATO"]},
        {"topic": ["NATO"]},
        {"topic": []},
        {"topic": ["safe zone"], "tdm_reserved": True},
        None,  # retracted
    ]
)
#: What happens: an article gets a content, or the follower reads on.
steps = st.lists(st.tuples(article_ids, contents) | st.integers(1, 3), max_size=40)


class World:
    """An index, its log, and somebody who follows both."""

    def __init__(self, filters):
        self.filters, self.held, self.lines, self.copy = filters, {}, [], {}
        self.read, self.newest = 0, {}

    def write(self, article_id, content):
        before = self.newest.get(article_id)
        if content is None and article_id not in self.held:
            return
        version = before.change.doc_version + 1 if before else 1
        seq = len(self.lines) + 1
        if content is None:
            del self.held[article_id]
        else:
            self.held[article_id] = content
        kind = "upsert" if content is not None else "retract"
        said = None if content is None else about(content)
        line = LoggedChange(
            Change(seq, kind, article_id, version, NOW),
            said,
            was_listed=before is not None and before.change.kind == "upsert",
            was_about=before.about if before else None,
        )
        self.lines.append(line)
        self.newest[article_id] = line

    def follow(self, some):
        lines = self.lines[self.read : self.read + some]
        for line in follow(lines, self.held, self.filters, LogState("f", 0, len(self.lines))):
            if line.document is None:
                assert line.kind == "retract"
                self.copy.pop(line.article_id, None)
            else:
                self.copy[line.article_id] = line.document
        self.read += len(lines)


@given(steps=steps, filters=st.sampled_from([{}, WANTED]))
def test_whenever_it_has_read_all_its_copy_is_what_the_index_holds_for_it(steps, filters):
    world = World(filters)
    for step in steps:
        if isinstance(step, int):
            world.follow(step)
        else:
            world.write(*step)
    world.follow(len(world.lines))
    wanted = {key: said for key, said in world.held.items() if matches(about(said), filters)}
    assert world.copy == wanted


def told(line, held, filters=WANTED):
    return [
        (one.kind, one.document)
        for one in follow([line], {"a": held} if held else {}, filters, LogState("f", 0, 9))
    ]


def line(kind="upsert", said=None, **before):
    return LoggedChange(Change(1, kind, "a", 2, NOW), said, **before)


IN, OUT = {"topic": ("safe zone",)}, {"topic": ("NATO",)}
DOCUMENT = {"topic": ["safe zone"]}


def test_what_comes_for_the_first_time_is_an_insert_and_then_an_update():
    assert told(line(said=IN), DOCUMENT) == [("insert", DOCUMENT)]
    assert told(line(said=IN, was_listed=True, was_about=IN), DOCUMENT) == [("update", DOCUMENT)]
    assert told(line(said=IN, was_listed=True, was_about=OUT), DOCUMENT) == [("insert", DOCUMENT)]


def test_an_article_that_leaves_the_filter_is_retracted_in_it_and_nowhere_else():
    leaving = line(said=OUT, was_listed=True, was_about=IN)
    assert told(leaving, {"topic": ["NATO"]}) == [("retract", None)]
    assert told(leaving, {"topic": ["NATO"]}, {}) == [("update", {"topic": ["NATO"]})]
    assert told(line(said=OUT, was_listed=True, was_about=OUT), {"topic": ["NATO"]}) == []


def test_a_line_from_before_the_log_knew_what_it_is_about_is_told_by_what_the_index_holds():
    assert told(line(), DOCUMENT) == [("insert", DOCUMENT)]
    assert told(line(), {"topic": ["NATO"]}) == [("retract", None)]


def test_what_its_publisher_reserves_is_told_to_nobody_and_taken_back_when_it_was():
    reserved = {"topic": ("safe zone",), "tdm_reserved": ("yes",)}
    assert told(line(said=reserved), {**DOCUMENT, "tdm_reserved": True}, {}) == []
    taken_back = line(said=reserved, was_listed=True, was_about=IN)
    assert told(taken_back, {**DOCUMENT, "tdm_reserved": True}, {}) == [("retract", None)]


# ── tokens ────────────────────────────────────────────────────────────────────────────────────

LOG = LogState("ab12", trimmed_seq=50, last_seq=90)


def test_a_token_is_read_as_it_was_made():
    place = Place(60, "ab12", 50)
    assert read_token(as_token(place)) == place
    assert read_token("60") == Place(60)


@pytest.mark.parametrize("given", ["", "x", "-1", "1.2", "ab12.1.2.3", "zz.1.2", "9" * 30])
def test_what_is_no_token_is_refused_in_words(given):
    with pytest.raises(UsageError, match="0 to begin"):
        read_token(given)


@pytest.mark.parametrize(
    "place",
    [Place(0), Place(50), Place(90), Place(0, "ab12", 0), Place(70, "ab12", 0),
     Place(20, "ab12", 50)],
)  # fmt: skip
def test_one_goes_on_where_no_line_after_is_gone(place):
    resume(place, LOG)


@pytest.mark.parametrize(
    ("place", "why"),
    [
        (Place(20), "were deleted"),
        (Place(20, "ab12", 10), "were deleted"),  # more was trimmed since the walk began
        (Place(91), "another ledger"),
        (Place(60, "cd34", 50), "restored from a backup"),
        (Place(0, "cd34", 0), "restored from a backup"),
    ],
)
def test_one_begins_anew_where_lines_are_gone(place, why):
    with pytest.raises(TokenOutdated, match=why):
        resume(place, LOG)
