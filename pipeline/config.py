"""The operator's settings: config/pipeline.toml plus NEWSLINE_* environment → frozen Config.

Every fault is reported at once, with file, key, value and what is allowed. A setting exists only
where an operator has a reason to differ; a limit that guards the machine has its reason beside it.
"""

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FilePath,
    SecretStr,
    ValidationError,
    field_validator,
)

from pipeline.errors import ConfigError, Fault

ENV_PREFIX = "NEWSLINE_"
_MIB = 1024 * 1024
#: What the User-Agent header can carry in brackets: visible ASCII without brackets.
_CONTACT = re.compile(r"[\x21-\x27\x2a-\x7e]*")

Seconds = Annotated[float, Field(gt=0, le=86_400)]

#: What other servers and networks recover from without anybody here doing anything.
REVIVED = (
    "body_truncated", "connect_failed", "connect_refused", "connect_timeout", "deadline",
    "dns_temporary", "document_failed", "http_429", "http_500", "http_502", "http_503", "http_504",
    "reset", "robots_unavailable", "tls_expired",
)  # fmt: skip


class _Section(BaseModel):
    """Unknown keys are faults: a misspelt setting must not be ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FetchSettings(_Section):
    """How we behave towards other people's servers, and what we accept from them."""

    contact: str = Field(
        default="", description="URL or e-mail in the User-Agent, so that a publisher can reach you"
    )
    allow_private: tuple[str, ...] = Field(
        default=(), description="networks (CIDR) exempt from the address guard"
    )
    ports: tuple[int, ...] = Field(default=(80, 443), description="ports requests may go to")
    pace_s: Annotated[float, Field(ge=0, le=3600)] = Field(
        default=2.0, description="between the starts of two requests to one host"
    )
    concurrency: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=32, description="hosts asked at the same time"
    )
    feed_deadline_s: Seconds = 60.0  # whole exchange, redirects included: defeats slow drips
    page_deadline_s: Seconds = 30.0
    connect_timeout_s: Seconds = 5.0
    max_body_bytes: Annotated[int, Field(ge=1024)] = 10 * _MIB  # after decompression
    max_wire_bytes: Annotated[int, Field(ge=1024)] = 5 * _MIB  # as received
    max_redirects: Annotated[int, Field(ge=0, le=20)] = 5
    ca_file: FilePath | None = Field(default=None, description="extra CA bundle (PEM) to trust")

    @field_validator("contact")
    @classmethod
    def _sendable(cls, value: str) -> str:
        if not _CONTACT.fullmatch(value):
            raise ValueError("must be a plain URL or e-mail address, without spaces or brackets")
        return value

    @field_validator("allow_private", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        items = value.split(",") if isinstance(value, str) else value
        if isinstance(items, (list, tuple)):
            for item in items:
                ipaddress.ip_network(str(item).strip())
            return tuple(str(item).strip() for item in items)
        return items


class PollSettings(_Section):
    """How often feeds are asked."""

    min_interval_s: Seconds = 300.0
    max_interval_s: Seconds = 21_600.0
    max_entries: Annotated[int, Field(ge=1, le=100_000)] = 1000  # per document; the rest is counted
    stale_after_days: Annotated[int, Field(ge=1)] = 14  # newest entry older than this: health stale


class ParserSettings(_Section):
    """Limits of the processes that read hostile bytes."""

    processes: Annotated[int, Field(ge=1, le=64)] = 2
    cpu_s: Seconds = 10.0  # per item; a real page takes milliseconds
    wall_s: Seconds = 30.0
    memory_bytes: Annotated[int, Field(ge=64 * _MIB)] = 1024 * _MIB  # address space of one process
    recycle_after: Annotated[int, Field(ge=1)] = 500  # items; bounds what a leak can cost


class ExtractSettings(_Section):
    """What counts as an article."""

    min_text_chars: Annotated[int, Field(ge=0)] = 200
    languages: tuple[str, ...] = Field(
        default=(), description="ISO 639-1 codes to keep; empty keeps all"
    )


class RetrySettings(_Section):
    """How patient the ledger is with one item."""

    max_tries: Annotated[int, Field(ge=1, le=50)] = 5
    first_delay_s: Seconds = 300.0  # doubles with each failure
    max_delay_s: Seconds = 43_200.0
    revive_reasons: tuple[str, ...] = Field(
        default=REVIVED, description="dead letters that a scheduler brings back by itself"
    )
    revive_after_s: Annotated[float, Field(gt=0, le=30 * 86_400)] = 21_600.0  # doubles each round
    revive_rounds: Annotated[int, Field(ge=0, le=20)] = 3  # of one item; then it waits for a person
    revive_limit: Annotated[int, Field(ge=1, le=100_000)] = 500  # of one run


class LedgerSettings(_Section):
    """Where the ledger is."""

    url: str = Field(default="", description="SQLAlchemy URL; empty: SQLite in the data folder")
    lease_s: Seconds = 300.0


class IndexSettings(_Section):
    """Where documents go."""

    kind: Annotated[str, Field(pattern="^(embedded|elasticsearch)$")] = Field(
        default="embedded", description="embedded (a folder) or elasticsearch (a cluster)"
    )
    url: Annotated[str, Field(pattern=r"^https?://[^\s/@]+(/[^\s@]*)?$")] = Field(
        default="http://localhost:9200", description="the cluster; keys are files, not in here"
    )
    name: Annotated[str, Field(pattern="^[a-z][a-z0-9]{0,39}$")] = Field(
        default="news", description="what indices and aliases in the cluster begin with"
    )
    keys: Path | None = Field(
        default=None, description="folder with writer.key, reader.key, maintainer.key"
    )
    ca_file: FilePath | None = Field(
        default=None, description="CA of the cluster's certificate (PEM)"
    )
    high_water: Annotated[int, Field(ge=1)] = Field(
        default=10_000, description="articles waiting for the index at which crawling rests"
    )
    keep_days: Annotated[int, Field(ge=1, le=365)] = Field(
        default=7, description="old indices are kept so long after a new one was made"
    )
    snapshot_repository: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$|^$")] = Field(
        default="", description="repository of the cluster for snapshots; empty: none are taken"
    )
    snapshot_keep: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=7, description="snapshots of ours that are kept; older ones are deleted"
    )


