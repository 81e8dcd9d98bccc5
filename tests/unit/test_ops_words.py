"""What the ops page makes of numbers, times, reasons and states: pure functions."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_ledger import NOW, feed, state

from pipeline.config import Config
from pipeline.errors import UsageError
from pipeline.model import Stage, Status
from pipeline.ops import changes, forgery, show
from pipeline.ops.access import Person
from pipeline.ops.attention import notices
from pipeline.ops.equation import equation
from pipeline.ops.freshness import freshness, percentile
from pipeline.ops.health import STANDINGS, next_poll, standing, why_interval
from pipeline.ops.sparkline import bars, days_until
from pipeline.ops.words import _WORDS, reason_words, stage_words
from pipeline.oversight import DeadGroup, Delays, Queue, Tally

POLL = Config().poll
_RAISED = re.compile(r'(?:Permanent|Transient|ItemError|failure)\(\s*"([a-z_0-9]+)"')
_NAMED = re.compile(r'(?:reason|_reason) = "([a-z_0-9]+)"')
#: Of files that an operator gives to a command, or of a letter; never of a feed or a page.
_OF_COMMANDS = {"bad_line", "file_unreadable", "not_opml", "mail_not_taken"}


# ── words ─────────────────────────────────────────────────────────────────────────────────────


def test_every_reason_of_a_feed_or_page_has_words(root):
    raised = set()
    for part in ("feeds", "fetch", "extract", "adapters", "index"):
        for module in (root / "pipeline" / part).rglob("*.py"):
            text = module.read_text("utf-8")
            raised |= set(_RAISED.findall(text)) | set(_NAMED.findall(text))
    assert len(raised) > 40
    assert raised - set(_WORDS) - _OF_COMMANDS - {"no_robots", "robots_allowed"} == set()


@pytest.mark.parametrize(
    ("reason", "words"),
    [("http_404", "there is nothing at that address (404 Not Found)"),
     ("http_418", "the server answers 418 I'm a Teapot"),
     ("http_799", "the server answers 799"), ("http_5xx", "http 5xx"),
     ("extract:parser_timeout", "reading it took longer than one item may take"),
     ("never_heard_of", "never heard of"), (None, "")],
)  # fmt: skip
def test_a_reason_is_said_in_words(reason, words):
    assert reason_words(reason) == words


def test_every_stage_says_what_waits_for_it():
    assert len({stage_words(stage) for stage in Stage}) == len(Stage)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (0.25, "0.2 s"), (9.96, "10 s"), (90, "90 s"), (150, "2.5 min"), (3_600, "60 min"),
     (7_200, "2 h"), (9_000, "2.5 h"), (100_000, "28 h"), (200_000, "2 days"), (-90, "90 s")],
)  # fmt: skip
def test_spans_are_in_the_unit_in_which_one_speaks(seconds, words):
    assert show.span(seconds) == words


def test_times_are_said_from_now():
    assert show.since(NOW - timedelta(minutes=5), NOW) == "5 min ago"
    assert show.since(NOW + timedelta(minutes=5), NOW) == "in 5 min"
    assert show.since(NOW, NOW) == "now"


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [(1, 1, "100 %"), (9_999, 10_000, ">99 %"), (1, 10_000, "<1 %"), (0, 5, "0 %"), (0, 0, "–")],
)
def test_a_share_is_never_all_when_something_is_missing(part, whole, words):
    assert show.share(part, whole) == words


@given(st.text(max_size=2_000))
def test_text_is_one_line_of_bounded_length_and_hides_nothing(text):
    shown = show.text(text, 100)
    assert len(shown) <= 100
    assert not re.search("[\n\r\t\x1b\u202e\u2066\x00\ud800-\udfff]", shown)
    assert len(show.short(text, 40)) <= 40


def test_joiners_stay_and_what_reorders_is_marked():
    assert show.text("می\u200cخواهم") == "می\u200cخواهم"
    assert show.text("a\u202eb\u200fc\x1b[31m") == "a�b�c�[31m"
    assert show.short("https://herald.example/" + "x" * 200 + "/end.html", 40).endswith("/end.html")


# ── what numbers mean ─────────────────────────────────────────────────────────────────────────


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from([50, 95, 99]))
def test_a_percentile_is_one_of_the_values_and_enough_are_not_above(values, percent):
    ordered = sorted(values)
    found = percentile(ordered, percent)
    assert found in ordered
    assert sum(value <= found for value in ordered) * 100 >= percent * len(ordered)
    assert percentile([], percent) is None


def test_freshness_is_held_against_the_objective():
    slow = freshness(Delays([10.0] * 94 + [2_000.0] * 6, complete=True), 900)
    assert (slow.p50_s, slow.p95_s, slow.within, slow.is_met) == (10.0, 2_000.0, 94, False)
    assert freshness(Delays([10.0] * 95 + [2_000.0] * 5, complete=True), 900).is_met
    assert freshness(Delays([], complete=True), 900).is_met


def test_the_equation_has_each_reason_and_says_when_it_does_not_balance():
    placed = {
        (Status.DROPPED, "http_404"): 1, (Status.DROPPED, "too_short"): 2, (Status.INDEXED, ""): 4
    }  # fmt: skip
    books = equation(Tally(7, 1, placed))
    assert [(term.status, term.urls) for term in books.terms] == [
        (Status.INDEXED, 4), (Status.DROPPED, 3)
    ]  # fmt: skip
    assert books.terms[1].reasons == (("too_short", 2), ("http_404", 1))
    assert books.balances
    assert not equation(Tally(8, 1, placed)).balances


def look(**given):
    usual = {
        "books": equation(Tally(0, 0, {})), "fresh": freshness(Delays([], complete=True), 900),
        "queues": [], "states": [], "dead": [], "now": NOW,
    }  # fmt: skip
    usual |= given
    return notices(usual.pop("books"), usual.pop("fresh"), **usual)


def test_what_is_wrong_comes_before_what_is_worth_a_look():
    hour = timedelta(hours=1)
    found = look(
        books=equation(Tally(2, 0, {(Status.INDEXED, ""): 1})),
        fresh=freshness(Delays([2_000.0], complete=True), 900),
        queues=[Queue(Stage.ENRICH, 3, NOW - hour, 0, 0), Queue(Stage.POLL, 2, NOW - hour, 0, 0),
                Queue(Stage.INDEX, 2, NOW, 0, 0), Queue(Stage.GROUP, 0, None, 0, 9)],
        states=[state(health="failing"), state(feed("x", "y"), health="stale")],
        dead=[DeadGroup(Stage.FETCH, "deadline", 1_234, NOW, NOW)],
    )  # fmt: skip
    assert [(notice.is_bad, notice.path) for notice in found] == [
        (True, "balance"), (True, "feeds"), (True, "feeds"), (True, ""),
        (False, ""), (False, "feeds"), (False, "dead"),
    ]  # fmt: skip
    assert found[4].sentence == "There are 3 texts to be enriched, the oldest for 60 min."
    assert found[6].sentence.startswith("1,234 dead letters wait for a replay, most at fetch")
    assert look() == []


def test_an_index_that_takes_nothing_is_wrong_although_all_is_put_off():
    (found,) = look(queues=[Queue(Stage.INDEX, 0, NOW - timedelta(hours=1), 0, 60)])
    assert found.is_bad
    assert found.sentence.startswith("The index takes nothing, or too little: 60 ")


# ── feeds ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("facts", "word"),
    [({"health": "ok"}, "ok"), ({"health": "failing"}, "failing"), ({"health": "odd"}, "ok"),
     ({"paused": True}, "paused"), ({"paused": True, "paused_reason": "gone"}, "gone"),
     ({"paused": True, "merged_into": "other", "merged_at": NOW}, "merged"),
     ({"configured": False, "health": "failing"}, "out")],
)  # fmt: skip
def test_one_word_says_most_about_a_feed(facts, word):
    assert standing(state(**facts)) == word
    assert word in STANDINGS


def test_the_next_poll_is_said_in_words():
    assert next_poll(state(next_poll_at=NOW + timedelta(minutes=5)), NOW) == "in 5 min"
    assert next_poll(state(next_poll_at=NOW), NOW) == "due now"
    assert next_poll(state(next_poll_at=None), NOW) == "due now"
    assert next_poll(state(next_poll_at=NOW - timedelta(hours=5)), NOW) == "due for 5 h"
    assert next_poll(state(paused=True), NOW) == "not until it is resumed"
    assert next_poll(state(configured=False), NOW) == "never"


@pytest.mark.parametrize(
    ("facts", "why"),
    [({"last_poll_at": None}, "its first answer decides"),
     ({"overlap": None}, "by the dates of its entries"),
     ({"overlap": 0.1}, "more often than before: only 10 % of its last answer known"),
     ({"overlap": 0.5}, "about right: 50 % of its last answer known"),
     ({"overlap": 0.9}, "ever less often while little is new: 90 % of its last answer known"),
     ({"interval_s": 300.0, "overlap": 0.2, "next_poll_at": None},
      "as often as allowed: 20 % of its last answer known"),
     ({"interval_s": 21_600.0, "overlap": 1.0},
      "as seldom as allowed: 100 % of its last answer known"),
     ({"last_reason": "http_503", "failures": 2.0, "next_poll_at": NOW + timedelta(hours=2)},
      "after failures it waits longer: 2 h"),
     ({"overlap": 0.5, "next_poll_at": NOW + timedelta(hours=5)},
      "about right: 50 % of its last answer known; the feed or its server asks for 5 h")],
)  # fmt: skip
def test_why_a_feed_is_asked_so_often(facts, why):
    usual = {"last_poll_at": NOW, "next_poll_at": NOW + timedelta(hours=1), "interval_s": 3_600.0}
    assert why_interval(state(**(usual | facts)), POLL) == why


def test_bars_are_as_high_as_their_numbers_and_say_them():
    drawn = bars([0, 5, 10], 'a "label" <b>')
    heights = re.findall(r'class="(\w+)"[^>]* height="(\d+)"/>', drawn)
    assert heights == [("none", "1"), ("some", "14"), ("some", "28")]
    assert "<title>a &#34;label&#34; &lt;b&gt;</title>" in drawn
    assert days_until(date(2019, 3, 1), 2) == [date(2019, 2, 28), date(2019, 3, 1)]


# ── actions ───────────────────────────────────────────────────────────────────────────────────


def test_resuming_a_feed_that_was_gone_gives_it_another_chance():
    gone = state(paused=True, paused_reason="gone", gone_since=NOW, health="gone", last_poll_at=NOW,
                 last_reason="http_410")  # fmt: skip
    after = changes.resumed(gone, NOW)
    assert (after.paused, after.gone_since, after.next_poll_at) == (False, None, NOW)
    assert after.health == "failing"
    assert changes.resumed(replace(gone, last_reason=None), NOW).health == "ok"


@pytest.mark.parametrize(
    ("change", "facts"),
    [(changes.paused, {"paused": True}), (changes.paused, {"configured": False}),
     (lambda s: changes.resumed(s, NOW), {}),
     (lambda s: changes.polled_now(s, NOW), {"paused": True}),
     (lambda s: changes.polled_now(s, NOW),
      {"paused": True, "merged_into": "other", "merged_at": NOW}),
     (lambda s: changes.moved(s, s.url, [], Config().fetch, NOW), {})],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(change, facts):
    with pytest.raises(UsageError):
        change(state(**facts))


def test_another_address_ends_a_merge_and_what_the_old_address_had_done():
    merged = state(paused=True, paused_reason="merged", merged_into="o", merged_at=NOW,
                   health="merged", last_poll_at=NOW, etag='"x"')  # fmt: skip
    after = changes.moved(merged, "https://herald.example/n", [], Config().fetch, NOW)
    assert (after.merged_into, after.paused, after.etag, after.health) == (None, False, None, "ok")
    gone = state(paused=True, paused_reason="gone")
    assert not changes.moved(gone, "https://a.example/n", [], Config().fetch, NOW).paused
    by_hand = state(paused=True, paused_reason="operator")
    assert changes.moved(by_hand, "https://a.example/n", [], Config().fetch, NOW).paused


@given(st.text(max_size=200))
def test_no_made_up_token_is_genuine(token):
    assert not forgery.is_genuine(token, Person("a", "a"), NOW, b"secret")


def test_a_token_is_of_one_person_and_one_secret():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    token = forgery.token_for(Person("1", "ada"), now, b"one")
    assert forgery.is_genuine(token, Person("1", "renamed"), now, b"one")
    assert not forgery.is_genuine(token, Person("2", "ada"), now, b"one")
    assert not forgery.is_genuine(token, Person("1", "ada"), now, b"another")
