"""Questions of those who run the pipeline, and that none of them reads whole tables."""

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from support_ledger import (
    NOW,
    bring_to,
    commit_step,
    decision,
    failed,
    feed,
    indexed,
    poll,
    poll_result,
    publish,
    state,
    step,
    where,
)

from pipeline.errors import LeaseLost, StoreUnavailable, UsageError
from pipeline.model import Result, Stage, Status
from pipeline.oversight import Action
from pipeline.urls import article_id, host_of
from pipeline.work import Outcome, PollResult, ReplaySelector

URLS = [f"https://herald.example/{name}" for name in "abcdefgh"]
A, B, C = URLS[:3]
OTHER = feed("courier-news", "courier")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def fail_poll(ledger, reason, *, at, of=None, detail="", **learnt):
    """Let a poll of a feed fail."""
    of = of or feed()
    (before,) = ledger.feed_states([of.feed_id])
    after = replace(before, last_poll_at=at, last_reason=reason, health="failing", **learnt)
    lease = ledger.lease_host(host_of(of.url), lease_s=60)
    ledger.commit_poll(
        lease, PollResult(after, Outcome(Stage.POLL, Result.RETRY, at, reason, detail))
    )
    ledger.release(lease)


def die(ledger, url, reason, *, stage=Stage.EXTRACT, at=NOW, of=None):
    bring_to(ledger, url, Stage.EXTRACT, at=at, of=of)
    commit_step(ledger, Stage.EXTRACT, failed(url, stage, reason, at=at))


# ── the balance in numbers ────────────────────────────────────────────────────────────────────


def test_the_tally_says_the_same_as_the_books(ledger):
    publish(ledger, A)
    die(ledger, B, "parser_timeout")
    poll(ledger, decision(C), decision(None, title="no link"),
         decision(URLS[3], drop_reason="bad_link"))  # fmt: skip
    tally = ledger.tally()
    assert (tally.discovered, tally.no_link) == (4, 1)
    assert tally.placed == {
        (Status.INDEXED, ""): 1,
        (Status.DEAD, "extract:parser_timeout"): 1,
        (Status.IN_FLIGHT, ""): 1,
        (Status.DROPPED, "bad_link"): 1,
    }


def test_what_the_index_should_hold_is_counted_and_named_where_it_changed_last(ledger):
    for url in URLS[:3]:
        publish(ledger, url)
    bring_to(ledger, URLS[3], Stage.INDEX)
    tally, expected = ledger.expected(newest=2)
    assert tally == ledger.tally()
    assert (expected.settled, expected.unsettled) == (3, 1)
    assert expected.newest == dict.fromkeys(map(article_id, URLS[1:3]), 2)
    assert expected.newest_gone == frozenset()


# ── feeds ─────────────────────────────────────────────────────────────────────────────────────


def test_entries_are_counted_on_the_day_on_which_a_feed_first_listed_them(ledger):
    poll(ledger, decision(A), decision(B), at=NOW - DAY)
    poll(ledger, decision(A, change="changed", version=2), decision(C), at=NOW)
    poll(ledger, decision(A), of=OTHER, at=NOW)  # the same article, new to that feed
    asked = ["herald-world", "courier-news", "stranger"]
    assert ledger.new_by_day(asked, NOW - 2 * DAY) == {
        "herald-world": {date(2019, 9, 9): 2, date(2019, 9, 10): 1},
        "courier-news": {date(2019, 9, 10): 1},
        "stranger": {},
    }
    assert ledger.new_by_day(["herald-world"], NOW) == {"herald-world": {date(2019, 9, 10): 1}}


def test_days_are_days_in_utc_at_their_edges(ledger):
    midnight = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
    poll(ledger, decision(A), at=midnight - timedelta(microseconds=1))
    poll(ledger, decision(B), at=midnight)
    found = ledger.new_by_day(["herald-world"], midnight - DAY)["herald-world"]
    assert found == {date(2019, 9, 9): 1, date(2019, 9, 10): 1}


def test_polls_come_newest_first_with_what_they_brought(ledger):
    poll(ledger, decision(A), at=NOW - HOUR)
    fail_poll(ledger, "http_503", at=NOW, detail="HTTP 503")
    (newest, older) = ledger.polls("herald-world", limit=9)
    assert (newest.result, newest.reason, newest.detail) == (Result.RETRY, "http_503", "HTTP 503")
    assert (older.result, older.counts, older.at) == (Result.OK, {"listed": 1}, NOW - HOUR)
    assert len(ledger.polls("herald-world", limit=1)) == 1
    assert ledger.polls("stranger", limit=9) == []


