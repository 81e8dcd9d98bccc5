"""`newsline search`: ask the index, read the answer in a terminal or as JSON."""

import re
from datetime import date
from typing import Annotated, Any

import typer
from rich.text import Text

from pipeline.cli.filters import read_filters
from pipeline.cli.options import DEFAULT_DATA, ConfigOption, DataOption, open_app, require_index
from pipeline.cli.output import JsonFlag, console, print_json, print_table, quantity
from pipeline.errors import UsageError
from pipeline.index.highlight import ELLIPSIS, MARK_CLOSE, MARK_OPEN, MAX_FRAGMENT_CHARS
from pipeline.index.query import FACETS, Hit, Query, SearchPage

_MARKED = re.compile(f"{MARK_OPEN}[^{MARK_CLOSE}]*{MARK_CLOSE}")


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("search")(search)


def search(
    text: Annotated[
        str, typer.Argument(help='Words, "exact phrases", OR, -excluded, begin*, title:word.')
    ] = "",
    *,
    facet: Annotated[
        list[str] | None,
        typer.Option(help=f"Count values of: {', '.join(FACETS)}. May be repeated."),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            help="FACET=VALUE, exactly as a facet shows it. May be repeated; several"
            " values of one facet are alternatives.",
        ),
    ] = None,
    since: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")] = "",
    until: Annotated[str, typer.Option("--to", help="Last day, YYYY-MM-DD.")] = "",
    sort: Annotated[str, typer.Option(help="relevance, newest or oldest.")] = "relevance",
    stories: Annotated[
        bool, typer.Option("--stories", help="One hit for each story instead of every copy.")
    ] = False,
    size: Annotated[int, typer.Option(help="Hits per page, at most 100.")] = 10,
    facet_size: Annotated[int, typer.Option(help="Values per facet, at most 100.")] = 10,
    cursor: Annotated[str, typer.Option(help="Where the previous page ended.")] = "",
    data: DataOption = DEFAULT_DATA,
    config: ConfigOption = None,
    json: JsonFlag = False,
) -> None:
    """Search the articles. Works while a run is writing. Exit code 0 also when nothing is found.

    A query that begins with - comes last, after --, so that it is not read as an option.

    Example: newsline search 'safe zone' --facet person --from 2019-09-01 --data var/mine

    Example: newsline search --sort newest --data var/mine -- '-buffer zone'
    """
    query = Query(
        text=text,
        filters=read_filters(where, "FACET=VALUE, as in person='Ban Ki-moon'"),
        since=_day("--from", since),
        until=_day("--to", until),
        facets=tuple(dict.fromkeys(facet or ())),
        facet_size=facet_size,
        sort=sort,
        size=size,
        cursor=cursor or None,
        collapse=stories,
    )
    with open_app(data, config) as app:
        require_index(app, data)
        page = app.index.search(query)
    if json:
        print_json(_as_json(page))
    else:
        _show(page)


def _day(option: str, text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text!r}: write a day as YYYY-MM-DD") from None


def _as_json(page: SearchPage) -> dict[str, Any]:
    return {
        "total": page.total,
        "hits": [
            {
                "article_id": hit.article_id,
                "score": hit.score,
                "in_story": hit.in_story,
                "highlights": hit.highlights,
                "document": hit.document,
            }
            for hit in page.hits
        ],
        "facets": {
            facet: [{"value": value, "count": count} for value, count in counts]
            for facet, counts in page.facets.items()
        },
        "cursor": page.cursor,
        "stories": page.stories,
    }


def _show(page: SearchPage) -> None:
    screen = console()
    if not page.total:
        screen.print("nothing found")
        return
    grouped = (
        f" in {quantity(page.stories, 'story', 'stories')}" if page.stories is not None else ""
    )
    screen.print(f"{quantity(page.total, 'article')}{grouped}")
    for hit in page.hits:
        screen.print()
        for line in _hit_lines(hit):
            screen.print(line, soft_wrap=True)
    for facet, counts in page.facets.items():
        screen.print()
        print_table(facet, (facet, "articles"), counts)
    if page.cursor:
        screen.print()
        screen.print(f"more: --cursor {page.cursor}", soft_wrap=True)


def _hit_lines(hit: Hit) -> list[Text]:
    """Return what a hit shows: when and where, its title, what was found in it, its address."""
    document = hit.document
    title = hit.highlights.get("title", (document["title"],))
    fragments = hit.highlights.get("text") or (_beginning(document["text"]),)
    head = f"{document['day']}  {document['outlet']}  {document.get('language') or ''}"
    if hit.in_story > 1:
        head += f"  and {hit.in_story - 1} more of this story"
    return [
        _plain(head, "dim"),
        *(_plain(line, "bold") for line in title),
        *(_plain(f"  {line}") for line in fragments),
        _plain(f"  {document['url']}", "blue"),
    ]


def _beginning(text: str) -> str:
    """Return the first words of a text, on one line."""
    line = " ".join(text.split())
    if len(line) <= MAX_FRAGMENT_CHARS:
        return line
    room = line[: MAX_FRAGMENT_CHARS - len(ELLIPSIS)]
    words = room[: room.rfind(" ")] if " " in room else room  # Chinese has no spaces
    return words + ELLIPSIS


def _plain(line: str, style: str = "") -> Text:
    """Return text from outside as text: no markup, no control characters; marks underlined."""
    text = Text("".join(char if char.isprintable() else " " for char in line), style)
    text.highlight_regex(_MARKED, "underline")
    return text
