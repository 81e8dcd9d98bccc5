"""How often a caller may ask."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.serve.limits import Limit, Limits, take

TEN = Limit(per_minute=10)


def test_a_minutes_worth_of_requests_may_come_at_once_and_then_one_every_six_seconds():
    limits = Limits(TEN)
    assert [limits.take("a", 0.0) for _ in range(10)] == [0] * 10
    assert limits.take("a", 0.0) == 6
    assert limits.take("a", 3.0) == 3
    assert limits.take("a", 6.0) == 0
    assert limits.take("a", 6.0) == 6


def test_callers_do_not_take_from_each_other():
    limits = Limits(Limit(per_minute=1))
    assert limits.take("a", 0.0) == 0
    assert limits.take("b", 0.0) == 0
    assert limits.take("a", 0.0) == 60


def test_who_waited_as_long_as_was_said_is_let_in():
    bucket, wait_s = None, 0
    for _ in range(11):
        bucket, wait_s = take(bucket, TEN, 100.0)
    assert take(bucket, TEN, 100.0 + wait_s)[1] == 0


@given(st.lists(st.floats(0, 600), min_size=1, max_size=200), st.integers(1, 100))
def test_no_minute_lets_in_more_than_twice_the_limit(times, per_minute):
    bucket, let_in = None, []
    for now_s in sorted(times):
        bucket, wait_s = take(bucket, Limit(per_minute), now_s)
        if not wait_s:
            let_in.append(now_s)
    for start in let_in:
        assert sum(start <= at < start + 60 for at in let_in) <= 2 * per_minute
