"""`newsline quality`: look whether all is still good, and say for how long nobody is to be told."""

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import uuid4

import orjson
import typer

from pipeline import inspection
from pipeline.app import App
from pipeline.cli.hints import complete
from pipeline.cli.options import DEFAULT_DATA, ConfigOption, DataOption, open_existing
from pipeline.cli.output import (
    BAD_NEWS,
    JsonFlag,
    complain,
    print_blocks,
    print_json,
    print_table,
)
from pipeline.errors import UsageError
from pipeline.messages import Message
from pipeline.quality.findings import FindingKind, KeptFinding, Silence, is_silenced
from pipeline.quality.telling import as_dict

commands = typer.Typer(help="Is it still good? Findings, and silences.", no_args_is_help=False)
_MAX_SILENCE_DAYS = 90


def register(app: typer.Typer) -> None:
    """Add the group to the root."""
    app.add_typer(commands, name="quality")


def poster(app: App) -> inspection.Post | None:
    """Return what sends alerts to the webhook of the settings, if there is one."""
    if not app.config.alerts.webhook:
        return None
    from pipeline.adapters.webhook import post  # noqa: PLC0415 - an HTTP client few commands need

    def send(url: str, body: Mapping[str, Any]) -> Awaitable[None]:
        message = Message(uuid4().hex, orjson.dumps(body))
        return post(url, message, app.config.fetch, app.clock.now())

    return send


@commands.callback(invoke_without_command=True)
def quality(
    context: typer.Context,
    *,
    tell: Annotated[
        bool, typer.Option("--tell", help="Tell the webhook of [alerts] too, as Airflow does.")
    ] = False,
    data: DataOption = DEFAULT_DATA,
    config: ConfigOption = None,
    json: JsonFlag = False,
) -> None:
    """Hold balance, freshness, what waits, volume and extraction against objective and past.

    Exit code 1 when there are findings that no silence covers.

    Example: newsline quality --data var/mine
    """
    if context.invoked_subcommand is not None:
        return
    with open_existing(data, config) as app:
        now = app.clock.now()
        done = inspection.inspect(app.ledger, app.index, app.config, now)
        silences = app.ledger.silences(now)
        if tell:
            asyncio.run(inspection.tell(app.ledger, app.config, now, poster(app)))
    silenced = [one for one in done.open if is_silenced(one.finding, silences, now)]
    if json:
        hushed = {one.finding_id for one in silenced}
        found = [as_dict(one) | {"silenced": one.finding_id in hushed} for one in done.open]
        print_json({"findings": found, "not_looked_for": dict(done.not_looked_for)})
    else:
        _show(done, silenced)
    if len(done.open) > len(silenced):
        raise typer.Exit(BAD_NEWS)


def _show(done: inspection.Inspection, silenced: list[KeptFinding]) -> None:
    blocks = [
        (
            (one.finding.severity, one.finding.kind, _minute(one.opened_at),
             "silenced" if one in silenced else ""),
            (complete(one.finding.words),),
        )
        for one in done.open
    ]  # fmt: skip
    if blocks:
        print_blocks("Findings", ("severity", "kind", "since (UTC)", ""), blocks)
    else:
        typer.echo("Nothing is wrong.")
    for kind, why in done.not_looked_for.items():
        complain(f"{kind}: could not be looked at: {why}")


@commands.command("silence")
def silence(
    reason: Annotated[str, typer.Argument(help="Why, for those who read it later.")],
    *,
    hours: Annotated[
        float, typer.Option("--hours", min=0.1, max=24 * _MAX_SILENCE_DAYS, help="It ends then.")
    ],
    kind: Annotated[FindingKind | None, typer.Option("--kind", help="Only such findings.")] = None,
    feed: Annotated[str | None, typer.Option("--feed", help="Only about this feed.")] = None,
    outlet: Annotated[str | None, typer.Option("--outlet", help="Only about this outlet.")] = None,
    who: Annotated[
        str, typer.Option("--who", envvar="USER", help="Who silences; default: you.")
    ] = "operator",
    data: DataOption = DEFAULT_DATA,
    config: ConfigOption = None,
    json: JsonFlag = False,
) -> None:
    """Tell nobody of some findings until a time; they are kept and shown all the same.

    Every silence ends. What is still wrong then is told of.

    Example: newsline quality silence "is being rebuilt" --outlet herald --hours 48 --data var/mine
    """
    if not (kind or feed or outlet):
        raise UsageError("say what to be silent about: --kind, --feed or --outlet")
    with open_existing(data, config) as app:
        now = app.clock.now()
        until = now + timedelta(hours=hours)
        kept = app.ledger.silence(
            Silence(who, reason, now, until, kind=kind, feed_id=feed, outlet=outlet)
        )
    if json:
        print_json(kept)
    else:
        typer.echo(f"silence {kept.silence_id} until {_minute(kept.until)} UTC")


@commands.command("silences")
def silences(
    *,
    end: Annotated[int | None, typer.Option("--end", help="End this one now.")] = None,
    data: DataOption = DEFAULT_DATA,
    config: ConfigOption = None,
    json: JsonFlag = False,
) -> None:
    """List the silences that have not ended, or end one.

    Example: newsline quality silences --end 3 --data var/mine
    """
    with open_existing(data, config) as app:
        now = app.clock.now()
        if end is not None and not app.ledger.end_silence(end, now):
            raise UsageError(f"no silence {end} is under way")
        kept = app.ledger.silences(now)
    if json:
        print_json(kept)
        return
    rows = [
        (one.silence_id, one.kind, one.outlet, one.feed_id, _minute(one.until), one.actor,
         one.reason)
        for one in kept
    ]  # fmt: skip
    columns = ("silence", "kind", "outlet", "feed", "until (UTC)", "who", "why")
    print_table("Silences", columns, rows)


def _minute(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"
