"""Builds the doors from the settings: the only place that constructs adapters.

Each door is opened when it is first used, so that `newsline search` takes no ledger lock and
`newsline balance` starts no worker processes.
"""

from functools import cached_property
from pathlib import Path

from pipeline.adapters.archive import WarcArchive
from pipeline.adapters.clock import ScaledClock, SystemClock
from pipeline.adapters.embedded import EmbeddedIndex
from pipeline.adapters.http import HttpFetcher
from pipeline.adapters.ledger import SqlLedger, open_ledger
from pipeline.adapters.workers import ProcessWorkers
from pipeline.config import Config
from pipeline.doors import Doors
from pipeline.ports import Archive, Clock, Fetcher, Index, Ledger, Workers


class App:
    """The adapters of one process over one data folder."""

    def __init__(
        self, config: Config, data: Path, config_dir: Path, *, clock: Clock | None = None
    ) -> None:
        self.config = config
        self.data = data
        self.config_dir = config_dir
        self._clock = clock

    @cached_property
    def clock(self) -> Clock:
        """The time by which work is due."""
        if self._clock is not None:
            return self._clock
        settings = self.config.clock
        return ScaledClock(settings.origin, settings.rate) if settings.origin else SystemClock()

    @cached_property
    def ledger(self) -> SqlLedger:
        """The ledger: the one of the settings, or SQLite in the data folder."""
        self.data.mkdir(parents=True, exist_ok=True)
        return open_ledger(self.config.ledger.url or f"sqlite:///{self.data / 'ledger.sqlite'}")

    @cached_property
    def archive(self) -> Archive:
        """The WARC folder."""
        return WarcArchive(self.data / "archive")

    @cached_property
    def fetcher(self) -> Fetcher:
        """The way out to the network."""
        return HttpFetcher(self.config.fetch, self.clock)

    @cached_property
    def workers(self) -> Workers:
        """The processes that read hostile bytes."""
        return ProcessWorkers(self.config.parser)

    @cached_property
    def index(self) -> Index:
        """The searchable view."""
        return EmbeddedIndex(self.data / "index")

    def doors(self) -> Doors:
        """Open every door."""
        ledger: Ledger = self.ledger
        return Doors(
            config=self.config,
            config_dir=self.config_dir,
            clock=self.clock,
            ledger=ledger,
            archive=self.archive,
            fetcher=self.fetcher,
            workers=self.workers,
            index=self.index,
        )

    async def aclose_fetcher(self) -> None:
        """Close the connections; they belong to the loop that runs now."""
        fetcher = self.__dict__.pop("fetcher", None)
        if fetcher is not None:
            await fetcher.aclose()

    def close(self) -> None:
        """Close every door that was opened; safe to call twice."""
        for name in ("workers", "index", "archive", "ledger"):
            door = self.__dict__.pop(name, None)
            if door is not None:
                door.close()


def build(
    config: Config, data: Path, config_dir: Path | None = None, *, clock: Clock | None = None
) -> App:
    """Return the app over a data folder; nothing is opened yet."""
    return App(config, data, config_dir or find_config_dir(), clock=clock)


def find_config_dir() -> Path:
    """Return the folder with gazetteer/ and topics.toml: ./config, else the one of the checkout."""
    here = Path("config")
    if (here / "topics.toml").is_file():
        return here
    return Path(__file__).resolve().parent.parent / "config"
