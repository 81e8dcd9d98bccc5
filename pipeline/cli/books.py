"""`newsline balance`, `where` and `replay`: what became of everything that was discovered."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer

from pipeline.app import App
from pipeline.balance import BalanceSheet, balance
from pipeline.cli.hints import complete
from pipeline.cli.options import DEFAULT_DATA, ConfigOption, DataOption, open_existing
from pipeline.cli.output import (
    BAD_NEWS,
    JsonFlag,
    complain,
    print_blocks,
    print_json,
    print_table,
    quantity,
)
from pipeline.cli.renewal import replay_enricher
from pipeline.errors import UsageError
from pipeline.feeds.merging import say_merged
from pipeline.model import ArchivePlace, Stage, Status
from pipeline.work import FeedState, LifeLine, Position, ReplaySelector, Scope

#: Articles named when the books do not balance; the counts say how many more there are.
NAMED = 20
_ADVICE = "`newsline index rebuild` makes the index agree with the ledger."

FeedOption = Annotated[str | None, typer.Option("--feed", help="Only what this feed listed.")]
PublisherOption = Annotated[str | None, typer.Option("--publisher", help="Only this outlet's.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the root."""
    app.command("balance")(show_balance)
    app.command("where")(where)
    app.command("replay")(replay)


def show_balance(
    *,
    feed: FeedOption = None,
    publisher: PublisherOption = None,
    day: Annotated[
        str | None, typer.Option("--day", help="Only what was first seen on YYYY-MM-DD (UTC).")
    ] = None,
    run: Annotated[
        str | None, typer.Option("--run", help="Only what a run listed or worked on, by its id.")
    ] = None,
    data: DataOption = DEFAULT_DATA,
    config: ConfigOption = None,
    json: JsonFlag = False,
) -> None:
    """Show that everything discovered is accounted for, here and in the index.

    Exit code 1 when the books do not balance; the articles concerned are named. Of a run, where
    each URL that it listed as new or changed, or worked on, is now; unchanged is what it found in
    the index as it was.

    Example: newsline balance --publisher example --data var/mine
    """
    scope = Scope(feed_id=feed, publisher=publisher, day=day, run_id=run)
    with open_existing(data, config) as app:
        _check_names(app, feed, publisher)
        if run is not None and not app.ledger.run_counts(run):
            raise UsageError(f"no run {run!r} is known to this ledger, or it had nothing to do")
        sheet = _sheet(app, scope)
        named = _named(app, sheet)
    if json:
        print_json({"scope": _given(scope), **sheet.as_dict(), "concerned": named})
    else:
        title = ", ".join(f"{name} {value}" for name, value in _given(scope).items())
        rows = [("discovered", sheet.discovered), *sheet.rows()]
        if sheet.no_link:
            rows.append(("beside the sum: entries without a link", sheet.no_link))
        print_table(f"Balance{': ' + title if title else ''}", ("what", "URLs"), rows)
        if named:
            blocks = [((row["problem"], row["article_id"]), (row["url"],)) for row in named]
            print_blocks(f"The first {NAMED}", ("problem", "article"), blocks)
        typer.echo(complete(sheet.sentence(_ADVICE if sheet.anomalies else "")))
    if not sheet.balances:
        raise typer.Exit(BAD_NEWS)


def _sheet(app: App, scope: Scope) -> BalanceSheet:
    """Return the balance; look twice before saying that it is wrong.

    Ledger and index are read one after the other: a run that is writing moves both meanwhile.
    """
    sheet = balance(app.ledger.books(scope), app.index.versions())
    return sheet if sheet.balances else balance(app.ledger.books(scope), app.index.versions())


def _named(app: App, sheet: BalanceSheet) -> list[dict[str, str]]:
    """Return the first articles on which ledger and index disagree, with their addresses."""
    found = [
        *(("missing from the index", id_) for id_ in sheet.missing_from_index),
        *(("unexpected in the index", id_) for id_ in sheet.unexpected_in_index),
        *(
            (f"version {one.index} in the index, {one.ledger} in the ledger", one.article_id)
            for one in sheet.version_differs
        ),
    ][:NAMED]
    addresses = app.ledger.addresses([article_id for _, article_id in found])
    return [
        {"problem": problem, "article_id": id_, "url": addresses.get(id_, "(not in the ledger)")}
        for problem, id_ in found
    ]


