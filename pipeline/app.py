"""Builds the doors from the settings: the only place that constructs adapters.

Each door is imported and opened when it is first used, so that `newsline search` loads no HTTP
client, takes no ledger lock and starts no worker processes.
"""

import os
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.archived import Segments
from pipeline.config import Config, IndexSettings
from pipeline.doors import Doors
from pipeline.enrich.places.listed import PlaceNames
from pipeline.errors import UsageError
from pipeline.feeds.decide import first_state
from pipeline.messages import Message
from pipeline.model import Feed, Stage
from pipeline.ports import Archive, Clock, EventSink, Fetcher, Index, Ledger, Workers

if TYPE_CHECKING:
    from pipeline.adapters.elastic.setup import Done
    from pipeline.adapters.elastic.snapshots import Snapshots
    from pipeline.adapters.ledger import SqlLedger
    from pipeline.deliver import Delivery
    from pipeline.enrich.gazetteer import Gazetteer
    from pipeline.serve.serving import Serving


#: So few feeds are all asked at the start: the pace of each host is politeness enough.
FEW_FEEDS = 60
#: The stages that read what comes from outside, and know nothing of the index.
INPUT_STAGES = frozenset({Stage.POLL, Stage.FETCH, Stage.EXTRACT, Stage.ENRICH})


class _Shut:
    """Stands where a door was not opened, because the stages to be done have no use for it."""


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
        from pipeline.adapters.clock import clock_of

        return clock_of(self.config.clock)

    @cached_property
    def ledger(self) -> "SqlLedger":
        """The ledger: the one of the settings, or SQLite in the data folder."""
        from pipeline.adapters.ledger import open_ledger

        try:
            self.data.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{self.data}: cannot be made a folder: {error.strerror}") from None
        return open_ledger(self.config.ledger.url or f"sqlite:///{self.data / 'ledger.sqlite'}")

    @cached_property
    def archive(self) -> Archive:
        """The WARC folder."""
        from pipeline.adapters.archive import WarcArchive

        return WarcArchive(self.data / "archive")

    @property
    def segments(self) -> Segments:
        """The files of the archive, for those who trim it."""
        from pipeline.adapters.segments import SegmentFolder

        return SegmentFolder(self.data / "archive")

    @cached_property
    def fetcher(self) -> Fetcher:
        """The way out to the network."""
        from pipeline.adapters.http import HttpFetcher

        return HttpFetcher(self.config.fetch, self.clock)

    @cached_property
    def workers(self) -> Workers:
        """The processes that read hostile bytes."""
        from pipeline.adapters.workers import ProcessWorkers

        return ProcessWorkers(self.config.parser)

    @cached_property
    def names(self) -> "Gazetteer":
        """The people, organisations and places of the lists in the settings folder."""
        from pipeline.enrich.gazetteer_files import load_gazetteer

        return load_gazetteer(self.config_dir / "gazetteer")

    @cached_property
    def places(self) -> PlaceNames:
        """The places of GeoNames, for all workers; compiled if this is their first use."""
        from pipeline.adapters.places.opening import open_places

        return open_places()

    @cached_property
    def index(self) -> Index:
        """The searchable view: in a cluster, if the settings say so, else in the data folder."""
        if self.config.index.kind == "elasticsearch":
            from pipeline.adapters.elastic import ElasticIndex
            from pipeline.adapters.elastic.cluster import Cluster

            return ElasticIndex(Cluster(self.config.index))
        from pipeline.adapters.embedded import EmbeddedIndex

        return EmbeddedIndex(self.data / "index")

    @cached_property
    def events(self) -> EventSink | None:
        """Where events go: beside the articles in a cluster; with an embedded index nowhere."""
        if self.config.index.kind != "elasticsearch":
            return None
        from pipeline.adapters.elastic.cluster import Cluster
        from pipeline.adapters.elastic.events import ElasticEvents

        return ElasticEvents(Cluster(self.config.index))

    def set_up_index(
        self, admin: tuple[str, str] | None, *, renew_keys: bool = False
    ) -> "list[Done]":
        """Make what a cluster needs, as its administrator (user, password)."""
        from pipeline.adapters.elastic.setup import Setup

        self._require_cluster()
        setup = Setup(self.config.index, self.config_dir, admin)
        try:
            return setup.run(renew_keys=renew_keys)
        finally:
            setup.close()

    def prune_index(self, *, keep_days: int = 0) -> list[str]:
        """Delete the indices of earlier rebuilds, if the one that serves is so old; return names.

        An index is made at the cluster's time, so that is what days are counted by.
        """
        from pipeline.adapters.elastic import ElasticIndex

        self._require_cluster()
        index = self.index
        before = datetime.now(UTC) - timedelta(days=keep_days) if keep_days else None
        return index.prune(before=before) if isinstance(index, ElasticIndex) else []

    @property
    def snapshots(self) -> "Snapshots":
        """The snapshots of the index in a cluster. Raises UsageError where there can be none."""
        from pipeline.adapters.elastic import ElasticIndex
        from pipeline.adapters.elastic.snapshots import Snapshots

        why = why_no_snapshots(self.config.index)
        if why is not None or not isinstance(self.index, ElasticIndex):
            raise UsageError(why or "there are no snapshots of this index")
        return Snapshots(self.index.cluster)

    def _require_cluster(self) -> None:
        if self.config.index.kind != "elasticsearch":
            raise UsageError('this is for [index] kind = "elasticsearch"; yours is embedded')

    def doors(self, stages: Collection[Stage] = frozenset(Stage)) -> Doors:
        """Open the doors that some stages need; by default all of them."""
        reads = not INPUT_STAGES.isdisjoint(stages)
        serves = Stage.INDEX in stages
        shut: Any = _Shut()
        workers = self.workers if reads else shut  # first: their server is to inherit no connection
        ledger: Ledger = self.ledger
        return Doors(
            config=self.config,
            config_dir=self.config_dir,
            clock=self.clock,
            ledger=ledger,
            archive=self.archive if reads else shut,
            fetcher=self.fetcher if reads else shut,
            workers=workers,
            index=self.index if serves else shut,
            events=self.events if serves else None,
            places=self.places if Stage.ENRICH in stages else None,
        )

    def serving(self, *, is_local: bool) -> "Serving":
        """Open the doors that the server needs; `is_local`: it listens on loopback alone."""
        from pipeline.serve.serving import Serving
        from pipeline.serve.shown import ShownIndex

        index = ShownIndex(self.index, self.config.rights)
        return Serving(
            self.config, self.clock, self.ledger, index, is_local=is_local,
            names=lambda: self.names,
        )  # fmt: skip

    @property
    def delivery(self) -> "Delivery":
        """The stage `deliver` over this app's doors."""
        from pipeline.adapters import mail, webhook
        from pipeline.deliver import Delivery
        from pipeline.pushing import Push
        from pipeline.serve.shown import ShownIndex

        async def send(letter: EmailMessage) -> None:
            await mail.send(letter, self.config.mail, self.config.fetch)

        async def post(url: str, message: Message) -> None:
            await webhook.post(url, message, self.config.fetch, self.clock.now())

        rights, now = self.config.rights, self.clock.now
        index = ShownIndex(self.index, rights)
        push = Push(self.ledger, index, rights, post, now)
        return Delivery(self.ledger, index, now, post=post, mail=send, push=push)

    async def aclose_fetcher(self) -> None:
        """Close the connections; they belong to the loop that runs now."""
        fetcher = self.__dict__.pop("fetcher", None)
        if fetcher is not None:
            await fetcher.aclose()

    def close(self) -> None:
        """Close every door that was opened; safe to call twice."""
        for name in ("workers", "index", "events", "archive", "ledger"):
            door = self.__dict__.pop(name, None)
            if door is not None:
                door.close()


