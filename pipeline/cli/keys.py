"""`newsline keys`: who may use the server, and for what."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from pipeline.cli.options import DEFAULT_DATA, ConfigOption, DataOption, open_existing
from pipeline.cli.output import BAD_NEWS, JsonFlag, complain, print_json, print_table
from pipeline.errors import UsageError
from pipeline.keys import MAX_NAME_CHARS, ApiKey, KeyScope, digest_of, new_secret

commands = typer.Typer(help="API keys: who may use the server, and for what.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="Whose key it is, e.g. newsroom.")]


def register(app: typer.Typer) -> None:
    """Add the group to the root."""
    app.add_typer(commands, name="keys")


@commands.command("create")
def create(
    name: NameArgument,
    scope: Annotated[
        list[KeyScope],
        typer.Option(help="What it is good for; may be repeated. admin: all of it."),
    ],
    data: DataOption = DEFAULT_DATA,
    config: ConfigOption = None,
    json: JsonFlag = False,
) -> None:
    """Make a key and print it, this once: the ledger keeps only its SHA-256.

    From the first key on nobody is let in without one.

    Example: newsline keys create newsroom --scope search --scope alerts --data var/mine
    """
    if not name.strip() or len(name) > MAX_NAME_CHARS or not name.isprintable():
        raise UsageError(f"NAME {name!r}: 1 to {MAX_NAME_CHARS} characters that can be printed")
    secret = new_secret()
    with open_existing(data, config) as app:
        key = app.ledger.add_key(name, scope, digest_of(secret), datetime.now(UTC))
    if json:
        print_json({"key": secret, **_row(key)})
    else:
        typer.echo(secret)
        complain(f"this key of {name} is shown only now; it may: {', '.join(sorted(key.scopes))}")


@commands.command("list")
def list_keys(
    data: DataOption = DEFAULT_DATA, config: ConfigOption = None, json: JsonFlag = False
) -> None:
    """List all keys, revoked ones too.

    Example: newsline keys list --data var/mine
    """
    with open_existing(data, config) as app:
        rows = [_row(key) for key in app.ledger.api_keys()]
    if json:
        print_json(rows)
        return
    columns = ("name", "scopes", "created_at", "last_used_at", "revoked_at")
    print_table("API keys", columns, [[_shown(row[one]) for one in columns] for row in rows])


@commands.command("revoke")
def revoke(
    name: NameArgument, data: DataOption = DEFAULT_DATA, config: ConfigOption = None
) -> None:
    """Let a key, and the sessions that it began, be good for nothing, from now on.

    Exit code 1 when there is no living key of that name.

    Example: newsline keys revoke newsroom --data var/mine
    """
    with open_existing(data, config) as app:
        was_there = app.ledger.revoke_key(name, datetime.now(UTC))
    if not was_there:
        complain(f"there is no living key {name!r}; `newsline keys list` shows what there is")
        raise typer.Exit(BAD_NEWS)
    typer.echo(f"the key of {name} is revoked")


def _row(key: ApiKey) -> dict[str, object]:
    return asdict(key) | {"scopes": sorted(key.scopes)}


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return ", ".join(value) if isinstance(value, list) else "" if value is None else str(value)