class ScheduledSettings(_Section):
    """How a scheduler's run divides the work (`newsline run` does not: it is one process)."""

    shards: Annotated[int, Field(ge=1, le=16)] = Field(
        default=4, description="tasks that crawl and extract side by side, each with its processes"
    )
    deadline_s: Seconds = Field(
        default=90.0, description="of one task, after which it begins nothing more"
    )


class OpsSettings(_Section):
    """What those who run the pipeline are shown."""

    freshness_objective_s: Seconds = Field(
        default=900.0, description="from first sight to the index, for 95 of 100 articles"
    )
    kibana_url: Annotated[str, Field(pattern=r"^(https?://[^\s/@]+(/[^\s@]*)?)?$")] = Field(
        default="", description="where Kibana is; empty: nothing links to it"
    )


class ServeSettings(_Section):
    """What the server allows those who ask it. Keys are made by `newsline keys`."""

    requests_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=600, description="of one API key"
    )
    export_rows: Annotated[int, Field(ge=1, le=10_000_000)] = Field(
        default=100_000, description="articles in one export; a larger result is refused"
    )
    streams: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=50, description="of changes, open at once in one server process"
    )


class AlertSettings(_Section):
    """Who is told of findings. The log always is."""

    webhook: Annotated[str, Field(pattern=r"^(https?://[^\s/@]+(/[^\s@]*)?)?$")] = Field(
        default="", description="address that gets findings as JSON (POST); empty: only the log"
    )
    again_after_s: Annotated[float, Field(ge=3600, le=30 * 86_400)] = Field(
        default=86_400.0, description="until one that is still open is told of again"
    )


class MailSettings(_Section):
    """The server by which alerts go out as letters."""

    host: str = Field(default="", max_length=255, description="empty: no letters are sent")
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="tls: from the first byte, usually port 465"
    )
    sender: str = Field(default="newsline@localhost", max_length=254, pattern=r"^[^\s@]+@[^\s@]+$")
    user: str = Field(default="", description="empty: the server asks for none")
    password: SecretStr = Field(
        default=SecretStr(""), description="set it in the environment: NEWSLINE_MAIL__PASSWORD"
    )


class EnrichSettings(_Section):
    """What articles are enriched with beside the lists and rules of the configuration folder."""

    models: tuple[str, ...] = Field(
        default=("en_newsline", "tr_newsline"),
        description="what finds names no list has, one for a language; none: lists alone",
    )


class RetentionSettings(_Section):
    """What `news_maintenance` removes. Sightings, URLs and revisions are never trimmed."""

    poll_days: Annotated[int, Field(ge=0, le=3650)] = Field(
        default=0, description="of polls that went well, and of what was found and is over; 0: all"
    )
    archive_days: Annotated[int, Field(ge=0, le=36_500)] = Field(
        default=0, description="of archived feeds and of pages that no article stands on; 0: all"
    )
    change_days: Annotated[int, Field(ge=0, le=3650)] = Field(
        default=0, description="of the change log, but for the newest line of each article; 0: all"
    )
    airflow_days: Annotated[int, Field(ge=0, le=3650)] = Field(
        default=14, description="of Airflow's metadata and of task logs; 0: all"
    )


class OutletRights(_Section):
    """What may be done with the articles of one outlet. What is unset is as `[rights]` says."""

    noindex: Literal["hide", "show"] | None = None
    tdm: Literal["withhold", "deliver"] | None = None
    text: Literal["full", "snippet"] | None = None
    keep_days: Annotated[int, Field(ge=0, le=36_500)] | None = None


