"""Options that several commands share, and the app that they open."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from pipeline.app import App, build, find_config_dir
from pipeline.config import load

DataOption = Annotated[
    Path,
    typer.Option(
        "--data",
        envvar="NEWSLINE_DATA",
        help="Folder for ledger, archive and index; made when missing.",
        file_okay=False,
    ),
]
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
DEFAULT_DATA = Path("var/newsline")
DEFAULT_FEEDS = Path("config/feeds.toml")


def open_config(path: Path | None) -> tuple[Path | None, Path]:
    """Return the settings file to read (None: none) and the folder of gazetteer and topics."""
    folder = find_config_dir()
    default = folder / "pipeline.toml"
    return path or (default if default.is_file() else None), folder


@contextmanager
def open_app(data: Path, config: Path | None) -> Iterator[App]:
    """Build the app for a command and close it afterwards."""
    file, folder = open_config(config)
    app = build(load(file), data, folder)
    try:
        yield app
    finally:
        app.close()