def _given(scope: Scope) -> dict[str, str]:
    named = {"feed": scope.feed_id, "publisher": scope.publisher, "day": scope.day,
             "run": scope.run_id}  # fmt: skip
    return {name: value for name, value in named.items() if value is not None}


def _check_names(app: App, feed: str | None, publisher: str | None) -> None:
    """Refuse what was never in the catalogue: its books would balance at nought."""
    if feed is not None and not app.ledger.feed_states([feed]):
        raise UsageError(f"no feed {feed!r} is known to this ledger")
    if publisher is not None:
        known = {state.feed.publisher for state in app.ledger.feed_states()}
        if publisher not in known:
            names = ", ".join(sorted(known)) or "none"
            raise UsageError(f"no publisher {publisher!r} is known to this ledger; known: {names}")


def where(
    url: Annotated[str, typer.Argument(help="A link as a feed gave it, or the final address.")],
    data: DataOption = DEFAULT_DATA,
    config: ConfigOption = None,
    json: JsonFlag = False,
) -> None:
    """Tell the life of one URL: every step with its time, outcome and reason, and where it is now.

    Exit code 1 when it was never seen.

    Example: newsline where https://www.example.org/news/safe-zone --data var/mine
    """
    with open_existing(data, config) as app:
        found = app.ledger.where(url)
    if found is None:
        if json:
            print_json({"url": url, "position": None, "life": []})
        complain(f"{url}: never seen in any feed of this ledger")
        raise typer.Exit(BAD_NEWS)
    position, life = found
    if json:
        print_json({"url": url, "position": position, "life": life})
    else:
        _show_life(position, life)


def _show_life(position: Position, life: Sequence[LifeLine]) -> None:
    print_blocks(
        position.url,
        ("at (UTC)", "stage", "result", "reason"),
        [
            ((_second(line.at), line.stage, line.result, line.reason),
             (line.detail, _place(line.place)))
            for line in life
        ],
    )  # fmt: skip
    now = [
        ("status", position.status),
        ("reason", position.reason),
        *_waiting(position),
        ("article", position.article_id),
        ("document version", position.doc_version),
        ("alias of", position.alias_of),
        ("duplicate of", position.duplicate_of),
    ]
    print_table("Now", ("what", "value"), [row for row in now if row[1] is not None])


def _waiting(position: Position) -> list[tuple[str, str | None]]:
    """Return what is still to be done.

    An article at its end that is to be fetched is only looked at again: it waits for nothing.
    """
    due_at = f"{_second(position.due_at)} UTC" if position.due_at else None
    if position.stage is Stage.FETCH and position.status is not Status.IN_FLIGHT:
        return [("revisit due at", due_at)]
    return [("waits for", position.stage), ("due at", due_at)]


