"""What things are called in the cluster, all from one name, and where they are kept in config/."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from pipeline.errors import ConfigError, Fault
from pipeline.index.event import EVENT_SCHEMA_VERSION
from pipeline.index.schema import SCHEMA_VERSION

#: The name that the files in config/elasticsearch/ are written for.
DEFAULT = "news"
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one collection of articles, and of the events of the pipeline that fills it."""

    name: str = DEFAULT

    @property
    def read(self) -> str:
        """The alias that is searched."""
        return self.name

    @property
    def write(self) -> str:
        """The alias that is written to."""
        return f"{self.name}_write"

    @property
    def rebuild(self) -> str:
        """The alias of the index that a rebuild is filling: new writes go there too."""
        return f"{self.name}_rebuild"

    @property
    def pattern(self) -> str:
        """Every index of the collection, of whatever schema version."""
        return f"{self.name}-v*"

    @property
    def exact_pattern(self) -> str:
        """The same for roles, as a regular expression: nothing of somebody else's."""
        return rf"/{self.name}-v[0-9]+-[0-9]{{{_DIGITS}}}/"

    def index(self, number: int) -> str:
        """Return the name of the n-th index of this schema version."""
        return f"{self.name}-v{SCHEMA_VERSION}-{number:0{_DIGITS}d}"

    def is_index(self, index: str) -> bool:
        """Tell whether we gave an index its name: `pattern` may also match somebody else's."""
        return _is_numbered(self.name, index)

    def is_events_index(self, index: str) -> bool:
        """Tell the same of an index of events."""
        return _is_numbered(f"{self.name}-events", index)

    def next_index(self, existing: list[str]) -> str:
        """Return the first name behind all that exist."""
        found = (re.fullmatch(rf"{re.escape(self.name)}-v\d+-(\d+)", one) for one in existing)
        return self.index(max((int(match[1]) for match in found if match), default=0) + 1)

    @property
    def events(self) -> str:
        """The alias under which the pipeline's events are searched."""
        return f"{self.name}_events"

    @property
    def events_write(self) -> str:
        """The alias that events are written to."""
        return f"{self.name}_events_write"

    @property
    def events_pattern(self) -> str:
        """Every index of events; none of them is an index of articles (`pattern`)."""
        return f"{self.name}-events-v*"

    @property
    def exact_events_pattern(self) -> str:
        """The same for roles, as a regular expression."""
        return rf"/{self.name}-events-v[0-9]+-[0-9]{{{_DIGITS}}}/"

    def events_index(self, number: int) -> str:
        """Return the name of the n-th index of events of this schema version."""
        return f"{self.name}-events-v{EVENT_SCHEMA_VERSION}-{number:0{_DIGITS}d}"

    def of(self, text: str) -> str:
        """Return a name of the files in config/ as it is in this collection."""
        return self.name + text.removeprefix(DEFAULT)


def _is_numbered(start: str, index: str) -> bool:
    return re.fullmatch(rf"{re.escape(start)}-v\d+-\d{{{_DIGITS}}}", index) is not None


def read_body(folder: Path, name: str) -> dict[str, Any]:
    """Read one file of config/elasticsearch/. Raises ConfigError."""
    path = folder / "elasticsearch" / f"{name}.json"
    try:
        body: dict[str, Any] = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(
            [Fault(str(path), "(file)", f"cannot be read: {error.strerror}")]
        ) from None
    except ValueError as error:
        raise ConfigError([Fault(str(path), "(file)", f"is not valid JSON: {error}")]) from None
    return body