def test_failures_are_counted_since_the_last_success(ledger):
    poll(ledger, decision(A), at=NOW - 5 * HOUR)
    fail_poll(ledger, "dns_temporary", at=NOW - 4 * HOUR)
    ended_well = poll_result(feed(), decision(B), at=NOW - 3 * HOUR)
    lease = ledger.lease_host(host_of(feed().url), lease_s=60)
    learnt = replace(ended_well.state, last_success_at=NOW - 3 * HOUR, last_reason=None)
    ledger.commit_poll(lease, replace(ended_well, state=learnt))
    ledger.release(lease)
    assert ledger.failed_polls(["herald-world"]) == {}
    for hours, reason in ((2, "http_503"), (1, "deadline")):
        fail_poll(ledger, reason, at=NOW - hours * HOUR, detail=f"{hours} hours ago")
    ledger.sync_feeds([*ledger.feed_states(), state(OTHER)])
    fail_poll(ledger, "http_404", at=NOW, of=OTHER)
    found = ledger.failed_polls(["herald-world", "courier-news", "stranger"])
    assert set(found) == {"herald-world", "courier-news"}
    mine = found["herald-world"]
    assert (mine.times, mine.since) == (2, NOW - 2 * HOUR)
    assert (mine.last.reason, mine.last.detail) == ("deadline", "1 hours ago")
    assert found["courier-news"].times == 1  # it never answered well


def test_listings_say_what_became_of_each(ledger):
    publish(ledger, A, at=NOW - HOUR)
    poll(ledger, decision(A, change="changed", version=2, title="An update"),
         decision(None, title="no link"), at=NOW)  # fmt: skip
    found = ledger.listings("herald-world", limit=9)
    assert [(one.title, one.version, one.status, one.drop_reason) for one in found] == [
        ("no link", 1, None, "no_link"),
        ("An update", 2, Status.INDEXED, None),
        ("A deal on the border", 1, Status.INDEXED, None),
    ]
    assert len(ledger.listings("herald-world", limit=1)) == 1


def test_changes_by_hand_say_who_and_what_from_what_to(ledger):
    ledger.sync_feeds([state(), state(OTHER)])
    paused = replace(state(), paused=True, paused_reason="operator")
    ledger.override_feed(paused, actor="ada", note="too noisy", now=NOW)
    ledger.override_feed(state(OTHER), actor="bob", note="", now=NOW + HOUR)
    assert [one.actor for one in ledger.overrides(limit=9)] == ["bob", "ada"]
    (mine,) = ledger.overrides("herald-world", limit=9)
    assert (mine.actor, mine.note, mine.at) == ("ada", "too noisy", NOW)
    assert (mine.before, mine.after) == (state(), paused)


def test_a_change_is_made_of_the_state_at_that_moment(ledger, second):
    ledger.sync_feeds([state()])
    lease = ledger.lease_host(host_of(feed().url), lease_s=60)
    second.commit_poll(lease, poll_result(feed(), decision(A), at=NOW))
    due = ledger.change_feed(
        "herald-world",
        lambda known: replace(known, next_poll_at=NOW),
        actor="ada",
        note="",
        now=NOW,
    )
    assert (due.last_poll_at, due.next_poll_at) == (NOW, NOW)
    assert ledger.feed_states() == [due]
    with pytest.raises(LeaseLost):  # a poll that began before the change
        second.commit_poll(lease, poll_result(feed(), decision(B), at=NOW))


def test_a_change_that_is_refused_leaves_no_trace(ledger):
    ledger.sync_feeds([state()])

    def refuse(_):
        raise UsageError("no")

    lease = ledger.lease_host(host_of(feed().url), lease_s=60)
    with pytest.raises(UsageError):
        ledger.change_feed("herald-world", refuse, actor="ada", note="", now=NOW)
    with pytest.raises(UsageError, match="no feed 'stranger'"):
        ledger.change_feed("stranger", refuse, actor="ada", note="", now=NOW)
    assert ledger.overrides(limit=9) == []
    ledger.commit_poll(lease, poll_result(feed(), decision(A), at=NOW))


# ── work ──────────────────────────────────────────────────────────────────────────────────────


def test_a_delay_is_from_first_sight_to_the_first_time_in_the_index(ledger):
    bring_to(ledger, A, Stage.INDEX, at=NOW)
    commit_step(ledger, Stage.INDEX, indexed(A, 1, NOW + timedelta(seconds=90)))
    ledger.replay(ReplaySelector(stage=Stage.INDEX, dead_only=False), NOW + HOUR)
    commit_step(ledger, Stage.INDEX, indexed(A, 1, NOW + HOUR))
    bring_to(ledger, B, Stage.INDEX, at=NOW + HOUR, text="another")
    assert ledger.delays(NOW, NOW + DAY, limit=9).seconds == [90.0]
    assert ledger.delays(NOW + HOUR, NOW + DAY, limit=9).seconds == []
    commit_step(ledger, Stage.INDEX, indexed(B, 1, NOW + HOUR + timedelta(seconds=5)))
    newest = ledger.delays(NOW, NOW + DAY, limit=1)
    assert (newest.seconds, newest.complete) == ([5.0], False)
    assert ledger.delays(NOW, NOW + DAY, limit=2).complete is True


