"""When feeds that are new are asked for the first time."""

from collections import Counter
from datetime import timedelta
from types import SimpleNamespace

import pytest
from support_fakes import StillClock

from pipeline.app import sync_catalogue
from pipeline.model import Feed

HOUR_S = 3600


@pytest.fixture
def due_s():
    """Return when so many new feeds are due, in seconds from now."""

    def sync(count, *, at_once):
        clock, states = StillClock(), []
        app = SimpleNamespace(clock=clock, ledger=SimpleNamespace(sync_feeds=states.extend))
        feeds = [Feed(f"f{n}", f"https://h{n}.example/rss", f"p{n}") for n in range(count)]
        sync_catalogue(app, feeds, at_once=at_once)
        return [(state.next_poll_at - clock.now()) / timedelta(seconds=1) for state in states]

    return sync


def test_a_large_catalogue_is_spread_over_the_first_hour(due_s):
    due = due_s(1_000, at_once=False)
    assert 0 <= min(due) < max(due) <= HOUR_S
    by_minute = Counter(int(one // 60) for one in due)
    assert max(by_minute.values()) <= 40  # 4 of 100


@pytest.mark.parametrize(("count", "at_once"), [(5, False), (1_000, True)])
def test_a_few_feeds_and_all_that_are_wanted_at_once_are_due_now(due_s, count, at_once):
    assert set(due_s(count, at_once=at_once)) == {0}