def _second(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _place(place: ArchivePlace | None) -> str | None:
    return f"{place.segment} @{place.offset}+{place.length}" if place else None


def replay(
    *,
    stage: Annotated[
        Stage | None,
        typer.Option(
            "--stage",
            help="Through which stage; default: the one where each died. poll: ask feeds now.",
        ),
    ] = None,
    dead: Annotated[
        bool, typer.Option("--dead/--all", help="Dead letters only, or all that has ended.")
    ] = True,
    feed: FeedOption = None,
    publisher: PublisherOption = None,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Only with this reason, e.g. http_503.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="First seen on YYYY-MM-DD (UTC) or later.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="First seen before YYYY-MM-DD (UTC).")
    ] = None,
    url: Annotated[
        str | None, typer.Option("--url", help="Only this one, as `newsline where` takes it.")
    ] = None,
    enricher: Annotated[
        str | None,
        typer.Option(
            "--enricher", help="With --stage enrich: run this one again; shows the changes first."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say how many there would be.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="With --enricher: write without asking.")
    ] = False,
    data: DataOption = DEFAULT_DATA,
    config: ConfigOption = None,
    json: JsonFlag = False,
) -> None:
    """Make URLs due again; the next `newsline run` does the work, from the archive where it can.

    Aliases, and what was retracted or erased, stay as they are. With --stage poll it is feeds that
    become due, all or those of --feed, --publisher or --reason; paused ones are left alone.

    With --enricher it is articles in the index whose part another version made: what would change
    of each field is counted and shown, and only those articles are written and indexed anew.

    Example: newsline replay --all --stage extract --publisher example --data var/mine

    Example: newsline replay --stage poll --feed example-world --data var/mine

    Example: newsline replay --stage enrich --enricher topics --since 2019-08-01 --data var/mine
    """
    if url is not None and (enricher is not None or stage is Stage.POLL):
        raise UsageError("--url goes with neither --enricher nor --stage poll")
    selector = ReplaySelector(
        stage=stage,
        dead_only=dead,
        feed_id=feed,
        publisher=publisher,
        reason=reason,
        since=_day("--since", since),
        until=_day("--until", until),
    )
    with open_existing(data, config) as app:
        _check_names(app, feed, publisher)
        if enricher is not None:
            replay_enricher(app, selector, enricher, dry_run=dry_run, yes=yes, json=json)
            return
        if url is not None:
            selector = replace(selector, url_id=_url_id(app, url))
        if stage is Stage.POLL:
            count = _poll_now(app, selector, dry_run=dry_run)
        else:
            count = app.ledger.replay(selector, app.clock.now(), dry_run=dry_run)
            if not count and reason is not None:
                _tell_reasons(app, selector)
    answer: dict[str, Any] = {"replayed": 0 if dry_run else count, "selected": count}
    if json:
        print_json(answer)
    else:
        noun = "feed" if stage is Stage.POLL else "URL"
        typer.echo(_replayed(count, noun, dry_run=dry_run))


def _url_id(app: App, url: str) -> str:
    found = app.ledger.where(url)
    if found is None:
        raise UsageError(f"--url {url}: never seen in any feed of this ledger")
    return found[0].url_id


def _replayed(count: int, noun: str, *, dry_run: bool) -> str:
    """Say what was made due, and what comes next. The catalogue is not among our options."""
    if not count:
        return f"No {noun}s {'would be' if dry_run else 'are'} due again."
    what = quantity(count, noun)
    if dry_run:
        return f"{what} would be due again."
    step = "`newsline run --once`, with the --feeds that it always has, takes them up."
    return complete(f"{what} {'is' if count == 1 else 'are'} due again: {step}")


def _poll_now(app: App, selector: ReplaySelector, *, dry_run: bool) -> int:
    """Make the selected feeds due now; return how many."""
    if selector.since or selector.until:
        raise UsageError("--since and --until choose URLs; --stage poll takes --feed, --publisher,"
                         " --reason")  # fmt: skip
    states = [state for state in app.ledger.feed_states() if _is_selected(state, selector)]
    now = app.clock.now()
    for state in states:
        if state.paused:
            why = state.paused_reason or "by its operator"
            standing = say_merged(state) or f"paused ({why})"
            complain(f"{state.feed.feed_id} is {standing} and stays so")
        elif not dry_run:
            due = replace(state, next_poll_at=now)
            app.ledger.override_feed(due, actor="operator", note="replay --stage poll", now=now)
    return sum(not state.paused for state in states)


def _is_selected(state: FeedState, selector: ReplaySelector) -> bool:
    """Tell whether a feed that is in the catalogue now is among those asked for."""
    wanted = (selector.feed_id, selector.publisher, selector.reason)
    own = (state.feed.feed_id, state.feed.publisher, state.last_reason)
    return state.configured and all(
        want in (None, value) for want, value in zip(wanted, own, strict=True)
    )


def _tell_reasons(app: App, selector: ReplaySelector) -> None:
    """Say which reasons there are, when none was the given one."""
    books = app.ledger.books(Scope(selector.feed_id, selector.publisher))
    dead = {name.partition(":")[2] for name in books.dead_by_reason}
    reasons = dead if selector.dead_only else dead | set(books.dropped_by_reason)
    if selector.reason in reasons:
        return
    items = "dead letter" if selector.dead_only else "item"
    complain(f"no {items} has the reason {selector.reason!r}; there are: "
             f"{', '.join(sorted(reasons)) or 'none'}")  # fmt: skip
    if selector.dead_only and selector.reason in books.dropped_by_reason:
        complain(f"{selector.reason} is a reason of dropped URLs: add --all --stage STAGE")


def _day(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text!r}: write a day as YYYY-MM-DD") from None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