def test_queues_tell_new_pages_from_revisits(ledger):
    publish(ledger, A)  # to be looked at again in an hour
    bring_to(ledger, B, Stage.FETCH)
    bring_to(ledger, C, Stage.ENRICH, text="another")
    queues = {queue.stage: queue for queue in ledger.queues(NOW + HOUR)}
    fetch = queues[Stage.FETCH]
    assert (fetch.due, fetch.waits_since, fetch.revisits_due, fetch.later) == (1, NOW, 1, 0)
    assert (queues[Stage.ENRICH].due, queues[Stage.INDEX].due) == (1, 0)
    assert (queues[Stage.POLL].due, queues[Stage.POLL].waits_since) == (1, NOW + HOUR)
    earlier = {queue.stage: queue for queue in ledger.queues(NOW)}
    assert (earlier[Stage.FETCH].revisits_due, earlier[Stage.FETCH].later) == (0, 1)
    assert (earlier[Stage.POLL].due, earlier[Stage.POLL].later) == (0, 1)


def not_taken(ledger, *urls, at, again):
    """The index was asked for these, and put them off."""
    results = [
        step(url, Stage.INDEX, Stage.INDEX, at=at, result=Result.RETRY, next_at=again)
        for url in urls
    ]
    assert commit_step(ledger, Stage.INDEX, *results) == []


def test_what_the_index_does_not_take_waits_since_it_was_first_tried(ledger):
    assert ledger.waits_since(Stage.INDEX) is None
    bring_to(ledger, A, Stage.INDEX)
    assert ledger.waits_since(Stage.INDEX) == NOW
    for hour in (0, 1, 2):
        not_taken(ledger, A, at=NOW + hour * HOUR, again=NOW + (hour + 1) * HOUR)
        assert ledger.waits_since(Stage.INDEX) == NOW
    bring_to(ledger, B, Stage.INDEX, at=NOW + 2 * HOUR, text="another")
    queue = next(one for one in ledger.queues(NOW + 2 * HOUR) if one.stage is Stage.INDEX)
    assert (queue.due, queue.later, queue.waits_since) == (1, 1, NOW)
    commit_step(ledger, Stage.INDEX, indexed(A, 1, NOW + 3 * HOUR))
    assert ledger.waits_since(Stage.INDEX) == NOW + 2 * HOUR
    commit_step(ledger, Stage.INDEX, indexed(B, 1, NOW + 3 * HOUR))
    assert ledger.waits_since(Stage.INDEX) is None


def test_what_is_indexed_anew_waits_since_then_not_since_it_was_made(ledger):
    bring_to(ledger, A, Stage.INDEX)
    not_taken(ledger, A, at=NOW, again=NOW + HOUR)
    commit_step(ledger, Stage.INDEX, indexed(A, 1, NOW + HOUR))
    ledger.replay(ReplaySelector(stage=Stage.INDEX, dead_only=False), NOW + DAY)
    assert ledger.waits_since(Stage.INDEX) == NOW + DAY
    not_taken(ledger, A, at=NOW + DAY, again=NOW + DAY + HOUR)
    assert ledger.waits_since(Stage.INDEX) == NOW + DAY


def test_a_paused_feed_waits_for_nothing(ledger):
    ledger.sync_feeds([state()])
    ledger.override_feed(replace(state(), paused=True), actor="a", note="", now=NOW)
    assert (ledger.queues(NOW)[0].due, ledger.queues(NOW)[0].later) == (0, 0)


def test_dead_letters_are_grouped_by_stage_and_reason(ledger):
    for url in URLS[:3]:
        die(ledger, url, "parser_timeout")
    die(ledger, URLS[3], "parser_memory", at=NOW + HOUR)
    groups = ledger.dead_groups()
    assert [(one.stage, one.reason, one.urls) for one in groups] == [
        (Stage.EXTRACT, "parser_timeout", 3),
        (Stage.EXTRACT, "parser_memory", 1),
    ]
    assert groups[1].oldest_seen_at == groups[1].newest_seen_at == NOW + HOUR


