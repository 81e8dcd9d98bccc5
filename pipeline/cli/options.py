"""Options that several commands share, and the app that they open."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.app import App, build, find_config_dir
from pipeline.config import Config, load
from pipeline.errors import UsageError
from pipeline.work import Scope


def _data_option(missing: str) -> Any:  # noqa: ANN401 - typer's
    """Return the option; `missing` says what becomes of a folder that is not there."""
    return typer.Option(
        "--data",
        envvar="NEWSLINE_DATA",
        help=f"Folder of ledger, archive and index; {missing}.",
        file_okay=False,
    )


#: For commands that ask a ledger, that fill a folder, and that can do without one.
DataOption = Annotated[Path, _data_option("refused when missing")]
NewDataOption = Annotated[Path, _data_option("made when missing")]
SpareDataOption = Annotated[Path, _data_option("need not be there")]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        envvar="NEWSLINE_CONFIG",
        help="Settings file (TOML). Default: config/pipeline.toml if it exists.",
        dir_okay=False,
    ),
]
FeedsOption = Annotated[
    Path,
    typer.Option("--feeds", envvar="NEWSLINE_FEEDS", help="Catalogue of feeds.", dir_okay=False),
]
_SQLITE = "sqlite:///"
DEFAULT_DATA = Path("var/newsline")
DEFAULT_FEEDS = Path("config/feeds.toml")


def open_config(path: Path | None, folder: Path | None = None) -> tuple[Path | None, Path]:
    """Return the settings file to read (None: none) and the folder of gazetteer and topics."""
    folder = folder or find_config_dir()
    default = folder / "pipeline.toml"
    return path or (default if default.is_file() else None), folder


def require_ledger(config: Config, data: Path) -> None:
    """Refuse a folder without a ledger, before anything is made in it. Raises UsageError.

    A command that only asks would otherwise answer a mistyped --data with an empty, balanced
    ledger. Whether a database server answers shows when it is opened.
    """
    if not has_ledger(config, data):
        place = config.ledger.url.removeprefix(_SQLITE) or data
        raise UsageError(
            f"there is no ledger at {place}: has `newsline run --data {_quoted(data)}` been run?"
        )


def has_ledger(config: Config, data: Path) -> bool:
    """Tell whether there is a ledger, without making one. A server is taken to be there."""
    url = config.ledger.url
    if url and not url.startswith(_SQLITE):
        return True
    return (Path(url.removeprefix(_SQLITE)) if url else data / "ledger.sqlite").is_file()


def require_index(app: App, data: Path) -> None:
    """Refuse to search a folder without an index, and say how to get one. Raises UsageError."""
    if app.config.index.kind != "embedded":
        return  # a cluster says itself what it lacks
    folder = data / "index"
    if folder.is_dir() and any(folder.iterdir()):
        return
    require_ledger(app.config, data)
    if not app.ledger.books(Scope()).indexed:
        raise UsageError(
            "no article of this ledger is indexed yet: what became of everything that was "
            f"discovered says `newsline balance --data {_quoted(data)}`"
        )
    raise UsageError(
        f"there is no index at {folder}: `newsline index rebuild --data {_quoted(data)}`"
    )


def _quoted(data: Path) -> str:
    return shlex.quote(str(data))


@contextmanager
def open_existing(data: Path, config: Path | None) -> Iterator[App]:
    """Build the app for a command that asks a ledger. Raises UsageError when there is none."""
    with open_app(data, config) as app:
        require_ledger(app.config, data)
        yield app


@contextmanager
def open_app(data: Path, config: Path | None) -> Iterator[App]:
    """Build the app for a command and close it afterwards."""
    file, folder = open_config(config)
    app = build(load(file), data, folder)
    try:
        yield app
    finally:
        app.close()
