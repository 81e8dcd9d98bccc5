"""The picture of articles over time: whatever is asked for, nothing is lost and it has an end."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.serve.pages.volume import MAX_BARS, axis, bars_of, drawn, summary

DAY = date(2019, 9, 8)
COUNTS = st.dictionaries(st.dates(), st.integers(1, 9), max_size=8)


@given(COUNTS, st.none() | st.dates(), st.none() | st.dates())
def test_bars_follow_each_other_and_hold_what_is_between_them(counts, since, until):
    bars = bars_of(counts, since, until)
    assert len(bars) <= MAX_BARS
    for one, other in pairwise(bars):
        assert other.first == one.last + timedelta(days=1)
    if bars:
        first, last = bars[0].first, bars[-1].last
        inside = sum(many for day, many in counts.items() if first <= day <= last)
        assert sum(bar.articles for bar in bars) == inside
        assert (since or first, until or last) == (first, last)


def test_a_long_time_is_drawn_in_weeks_and_months():
    short = bars_of({DAY: 1, DAY + timedelta(days=80): 2})
    weeks = bars_of({DAY: 1, DAY + timedelta(days=500): 2})
    months = bars_of({DAY: 1, DAY + timedelta(days=1_500): 2})
    assert [len(bars) for bars in (short, weeks, months)] == [81, 73, 50]
    assert weeks[1].first.weekday() == 0
    assert months[1].first == date(2019, 10, 1)


def test_days_that_are_asked_for_are_drawn_although_nothing_happened():
    bars = bars_of({}, DAY, DAY + timedelta(days=2))
    assert [bar.articles for bar in bars] == [0, 0, 0]
    assert bars_of({}) == []
    assert bars_of({DAY: 1}, DAY + timedelta(days=9), DAY) == []


def test_the_picture_is_said_in_words_and_each_bar_leads_to_its_days():
    bars = bars_of({DAY: 3, DAY + timedelta(days=1): 1})
    assert summary(bars) == "4 articles from 2019-09-08 to 2019-09-09; most on 2019-09-08: 3"
    picture = str(drawn(bars, lambda bar: f"?q=a&since={bar.first}"))
    assert '<a href="?q=a&amp;since=2019-09-08" tabindex="-1"' in picture
    assert "<title>2019-09-08: 3</title>" in picture
    assert ">2019-09-08</text>" in axis(bars)
