"""What `newsline run` says into a log while nothing happens."""

from datetime import UTC, datetime

from pipeline.cli.run import _waits
from pipeline.cli.run_summary import _say_told


def test_a_run_says_at_its_start_when_there_will_be_something_to_see():
    due = datetime(2019, 9, 10, 8, 30, tzinfo=UTC)
    assert _waits(due, 1).startswith("1 feed, the first is due at 2019-09-10 08:30 UTC.")
    assert _waits(None, 2_000).startswith("2,000 feeds, all are due.")


def test_a_run_says_at_its_end_what_saved_searches_found_and_who_did_not_take_it():
    said = _say_told({"hits": 1, "messages": 3, "not_taken": 0})
    assert said == "Saved searches found 1 new story; 3 messages told of what was due."
    said = _say_told({"hits": 2, "messages": 0, "not_taken": 2})
    assert "2 new stories" in said
    assert "2 attempts not taken, each made again later: `newsline alerts list`" in said
