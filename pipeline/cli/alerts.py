"""`newsline alerts`: saved searches that tell of each story once."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated

import typer

from pipeline.alerts.letters import MAILTO, is_address
from pipeline.alerts.matching import BackTest, back_test, query_of
from pipeline.alerts.saved import MAX_NAME_CHARS, AlertHit, SavedSearch, new_search
from pipeline.app import App
from pipeline.cli.filters import read_filters
from pipeline.cli.hints import complete
from pipeline.cli.options import DEFAULT_DATA, ConfigOption, DataOption, open_existing
from pipeline.cli.output import BAD_NEWS, JsonFlag, complain, print_blocks, print_json, print_table
from pipeline.errors import UsageError
from pipeline.index.query import FILTERS

commands = typer.Typer(
    help="Alerts: saved searches that tell of each story once.", no_args_is_help=True
)
_DAYS = 30
_SHOWN = 20
_EVERY = {"hit": 0, "hour": 3_600, "day": 86_400}

NameArgument = Annotated[str, typer.Argument(help="What the alert is called.")]
TextArgument = Annotated[
    str, typer.Argument(help='Words, "exact phrases", OR, -excluded, begin*, title:word.')
]
FilterOption = Annotated[
    list[str] | None,
    typer.Option("--filter", help="FACET=VALUE, e.g. topic='Safe zone'. May be repeated."),
]
DaysOption = Annotated[int, typer.Option(help="How many days back to look.", min=1, max=366)]


def register(app: typer.Typer) -> None:
    """Add the group to the root."""
    app.add_typer(commands, name="alerts")


@commands.command("test")
def show_test(
    text: TextArgument = "",
    *,
    filters: FilterOption = None,
    days: DaysOption = _DAYS,
    until: Annotated[str, typer.Option("--to", help="Last day, YYYY-MM-DD. Default: today.")] = "",
    data: DataOption = DEFAULT_DATA,
    config: ConfigOption = None,
    json: JsonFlag = False,
) -> None:
    """Show what a search would have caught, were it saved so many days ago.

    Example: newsline alerts test '"safe zone"' --filter language=en --days 90 --data var/mine
    """
    with open_existing(data, config) as app:
        since, found = _tested(app, _search("", text, filters), days, until)
    if json:
        print_json({"since": since, "stories": found.stories, "articles": found.articles,
                    "hits": found.hits})  # fmt: skip
        return
    _show_hits("The newest of them", found.hits[:_SHOWN])
    typer.echo(_caught(since, found))


@commands.command("add")
def add(
    name: NameArgument,
    text: TextArgument = "",
    *,
    filters: FilterOption = None,
    webhook: Annotated[
        str, typer.Option(help="Address that gets hits as JSON (POST). Default: only the feed.")
    ] = "",
    email: Annotated[
        str, typer.Option(help="Address that gets hits as a letter; [mail] says by which server.")
    ] = "",
    every: Annotated[
        str, typer.Option(help="hit: tell at once; hour, day: gather hits so long.")
    ] = "hit",
    data: DataOption = DEFAULT_DATA,
    config: ConfigOption = None,
    json: JsonFlag = False,
) -> None:
    """Save a search. It is matched with what is indexed from now on, one hit for each story.

    Hits stand in an Atom feed (`newsline serve`), and go to a webhook if you name one.

    Example: newsline alerts add zone '"safe zone"' --data var/mine

    Example: newsline alerts add sea sea --webhook https://a.example/b --every day --data var/mine
    """
    if not name.strip() or len(name) > MAX_NAME_CHARS or not name.isprintable() or "/" in name:
        raise UsageError(f"NAME {name!r}: 1 to {MAX_NAME_CHARS} characters, no /")
    if every not in _EVERY:
        raise UsageError(f"--every {every!r}: one of {', '.join(_EVERY)}")
    if webhook and not webhook.startswith(("http://", "https://")):
        raise UsageError(f"--webhook {webhook!r}: an address that begins with https://")
    if email and (webhook or not is_address(email)):
        raise UsageError(f"--email {email!r}: an address like a@b.example, and no --webhook")
    target = f"{MAILTO}{email}" if email else webhook
    search = _search(name, text, filters, webhook=target, every_s=_EVERY[every])
    with open_existing(data, config) as app:
        if email and not app.config.mail.host:
            raise UsageError(f"--email {email!r}: [mail] host names no server to send it by")
        app.index.search(query_of(search))
        since, found = _tested(app, search, _DAYS, "")
        kept = app.ledger.add_alert(search, app.clock.now())
    feed = f"/alerts/{kept.alert_id}.atom"
    if json:
        print_json({"name": kept.name, "feed": feed, "would_have_caught": found.stories,
                    "secret": kept.secret})  # fmt: skip
        return
    typer.echo(_caught(since, found))
    if kept.secret:
        typer.echo(f"Messages are signed with {kept.secret}: docs/alerts.md says how to check it.")
    typer.echo(complete(f"Saved. Its feed is {feed} of `newsline serve`."))


@commands.command("list")
def list_alerts(
    data: DataOption = DEFAULT_DATA, config: ConfigOption = None, json: JsonFlag = False
) -> None:
    """List all saved searches.

    Example: newsline alerts list --data var/mine
    """
    with open_existing(data, config) as app:
        searches = [replace(one, secret="") for one in app.ledger.alerts()]
    if json:
        print_json(searches)
        return
    rows = [
        (one.name, one.text, _said(one), one.webhook, f"/alerts/{one.alert_id}.atom")
        for one in searches
    ]
    print_table("Alerts", ("name", "text", "filters", "webhook", "feed"), rows)


@commands.command("show")
def show(
    name: NameArgument,
    data: DataOption = DEFAULT_DATA,
    config: ConfigOption = None,
    json: JsonFlag = False,
) -> None:
    """Show the newest hits of an alert, and whether they were taken.

    Example: newsline alerts show zone --data var/mine
    """
    with open_existing(data, config) as app:
        found = next((one for one in app.ledger.alerts() if one.name == name), None)
        hits = app.ledger.hits(found.alert_id, limit=_SHOWN) if found else []
    if found is None:
        _unknown(name)
    elif json:
        print_json({"alert": replace(found, secret=""), "hits": hits})
    else:
        _show_hits(f"{found.name}: {found.text} {_said(found)}", hits)


@commands.command("remove")
def remove(
    name: NameArgument, data: DataOption = DEFAULT_DATA, config: ConfigOption = None
) -> None:
    """Delete a saved search and its hits. Exit code 1 when there is none of that name.

    Example: newsline alerts remove zone --data var/mine
    """
    with open_existing(data, config) as app:
        was_there = app.ledger.remove_alert(name)
    if not was_there:
        _unknown(name)
    typer.echo(f"the alert {name} is gone")


def _unknown(name: str) -> None:
    complain(f"there is no alert {name!r}; `newsline alerts list` shows what there is")
    raise typer.Exit(BAD_NEWS)


def _search(
    name: str, text: str, filters: list[str] | None, *, webhook: str = "", every_s: int = 0
) -> SavedSearch:
    advice = f"FACET=VALUE; there are {', '.join(FILTERS)}"
    chosen = read_filters(filters, advice, known=FILTERS)
    if not text.strip() and not chosen:
        raise UsageError("give words to look for, or a --filter")
    return new_search(name, text, chosen, webhook=webhook, every_s=every_s)


def _tested(app: App, search: SavedSearch, days: int, until: str) -> tuple[date, BackTest]:
    try:
        last = date.fromisoformat(until) if until else app.clock.now().date()
    except ValueError:
        raise UsageError(f"--to {until!r}: write a day as YYYY-MM-DD") from None
    since = last - timedelta(days=days)
    return since, back_test(app.index, search, since, last)


def _caught(since: date, found: BackTest) -> str:
    """Say what would have been told."""
    stories = f"{found.stories:,} {'story' if found.stories == 1 else 'stories'}"
    articles = f"{found.articles:,} {'article' if found.articles == 1 else 'articles'}"
    return f"Since {since} it would have told of {stories} ({articles})."


def _said(one: SavedSearch) -> str:
    return ", ".join(f"{name}={value}" for name, some in one.filters.items() for value in some)


def _show_hits(title: str, hits: "tuple[AlertHit, ...] | list[AlertHit]") -> None:
    blocks = [
        (
            (hit.published_at or "", hit.outlet, hit.title or "(no headline)", _state(hit)),
            (" … ".join(hit.matched), hit.url),
        )
        for hit in hits
    ]
    print_blocks(title, ("published", "outlet", "title", "told"), blocks)


def _state(hit: AlertHit) -> str:
    if hit.delivered_at:
        return f"{hit.delivered_at:%Y-%m-%d %H:%M}"
    return f"not taken: {hit.failed_reason}" if hit.failed_reason else ""
