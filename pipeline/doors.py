"""Everything that the stages may use, in one record: settings and the doors of `ports.py`."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.config import Config
from pipeline.enrich.places.listed import PlaceNames
from pipeline.ports import Archive, Clock, EventSink, Fetcher, Index, Ledger, Workers


@dataclass(frozen=True, slots=True)
class Doors:
    """Settings and ports of one pipeline process."""

    config: Config
    config_dir: Path  # holds gazetteer/, places.toml, topics.toml
    clock: Clock
    ledger: Ledger
    archive: Archive
    fetcher: Fetcher
    workers: Workers
    index: Index
    events: EventSink | None = None  # None: nobody asks for events
    places: PlaceNames | None = None  # None: only those of gazetteer/ are known
