"""What `newsline run` says into a log while nothing happens."""

from datetime import UTC, datetime

from pipeline.cli.run import _waits


def test_a_run_says_at_its_start_when_there_will_be_something_to_see():
    due = datetime(2019, 9, 10, 8, 30, tzinfo=UTC)
    assert _waits(due, 1).startswith("1 feed, the first is due at 2019-09-10 08:30 UTC.")
    assert _waits(None, 2_000).startswith("2,000 feeds, all are due.")
