"""What `newsline run` says at its end: what it did, how feeds are, whether the books balance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import typer

from pipeline.app import App
from pipeline.balance import BalanceSheet, balance
from pipeline.cli.hints import complete
from pipeline.cli.output import BAD_NEWS, OK, REFUSED, print_json, print_table, quantity
from pipeline.errors import AccessDenied, IndexUnavailable
from pipeline.feeds.merging import say_merged
from pipeline.model import Stage
from pipeline.work import Books, FeedState, Scope

#: Health of feeds that bring nothing and need somebody to look.
ILL = frozenset({"failing", "gone", "empty", "paused"})

_TOLD = ("hits", "messages", "not_taken")
#: How to ask feeds before they are due, once what kept them from answering is mended.
_ASK_NOW = "`newsline replay --stage poll` makes all feeds due now (--feed ID one)"


@dataclass(frozen=True, slots=True)
class _Summary:
    run_id: str
    counts: Mapping[tuple[str, str, str], int]  # (stage, result, reason) → outcomes
    sheet: BalanceSheet
    unasked: str | None  # why the index was not asked what it holds
    away: str | None  # why the index took nothing at the end
    states: Sequence[FeedState]  # of the catalogue
    told: Mapping[str, int]  # hits of saved searches, messages sent, and not taken
    next_at: datetime | None  # when the next item that is on its way is due

    @property
    def ill(self) -> list[FeedState]:
        return [state for state in self.states if state.health in ILL]

    @property
    def merged(self) -> list[FeedState]:
        return [state for state in self.states if state.merged_into is not None]

    @property
    def code(self) -> int:
        """OK when the books balance and not every feed that is polled is failing."""
        if self.away is not None:
            return REFUSED
        polled = len(self.states) - len(self.merged)
        return OK if self.sheet.balances and len(self.ill) < max(1, polled) else BAD_NEWS


def summarise(
    app: App, run_id: str, *, away: str | None, told: Mapping[str, int], json: bool
) -> int:
    """Print the summary of a run and return the exit code; `away`: why the index took nothing.

    The code is REFUSED when articles wait because the index is away or refuses our key.
    """
    books = app.ledger.books(Scope())
    # An index that takes nothing is not asked: a run that is told to stop must end in time.
    sheet, unasked = (
        (balance(books, books.indexed.items()), None) if away else _ask_index(app, books)
    )
    summary = _Summary(
        run_id,
        app.ledger.run_counts(run_id),
        sheet,
        away or (str(unasked) if unasked else None),
        away or (str(unasked) if isinstance(unasked, IndexUnavailable) else None),
        [state for state in app.ledger.feed_states() if state.configured],
        told,
        min(filter(None, map(app.ledger.next_due_at, list(Stage)[1:])), default=None),
    )
    (_print_json if json else _print_text)(summary)
    return summary.code


def _ask_index(
    app: App, books: Books
) -> tuple[BalanceSheet, AccessDenied | IndexUnavailable | None]:
    """Hold the books against the index; against themselves, with the reason, if it says nothing."""
    try:
        return balance(books, app.index.versions()), None
    except (AccessDenied, IndexUnavailable) as error:
        return balance(books, books.indexed.items()), error


def _print_json(summary: _Summary) -> None:
    names = ("stage", "result", "reason")
    print_json(
        {
            "run_id": summary.run_id,
            "outcomes": [
                dict(zip(names, key, strict=True)) | {"count": count}
                for key, count in sorted(summary.counts.items())
            ],
            "feeds": {
                "configured": len(summary.states),
                "failing": [state.feed.feed_id for state in summary.ill],
                "merged": {state.feed.feed_id: state.merged_into for state in summary.merged},
            },
            "delivered": {name: summary.told.get(name, 0) for name in _TOLD},
            "balance": summary.sheet.as_dict(),
            "index_away": summary.away,
            "index_not_asked": summary.unasked,
        }
    )


def _print_text(summary: _Summary) -> None:
    if summary.counts:
        print_table(
            f"Run {summary.run_id}",
            ("stage", "result", "reason", "count"),
            [(*key, count) for key, count in sorted(summary.counts.items())],
        )
    else:
        typer.echo(complete(f"Nothing was due. {_next_poll(summary.states)}"))
    if summary.ill:
        print_table(
            "Feeds that fail",
            ("feed", "why", "next try"),
            [(state.feed.feed_id, state.last_reason, _minute(state.next_poll_at))
             for state in summary.ill],
        )  # fmt: skip
        ask_now = f"; {_ASK_NOW}" if summary.counts else ""  # else it stands above
        typer.echo(complete(f"`newsline feeds check` says more{ask_now}."))
    for state in summary.merged:
        typer.echo(f"{state.feed.feed_id} is {say_merged(state)}.")
    if any(summary.told.values()):
        typer.echo(_say_told(summary.told))
    typer.echo(complete(summary.sheet.sentence()))
    if summary.sheet.in_flight and summary.next_at:
        waiting = quantity(summary.sheet.in_flight, "article is", "articles are")
        typer.echo(f"{waiting} on the way; the next step is due at {_minute(summary.next_at)}.")
    if summary.unasked:
        typer.echo(complete(f"By the ledger alone: the index was not asked. {summary.unasked}"))
    if summary.away:
        typer.echo(complete(f"Articles wait, the index takes nothing: {summary.away}"))


def _say_told(told: Mapping[str, int]) -> str:
    found = f"Saved searches found {quantity(told['hits'], 'new story', 'new stories')}"
    sent = f"{quantity(told['messages'], 'message')} told of what was due"
    if not told["not_taken"]:
        return f"{found}; {sent}."
    refused = f"{quantity(told['not_taken'], 'attempt')} not taken, each made again later"
    return f"{found}; {sent}, {refused}: `newsline alerts list`, `newsline webhooks list`."


def _next_poll(states: Sequence[FeedState]) -> str:
    """Say when a feed is asked next."""
    due = [state.next_poll_at for state in states if state.next_poll_at and not state.paused]
    if not due:
        return "No feed is active."
    return f"The next feed is due at {_minute(min(due))}; {_ASK_NOW}, then `newsline run --once`."


def _minute(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "never: paused"