def build(
    config: Config, data: Path, config_dir: Path | None = None, *, clock: Clock | None = None
) -> App:
    """Return the app over a data folder; nothing is opened yet."""
    return App(config, data, config_dir or find_config_dir(), clock=clock)


def why_no_snapshots(settings: IndexSettings) -> str | None:
    """Return why no snapshots are taken, for people; None: they are."""
    if settings.kind != "elasticsearch":
        return (
            "the embedded index is a folder and takes no snapshots: copy the data folder while"
            " nothing writes to it, or make the index anew (`newsline index rebuild`)"
        )
    if not settings.snapshot_repository:
        return "no snapshots: [index] snapshot_repository names no repository"
    return None


def sync_catalogue(app: App, catalogue: Sequence[Feed], *, at_once: bool) -> None:
    """Tell the ledger which feeds there are; new ones get the time of their first poll.

    A large catalogue that is new is spread over the first hour, unless all is wanted `at_once`.
    """
    now = app.clock.now()
    spread = 0.0 if at_once or len(catalogue) <= FEW_FEEDS else 1.0 / len(catalogue)
    app.ledger.sync_feeds(
        [first_state(feed, now, position * spread) for position, feed in enumerate(catalogue)]
    )


def find_config_dir() -> Path:
    """Return the folder with gazetteer/ and topics.toml.

    That of NEWSLINE_CONFIG_DIR, else ./config, else the one of the checkout.
    """
    named = os.environ.get("NEWSLINE_CONFIG_DIR")
    if named:
        return Path(named)
    here = Path("config")
    if (here / "topics.toml").is_file():
        return here
    return Path(__file__).resolve().parent.parent / "config"
