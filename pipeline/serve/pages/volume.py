"""How many articles there were over time: days, weeks, months or years as SVG. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from markupsafe import Markup

#: Days that are drawn singly; a longer time in weeks, months, then years.
MAX_BARS = 120
_WIDTH, _HEIGHT = 1_000, 120
_LABELS = 6
_LABEL_SHARE = 0.1  # of the width, that a day takes
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Bar:
    """So many articles from one day to another, both inclusive."""

    first: date
    last: date
    articles: int

    @property
    def label(self) -> str:
        """Return the days as people write them."""
        if self.first == self.last:
            return self.first.isoformat()
        return f"{self.first.isoformat()} to {self.last.isoformat()}"


def bars_of(
    counts: Mapping[date, int], since: date | None = None, until: date | None = None
) -> list[Bar]:
    """Return bars without a gap from the first day to the last one."""
    days = [*counts, *(day for day in (since, until) if day)]
    if not days:
        return []
    first, last = since or min(days), until or max(days)
    if first > last:
        return []
    for start_of in (_as_is, _week, _month, _year, _century):
        starts = _starts(first, last, start_of)
        if len(starts) <= MAX_BARS:
            break
    ends = [*(start - _DAY for start in starts[1:]), last]
    within = sorted((day, many) for day, many in counts.items() if first <= day <= last)
    bars, at = [], 0
    for start, end in zip(starts, ends, strict=True):
        many = 0
        while at < len(within) and within[at][0] <= end:
            many += within[at][1]
            at += 1
        bars.append(Bar(max(start, first), end, many))
    return bars


def _starts(first: date, last: date, start_of: Callable[[date], date]) -> list[date]:
    """Return where the first days, weeks, ... begin, at most one more than can be drawn."""
    starts = [start_of(first)]
    while len(starts) <= MAX_BARS:
        then = _after(starts[-1], start_of)
        if then is None or then > last:
            break
        starts.append(then)
    return starts


def _after(start: date, start_of: Callable[[date], date]) -> date | None:
    """Return the beginning of the next day, week, ...; None: the calendar ends before."""
    for step in (1, 7, 31, 366, 36_525):
        if start > date.max - timedelta(days=step):
            return None
        then = start_of(start + timedelta(days=step))
        if then > start:
            return then
    return None


def _as_is(day: date) -> date:
    return day


def _week(day: date) -> date:
    return day - timedelta(days=min(day.weekday(), day.toordinal() - 1))


def _month(day: date) -> date:
    return day.replace(day=1)


def _year(day: date) -> date:
    return day.replace(month=1, day=1)


def _century(day: date) -> date:
    return date(max(1, day.year - day.year % 100), 1, 1)


def summary(bars: Sequence[Bar]) -> str:
    """Say in words what the picture shows."""
    if not bars:
        return "No articles."
    total = sum(bar.articles for bar in bars)
    most = max(bars, key=lambda bar: bar.articles)
    return (
        f"{total:,} articles from {bars[0].first.isoformat()} to {bars[-1].last.isoformat()};"
        f" most on {most.label}: {most.articles:,}"
    )


def drawn(bars: Sequence[Bar], link: Callable[[Bar], str]) -> Markup:
    """Return the bars as SVG, each a link; explorer.js lets one drag over several.

    For the eye and the mouse: whoever does not see it has the same in the table beside it.
    """
    tallest = max((bar.articles for bar in bars), default=0) or 1
    step = _WIDTH / max(len(bars), 1)
    pieces = [
        Markup(
            '<a href="{}" tabindex="-1" data-from="{}" data-to="{}"><title>{}</title>'
            '<rect class="hit" x="{:.1f}" y="0" width="{:.1f}" height="{}"/>'
            '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/></a>'
        ).format(
            link(bar), bar.first.isoformat(), bar.last.isoformat(),
            f"{bar.label}: {bar.articles:,}",
            n * step, step, _HEIGHT,
            "some" if bar.articles else "none",
            n * step + step * 0.1, _HEIGHT - _tall(bar, tallest), step * 0.8, _tall(bar, tallest),
        )
        for n, bar in enumerate(bars)
    ]  # fmt: skip
    head = Markup(
        '<svg class="volume" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true"'
        ' focusable="false">'
    ).format(_WIDTH, _HEIGHT)
    return head + Markup().join(pieces) + Markup("</svg>")


def _tall(bar: Bar, tallest: int) -> float:
    return max(1.0, _HEIGHT * bar.articles / tallest)


def axis(bars: Sequence[Bar]) -> Markup:
    """Return the days below the picture; apart from it, because letters must not be stretched."""
    every = max(1, -(-len(bars) // _LABELS))
    names = [
        Markup('<text x="{:.1f}%" y="12">{}</text>').format(100 * at / len(bars), bars[at].first)
        for at in range(0, len(bars), every)
        if at == 0 or at <= len(bars) * (1 - _LABEL_SHARE)
    ]
    head = Markup(
        '<svg class="axis" width="100%" height="16" aria-hidden="true" focusable="false">'
    )
    return head + Markup().join(names) + Markup("</svg>")
