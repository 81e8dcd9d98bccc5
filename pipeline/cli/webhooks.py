"""`newsline webhooks`: services to whom the change feed is pushed."""

from typing import Annotated

import typer

from pipeline.changes.following import FOLLOWED
from pipeline.changes.tokens import Place
from pipeline.changes.webhooks import MAX_NAME_CHARS, Webhook, shown
from pipeline.cli.filters import read_filters
from pipeline.cli.options import DEFAULT_DATA, ConfigOption, DataOption, open_existing
from pipeline.cli.output import BAD_NEWS, JsonFlag, complain, print_json, print_table, quantity
from pipeline.errors import UsageError
from pipeline.index.query import Query
from pipeline.messages import new_secret

commands = typer.Typer(
    help="Services to whom the change feed is pushed, as signed CloudEvents.",
    no_args_is_help=True,
)

NameArgument = Annotated[str, typer.Argument(help="What the receiver is called.")]


def register(app: typer.Typer) -> None:
    """Add the group to the root."""
    app.add_typer(commands, name="webhooks")


@commands.command("add")
def add(
    name: NameArgument,
    url: Annotated[str, typer.Argument(help="Address that gets the changes (POST).")],
    *,
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", help="FIELD=VALUE, e.g. topic='Safe zone'. May be repeated."),
    ] = None,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="All that is in the index, not only what is new.")
    ] = False,
    data: DataOption = DEFAULT_DATA,
    config: ConfigOption = None,
    json: JsonFlag = False,
) -> None:
    """Push what changes to a service, in order, at least once; `newsline run` and Airflow do it.

    Example: newsline webhooks add desk https://a.example/hook --filter language=en --data var/mine
    """
    if not name.strip() or len(name) > MAX_NAME_CHARS or not name.isprintable():
        raise UsageError(f"NAME {name!r}: 1 to {MAX_NAME_CHARS} characters")
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"URL {url!r}: an address that begins with https:// (or http://)")
    advice = f"FIELD=VALUE; there are {', '.join(FOLLOWED)}"
    chosen = read_filters(filters, advice, known=FOLLOWED)
    with open_existing(data, config) as app:
        matching = app.index.search(Query(filters=chosen, size=1, highlight=False)).total
        state, _ = app.ledger.lines_after(0, limit=1)
        seq = 0 if from_start else state.last_seq
        asked = Webhook(
            name, url, Place(seq, state.log_id, state.trimmed_seq), chosen, new_secret()
        )
        kept = app.ledger.add_webhook(asked, app.clock.now())
    if json:
        print_json({**shown(kept), "secret": kept.secret, "in_index": matching})
        return
    begins = "all that is in the index" if from_start else f"what changes after line {seq}"
    typer.echo(f"{name} is sent {begins}.")
    if filters:
        typer.echo(f"{quantity(matching, 'article')} in the index is like that now.")
    typer.echo(f"Messages are signed with {kept.secret}: docs/change-feed.md says how to check it.")


@commands.command("list")
def list_webhooks(
    data: DataOption = DEFAULT_DATA, config: ConfigOption = None, json: JsonFlag = False
) -> None:
    """List the receivers: how far each has read, and how it answered. Secrets are not shown.

    Example: newsline webhooks list --data var/mine
    """
    with open_existing(data, config) as app:
        found = app.ledger.webhooks()
        state, _ = app.ledger.lines_after(0, limit=1)
    if json:
        print_json([shown(one) for one in found])
        return
    rows = [
        (
            one.name,
            one.url,
            ", ".join(f"{field}={value}" for field, some in one.filters.items() for value in some),
            f"{one.place.seq:,} of {state.last_seq:,}",
            _trouble(one),
        )
        for one in found
    ]
    print_table("Webhooks", ("name", "url", "filters", "has read", "trouble"), rows)


@commands.command("remove")
def remove(
    name: NameArgument, data: DataOption = DEFAULT_DATA, config: ConfigOption = None
) -> None:
    """Push nothing more to a service. Exit code 1 when there is none of that name.

    Example: newsline webhooks remove desk --data var/mine
    """
    with open_existing(data, config) as app:
        was_there = app.ledger.remove_webhook(name)
    if not was_there:
        complain(f"there is no webhook {name!r}; `newsline webhooks list` shows what there is")
        raise typer.Exit(BAD_NEWS)
    typer.echo(f"the webhook {name} is gone")


def _trouble(one: Webhook) -> str:
    if one.failed_reason is None:
        return ""
    return f"not taken ({one.tries}x): {one.failed_reason}; again {one.due_at:%Y-%m-%d %H:%M}"