def test_dead_letters_come_in_pages_that_miss_none(ledger):
    for n, url in enumerate(URLS):
        die(ledger, url, "parser_timeout", at=NOW + n // 3 * HOUR)
    seen, after = [], None
    while page := ledger.dead_letters(reason="parser_timeout", after=after, limit=3):
        seen += [letter.url for letter in page]
        after = (page[-1].first_seen_at, page[-1].url_id)
    assert sorted(seen) == sorted(URLS)
    assert [where(ledger, url).url for url in seen] == seen


def test_a_dead_letter_tells_how_it_died(ledger):
    publish(ledger, A, of=OTHER)
    ledger.replay(ReplaySelector(stage=Stage.EXTRACT, dead_only=False), NOW)
    commit_step(
        ledger, Stage.EXTRACT, replace(failed(A, Stage.EXTRACT, at=NOW + HOUR), status=None)
    )
    (letter,) = ledger.dead_letters(limit=9)
    assert (letter.url, letter.feed_id, letter.publisher) == (A, "courier-news", "courier")
    assert (letter.stage, letter.reason) == (Stage.EXTRACT, "http_500")
    assert (letter.status, letter.died_at) == (Status.INDEXED, NOW + HOUR)
    assert ledger.dead_letters(feed_id="herald-world", limit=9) == []
    assert ledger.dead_letters(stage=Stage.FETCH, limit=9) == []


def test_outcomes_are_counted_by_the_hour(ledger):
    bring_to(ledger, A, Stage.EXTRACT, at=NOW)
    bring_to(ledger, B, Stage.FETCH, at=NOW + HOUR)
    start = NOW.replace(minute=0, second=0, microsecond=0)
    assert [
        (one.hour, one.stage, one.result, one.items) for one in ledger.hourly(NOW, NOW + DAY)
    ] == [
        (start, Stage.FETCH, Result.OK, 1),
        (start, Stage.POLL, Result.OK, 1),
        (start + HOUR, Stage.POLL, Result.OK, 1),
    ]
    assert ledger.hourly(NOW + 2 * HOUR, NOW + DAY) == []


def test_the_feeds_of_a_run_are_those_that_it_polled(ledger):
    before, now = ledger.start_run(NOW), ledger.start_run(NOW)
    for run_id, of in ((before, feed()), (now, OTHER)):
        ledger.join_run(run_id)
        poll(ledger, decision(A), of=of, at=NOW)
    assert ledger.feeds_of_run(now) == {OTHER.feed_id}
    assert ledger.feeds_of_run("never") == set()


def test_a_replay_by_somebody_is_kept_with_its_name(ledger):
    die(ledger, A, "parser_timeout")
    selector = ReplaySelector(reason="parser_timeout")
    done = ledger.replay_by(selector, actor="ada", subject="reason parser_timeout", now=NOW + HOUR)
    assert done == 1
    assert where(ledger, A).stage is Stage.EXTRACT
    assert ledger.actions(limit=9) == [
        Action(NOW + HOUR, "ada", "replay", "reason parser_timeout", 1)
    ]


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
def test_a_database_that_is_away_is_said_to_be(ledger, ledger_url):
    ledger.database.close()
    file = Path(ledger_url.removeprefix("sqlite:///"))
    file.rename(file.with_suffix(".away"))
    file.mkdir()
    with pytest.raises(StoreUnavailable, match="cannot be read"):
        ledger.queues(NOW)


# ── none reads whole tables ───────────────────────────────────────────────────────────────────

#: Everything that grows with what is discovered.
LARGE = re.compile(r"^SCAN (urls|outcomes|sightings|entries|articles|earlier)(?! USING COVERING)")
QUESTIONS = {
    "new_by_day": lambda ledger: ledger.new_by_day(["herald-world"], NOW - 14 * DAY),
    "polls": lambda ledger: ledger.polls("herald-world", limit=50),
    "failed_polls": lambda ledger: ledger.failed_polls(["herald-world"]),
    "listings": lambda ledger: ledger.listings("herald-world", limit=50),
    "overrides": lambda ledger: ledger.overrides("herald-world", limit=50),
    "delays": lambda ledger: ledger.delays(NOW - DAY, NOW, limit=5_000),
    "queues": lambda ledger: ledger.queues(NOW),
    "dead_groups": lambda ledger: ledger.dead_groups(),
    "dead_letters": lambda ledger: ledger.dead_letters(
        stage=Stage.EXTRACT, reason="x", after=(NOW, "y"), limit=50
    ),
    "feeds_of_run": lambda ledger: ledger.feeds_of_run("x"),
    "hourly": lambda ledger: ledger.hourly(NOW - DAY, NOW),
    "actions": lambda ledger: ledger.actions(limit=50),
}


def plans_of(ledger, ask):
    """Ask, and return SQLite's plan of every statement that was run for it."""
    said = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        if statement.startswith("SELECT"):
            said.append((statement, parameters))

    engine = ledger.database.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        ask(ledger)
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    with engine.connect() as connection:
        return [
            row.detail
            for statement, parameters in said
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_scans_a_table_that_grows(ledger, question):
    plan = plans_of(ledger, QUESTIONS[question])
    assert plan
    assert [line for line in plan if LARGE.match(line)] == []
