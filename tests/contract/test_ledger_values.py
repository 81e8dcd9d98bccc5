"""What goes in comes out again, on both databases, or is refused before them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support_ledger import (
    LEASE_S,
    NOW,
    bring_to,
    commit_step,
    decision,
    enrichment,
    extraction,
    feed,
    poll,
    state,
    step,
    works,
)

from pipeline.model import DateClaim, Evidence, Stage
from pipeline.work import RobotsCopy

A = "https://herald.example/a"
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
TIMES = st.datetimes(
    datetime(1990, 1, 1), datetime(2100, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))]),
)  # fmt: skip
MANY = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@MANY
@given(at=TIMES)
def test_times_come_back_aware_in_utc_to_the_microsecond(ledger, at):
    ledger.sync_feeds([state(next_poll_at=at)])
    ledger.override_feed(state(next_poll_at=at), actor="test", note="", now=NOW)
    (back,) = ledger.feed_states()
    assert back.next_poll_at == at
    assert back.next_poll_at.utcoffset() == timedelta(0)


def test_naive_times_are_refused(ledger):
    with pytest.raises(ValueError, match="without a zone"):
        ledger.sync_feeds([state(next_poll_at=datetime(2019, 9, 10))])  # noqa: DTZ001


@MANY
@given(title=TEXT, etag=TEXT, note=TEXT)
def test_every_text_comes_back_as_it_was(ledger, title, etag, note):
    made = state(feed(title=title, notes=note), etag=etag)
    ledger.sync_feeds([made])
    ledger.override_feed(made, actor="test", note=note, now=NOW)
    assert ledger.feed_states() == [made]


BAD = {"nul": "a\x00b", "high surrogate": "a\ud800b", "low surrogate": "a\udfffb"}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_text_that_only_one_database_would_take_is_refused(ledger, bad):
    for field in ("title", "key"):
        with pytest.raises(ValueError, match=r"U\+0000|surrogate"):
            poll(ledger, decision(A, **{field: bad}))
    with pytest.raises(ValueError, match=r"U\+0000|surrogate"):
        ledger.sync_feeds([state(feed("other"), etag=bad)])


def test_a_backslash_before_u0000_is_only_text(ledger):
    poll(ledger, decision(A, title=r"the escape \u0000 explained"))
    _, life = ledger.where(A)
    assert life[0].detail.endswith(r"the escape \u0000 explained")


def test_what_people_read_about_a_failure_is_made_storable(ledger):
    bring_to(ledger, A, Stage.EXTRACT)
    outcome = step(A, Stage.EXTRACT, Stage.EXTRACT, reason="parser_crash")
    detail = "from outside: \x00 \ud800 " + "x" * 5000
    broken = type(outcome)(
        outcome.url_id, type(outcome.outcome)(Stage.EXTRACT, "retry", NOW, "parser_crash", detail),
        Stage.EXTRACT, NOW, tries=1,
    )  # fmt: skip
    assert commit_step(ledger, Stage.EXTRACT, broken) == []
    said = ledger.where(A)[1][-1].detail
    assert said.startswith("from outside: \ufffd ? x")
    assert len(said) == 2000


def test_an_extraction_comes_back_whole(ledger):
    bring_to(ledger, A, Stage.EXTRACT)
    made = extraction(
        authors=("Leyla Aydın", "علي"),
        modified_at=DateClaim(NOW, "day", "json-ld:dateModified", "10.09.2019", ("zone_assumed",)),
        evidence={"title": Evidence("og:title", "x", (("h1", "y"),))},
        quality={"agreement": 0.1 + 0.2},
        flags=("truncated",),
        paywalled=False,
    )
    commit_step(ledger, Stage.EXTRACT, step(A, Stage.EXTRACT, Stage.ENRICH, extraction=made))
    (work,) = works(ledger, Stage.ENRICH)
    assert work.revision.extraction == made
    assert work.revision.created_at == NOW


def test_an_enrichment_comes_back_whole(ledger):
    bring_to(ledger, A, Stage.GROUP)
    (work,) = works(ledger, Stage.GROUP)
    assert work.enrichment == enrichment()


def test_a_feed_comes_back_whole(ledger):
    given_feed = feed(
        language="tr", categories=(("World", "Syria"), ("Top",)), extra={"htmlUrl": "https://x"}
    )
    full = state(given_feed, etag='W/"é"', overlap=1 / 3, failures=0.5, gaps=2, health="stale")
    ledger.sync_feeds([full])
    assert ledger.feed_states() == [full]


def test_robots_keep_their_bytes(ledger):
    origin = "https://herald.example"
    assert ledger.find_robots(origin) is None
    for copy in (
        RobotsCopy(origin, 200, b"User-agent: *\x00\xff", NOW),
        RobotsCopy(origin, 0, b"", NOW + timedelta(days=1)),
    ):
        ledger.save_robots(copy)
        assert ledger.find_robots(origin) == copy


def test_cursors_see_one_order_on_both_databases(ledger):
    """Order by text must not depend on a locale: ids and keys are compared as bytes."""
    names = ["b", "B", "a-1", "a_1", "A", "ä", "z"]
    ledger.sync_feeds([state(feed(name)) for name in names])
    assert [one.feed.feed_id for one in ledger.feed_states()] == sorted(names)
    assert ledger.lease_host("herald.example", lease_s=LEASE_S) is not None