class RightsSettings(_Section):
    """What may be done with articles, for all outlets and for some."""

    noindex: Literal["hide", "show"] = Field(
        default="hide", description="pages that ask search engines to leave them out"
    )
    tdm: Literal["withhold", "deliver"] = Field(
        default="withhold",
        description="articles with a reservation of text and data mining: in exports and changes",
    )
    text: Literal["full", "snippet"] = Field(
        default="full", description="what explorer, API, change feed and exports show of a text"
    )
    keep_days: Annotated[int, Field(ge=0, le=36_500)] = Field(
        default=0, description="after first sight; then an article is erased. 0: for good"
    )
    outlets: Mapping[str, OutletRights] = Field(
        default={}, description="outlet → the settings in which it differs"
    )

    def of(self, outlet: str) -> "RightsSettings":
        """Return what holds for one outlet."""
        own = self.outlets.get(outlet)
        return self if own is None else self.model_copy(update=own.model_dump(exclude_none=True))


class ClockSettings(_Section):
    """Rehearsals only: the time that the pipeline believes it is."""

    origin: datetime | None = Field(
        default=None, description="time at start, with zone; unset: the real time"
    )
    origin_at: datetime | None = Field(
        default=None,
        description="real time at which it was that, for processes that share a clock;"
        " unset: when each of them starts",
    )
    rate: Annotated[float, Field(gt=0, le=100_000)] = Field(
        default=1.0, description="clock seconds per real second"
    )

    @field_validator("origin", "origin_at")
    @classmethod
    def _aware(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("needs a zone, e.g. 2019-09-10T08:00:00Z")
        return value


class Config(_Section):
    """All settings."""

    fetch: FetchSettings = FetchSettings()
    poll: PollSettings = PollSettings()
    parser: ParserSettings = ParserSettings()
    extract: ExtractSettings = ExtractSettings()
    retry: RetrySettings = RetrySettings()
    ledger: LedgerSettings = LedgerSettings()
    index: IndexSettings = IndexSettings()
    scheduled: ScheduledSettings = ScheduledSettings()
    ops: OpsSettings = OpsSettings()
    enrich: EnrichSettings = EnrichSettings()
    serve: ServeSettings = ServeSettings()
    alerts: AlertSettings = AlertSettings()
    mail: MailSettings = MailSettings()
    retention: RetentionSettings = RetentionSettings()
    rights: RightsSettings = RightsSettings()
    clock: ClockSettings = ClockSettings()


def load(path: Path | None, environ: Mapping[str, str] | None = None) -> Config:
    """Read settings; the environment (NEWSLINE_FETCH__PACE_S=1) wins over the file.

    Raises ConfigError with every fault. A path of None means defaults plus environment.
    """
    values: dict[str, Any] = {}
    name = str(path) if path else "environment"
    if path is not None:
        try:
            values = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            raise ConfigError(
                [Fault(name, "(file)", f"cannot be read: {error.strerror}")]
            ) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError([Fault(name, "(file)", f"is not valid TOML: {error}")]) from None
    from_environment, faults = _overlay(values, os.environ if environ is None else environ)
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        faults += [_fault(item, name, from_environment) for item in error.errors()]
        config = Config()
    if faults:
        raise ConfigError(faults)
    return config


def _overlay(values: dict[str, Any], environ: Mapping[str, str]) -> tuple[set[str], list[Fault]]:
    """Put NEWSLINE_SECTION__KEY variables over file values; return the dotted keys they set."""
    keys: set[str] = set()
    faults: list[Fault] = []
    for name, text in sorted(environ.items()):
        section, separator, key = name.removeprefix(ENV_PREFIX).lower().partition("__")
        if not name.startswith(ENV_PREFIX) or not separator:
            continue
        if section not in Config.model_fields:
            known = ", ".join(Config.model_fields)
            faults.append(Fault("environment", name, f"no such section; there are: {known}"))
            continue
        table = values.setdefault(section, {})
        annotation = Config.model_fields[section].annotation
        sections = getattr(annotation, "model_fields", {})
        many = key in sections and str(sections[key].annotation).startswith("tuple")
        if isinstance(table, dict):
            table[key] = (
                [part.strip() for part in text.split(",") if part.strip()] if many else text
            )
            keys.add(f"{section}.{key}")
    return keys, faults


def _fault(item: Any, name: str, from_environment: set[str]) -> Fault:  # noqa: ANN401 - pydantic's
    """Turn one pydantic error into a fault that names where to look."""
    key = ".".join(str(part) for part in item["loc"])
    where = "environment" if ".".join(key.split(".")[:2]) in from_environment else name
    problem = item["msg"].removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        return Fault(where, key, "no such setting")
    return Fault(where, key, f"{problem} (got {item['input']!r})")
