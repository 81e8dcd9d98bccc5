"""Between a query string and what is looked at: every view is an address that can be passed on.

Whatever a query string holds, the answer is a view: what cannot be read is left out, and what an
index refuses is said by the index.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from urllib.parse import urlencode

from pipeline.index.query import FACETS, FILTERS, Query
from pipeline.ops.asked import storable

SORTS = ("relevance", "newest", "oldest")
PAGE = 10
FEW, MANY = 8, 100  # values of a facet that are shown, at first and when more are wanted
_MAX_CHARS = 2_048

#: What can be asked for at once: as many as an address holds.
Filters = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class View:
    """What is asked for on the search page."""

    text: str = ""
    filters: Filters = field(default_factory=dict)
    since: date | None = None
    until: date | None = None
    sort: str = "relevance"
    by_story: bool = True
    cursor: str = ""
    more: str = ""  # facet of which many values are wanted

    def query(self, **other: object) -> Query:
        """Return the query of this view, with some of it changed."""
        usual = Query(
            text=self.text,
            filters=self.filters,
            since=self.since,
            until=self.until,
            sort=self.sort,
            size=PAGE,
            cursor=self.cursor or None,
            collapse=self.by_story,
        )
        return replace(usual, **other)  # type: ignore[arg-type] # names of Query's own fields

    @property
    def is_narrowed(self) -> bool:
        """Tell whether anything at all is asked for."""
        return bool(self.text.strip() or self.filters or self.since or self.until)


def view_of(pairs: Iterable[tuple[str, str]]) -> View:
    """Read the pairs of a query string."""
    single: dict[str, str] = {}
    filters: dict[str, tuple[str, ...]] = {}
    for name, raw in pairs:
        value = storable(raw)[:_MAX_CHARS]
        if name in FILTERS and value:
            filters[name] = tuple(dict.fromkeys((*filters.get(name, ()), value)))
        else:
            single[name] = value
    sort, more = single.get("sort", ""), single.get("more", "")
    return View(
        text=single.get("q", "").strip(),
        filters=filters,
        since=_day(single.get("since", "")),
        until=_day(single.get("until", "")),
        sort=sort if sort in SORTS else "relevance",
        by_story=single.get("by", "") != "article",
        cursor=single.get("cursor", ""),
        more=more if more in FACETS else "",
    )


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value.strip()[:10])
    except ValueError:
        return None


def pairs_of(view: View) -> list[tuple[str, str]]:
    """Return the pairs that lead to a view; nothing that is so anyway."""
    pairs = [
        ("q", view.text),
        *((name, value) for name in FILTERS for value in view.filters.get(name, ())),
        ("since", view.since.isoformat() if view.since else ""),
        ("until", view.until.isoformat() if view.until else ""),
        ("sort", view.sort if view.sort != "relevance" else ""),
        ("by", "" if view.by_story else "article"),
        ("more", view.more),
        ("cursor", view.cursor),
    ]
    return [(name, value) for name, value in pairs if value]


def address(view: View, **other: object) -> str:
    """Return the query string of a view with some of it changed; it begins at the first page."""
    changed = replace(view, **({"cursor": "", "more": ""} | other))  # type: ignore[arg-type]
    return "?" + urlencode(pairs_of(changed))


def toggled(view: View, facet: str, value: str) -> str:
    """Return the query string with a value of a facet chosen, or no longer chosen."""
    chosen = view.filters.get(facet, ())
    after = tuple(one for one in chosen if one != value) if value in chosen else (*chosen, value)
    filters = {**view.filters, facet: after}
    return address(view, filters={name: values for name, values in filters.items() if values})


def export_links(view: View) -> list[tuple[str, str]]:
    """Return (format, address) of everything that a view finds."""
    sort = view.sort if view.sort == "oldest" else "relevance"  # there newest is usual
    pairs = pairs_of(replace(view, sort=sort, cursor="", more="", by_story=True))
    return [
        (words, "/v1/export?" + urlencode([*pairs, ("format", name)]))
        for words, name in (("CSV", "csv"), ("NDJSON", "ndjson"), ("Parquet", "parquet"))
    ]
