"""The doors that the server needs, in one record."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from pipeline.alerts.saved import Alerts
from pipeline.care import CareLedger
from pipeline.changes.log import ChangeLog
from pipeline.config import Config
from pipeline.enrich.gazetteer import Gazetteer, Words
from pipeline.erasure import Erasure
from pipeline.histories import Histories
from pipeline.keys import Keys
from pipeline.ports import Clock, IndexReader


class ServeLedger(CareLedger, Histories, ChangeLog, Alerts, Erasure, Keys, Protocol):
    """A ledger that answers all that the server asks: one in a database does."""


def _real_time() -> datetime:
    return datetime.now(UTC)


def _nobody() -> Gazetteer:
    nothing: frozenset[str] = frozenset()
    return Gazetteer((), (), (), Words(nothing, nothing, nothing, nothing))


@dataclass(frozen=True, slots=True)
class Serving:
    """Settings and ports of one server."""

    config: Config
    clock: Clock  # the pipeline's: how old things are
    ledger: ServeLedger
    index: IndexReader
    is_local: bool = False  # it listens on this machine alone: open to all while there is no key
    now: Callable[[], datetime] = _real_time  # keys, sessions and forms go by the real time
    #: Signs forms where there is no session to bind them to.
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    #: Who and what is known by name, with aliases and identifiers; read when first asked for.
    names: Callable[[], Gazetteer] = _nobody
