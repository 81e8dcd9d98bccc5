"""`newsline kibana`: give Kibana its data views, saved searches, map and dashboards."""

import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

import typer
from rich.console import Console
from rich.text import Text

from pipeline.adapters.kibana import Kibana, Put, api_key, basic
from pipeline.cli.options import ConfigOption, open_config
from pipeline.cli.output import BAD_NEWS, JsonFlag, complain, print_json, print_table
from pipeline.config import load
from pipeline.errors import UsageError
from pipeline.kibana.dashboards_api import dashboard_body
from pipeline.kibana.naming import Naming
from pipeline.kibana.saved_objects import saved_objects
from pipeline.kibana.source import Source, load_source

commands = typer.Typer(
    help="Kibana: dashboards and saved searches, kept as files in config/kibana."
)

#: The first version whose Dashboards API stays as it is; in 9.4 it was a preview, and different.
DASHBOARDS_API = (9, 5)
#: A log that nobody watches is told this often that Kibana is still waited for.
_AGAIN_S = 60.0


class Form(StrEnum):
    """In which form dashboards are sent."""

    AUTO = "auto"  # as fits the version that answers
    DASHBOARDS = "dashboards"
    NDJSON = "ndjson"


class Waiting:
    """Says what is waited for: on a terminal in one line that is renewed, else once a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said_s: float | None = None
        screen = Console(stderr=True)
        self._line = screen.status("") if screen.is_terminal else None

    def say(self, why: str) -> None:
        """Take the reason for another wait."""
        now_s = self._clock()
        if self._line is not None:
            self._line.update(Text(why))
            self._line.start()
        elif self._said_s is None or now_s - self._said_s >= _AGAIN_S:
            self._said_s = now_s
            complain(why)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._line is not None:
            self._line.stop()


def register(app: typer.Typer) -> None:
    """Add the group to the root."""
    app.add_typer(commands, name="kibana")


@commands.callback()
def _group() -> None:
    """Keep `push` a subcommand while it is the only one."""


@commands.command("push")
def push(
    *,
    url: Annotated[str, typer.Option(help="Where Kibana is.")] = "http://localhost:5601",
    space: Annotated[str, typer.Option(help="Kibana's space; leave out for the default one.")] = "",
    user: Annotated[str, typer.Option(help="Who may change dashboards there.")] = "",
    password_file: Annotated[
        Path | None, typer.Option(help="File with the user's password.", dir_okay=False)
    ] = None,
    api_key_file: Annotated[
        Path | None, typer.Option(help="File with an API key, encoded.", dir_okay=False)
    ] = None,
    form: Annotated[
        Form, typer.Option(help="dashboards: Kibana 9.5 and later; ndjson: 9.0 and later.")
    ] = Form.AUTO,
    config: ConfigOption = None,
    json: JsonFlag = False,
) -> None:
    """Put data views, saved searches, the map and the dashboards; what is there is replaced.

    May be run again at any time. Waits while Kibana is starting. Exit code 1 when Kibana refused
    something; it says what and why.

    Example: newsline kibana push --url http://localhost:5601 --user elastic --password-file pw
    """
    authorization = _authorization(user, password_file, api_key_file)
    file, folder = open_config(config)
    settings = load(file).index
    source, naming = load_source(folder / "kibana"), Naming(settings.name)
    with Waiting() as waiting:
        kibana = Kibana(
            url, space=space, authorization=authorization, ca_file=settings.ca_file, say=waiting.say
        )
        try:
            used = _fitting(kibana) if form is Form.AUTO else form
            results = push_all(kibana, source, naming, used)
        finally:
            kibana.close()
    _report(results, used, json=json)


def push_all(kibana: Kibana, source: Source, naming: Naming, form: Form) -> list[Put]:
    """Put everything in one of the forms; data views come before what shows them."""
    with_dashboards = form is Form.NDJSON
    objects = saved_objects(source, naming, with_dashboards=with_dashboards)
    results = kibana.import_objects(objects)
    if not with_dashboards:
        for key, board in source.dashboard.items():
            body = dashboard_body(board, source, naming)
            results.append(kibana.put_dashboard(naming.id_of(key), body))
    return results


def _fitting(kibana: Kibana) -> Form:
    return Form.DASHBOARDS if kibana.version() >= DASHBOARDS_API else Form.NDJSON


def _authorization(user: str, password_file: Path | None, api_key_file: Path | None) -> str | None:
    if bool(user) != bool(password_file):
        raise UsageError("--user and --password-file belong together")
    if password_file and api_key_file:
        raise UsageError("give a user or an API key, not both")
    if api_key_file:
        return api_key(_secret("--api-key-file", api_key_file))
    return basic(user, _secret("--password-file", password_file)) if password_file else None


def _secret(option: str, path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{option} {path}: cannot be read: {error}") from None


def _report(results: list[Put], form: Form, *, json: bool) -> None:
    refused = [one for one in results if one.refused]
    if json:
        rows = [
            {"type": one.type, "id": one.id, "refused": one.refused or None,
             "became": one.became or None}
            for one in results
        ]  # fmt: skip
        print_json({"form": form, "put": len(results) - len(refused), "objects": rows})
    else:
        rows_of = [(one.type, one.id, _said(one)) for one in results]
        print_table(f"Kibana, as {form}", ("type", "id", ""), rows_of)
    if refused:
        complain(f"{len(refused)} of {len(results)} objects were refused")
        raise typer.Exit(BAD_NEWS)


def _said(one: Put) -> str:
    if one.refused:
        return f"refused: {one.refused}"
    return f"put as {one.became}" if one.became else "put"
