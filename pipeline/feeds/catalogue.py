"""The operator's list of feeds: config/feeds.toml, read strictly, written readably.

One `[[feed]]` table a feed. Whatever is wrong is reported at once, under the feed's own id.
"""

import json
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pipeline.errors import ConfigError, Fault
from pipeline.feeds.codes import country_problem, language_problem
from pipeline.feeds.zones import find_zone
from pipeline.model import Feed, FeedKind
from pipeline.urls import canonicalise, clean

_SLUG = r"^[a-z0-9][a-z0-9-]{0,63}$"
_KIND = "^(feed|sitemap)$"
#: (pydantic's type of error, its pattern) → what an operator can act on.
_PLAIN_WORDS = {
    ("string_pattern_mismatch", _SLUG): "must be lower-case letters, digits and hyphens, at most 64"
    " characters, beginning with a letter or digit",
    ("string_pattern_mismatch", _KIND): 'must be "feed" or "sitemap"',
    ("string_type", None): "must be text in quotation marks",
    ("list_type", None): "must be a list in brackets",
    ("dict_type", None): "must be a table in braces",
    ("missing", None): "is missing",
}


class _Row(BaseModel):
    """One [[feed]] table. Unknown keys are faults: a misspelt one must not be ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: str = Field(pattern=_SLUG)
    url: str
    publisher: str = Field(pattern=_SLUG)
    title: str = ""
    language: str | None = None
    country: str | None = None
    timezone: str | None = None
    section: str | None = None
    kind: str = Field(default="feed", pattern=_KIND)
    site_url: str | None = None
    notes: str = ""
    categories: list[list[str]] = Field(default_factory=list)
    extra: dict[str, str] = Field(default_factory=dict)

    @field_validator("url", "site_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is not None:
            clean(value)  # raises ValueError, which pydantic reports
        return value

    @field_validator("language")
    @classmethod
    def _language(cls, value: str | None) -> str | None:
        if value is not None and (problem := language_problem(value)):
            raise ValueError(problem)
        return value

    @field_validator("country")
    @classmethod
    def _country(cls, value: str | None) -> str | None:
        if value is not None and (problem := country_problem(value)):
            raise ValueError(problem)
        return value

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        if value is not None and find_zone(value) is None:
            raise ValueError("is no IANA time zone such as Europe/Istanbul")
        return value


def load_catalogue(path: Path) -> tuple[Feed, ...]:
    """Read a catalogue, in its order. Raises ConfigError with every fault in it."""
    name = str(path)
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ConfigError([Fault(name, "(file)", f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError as error:
        raise ConfigError([Fault(name, "(file)", f"is not UTF-8: {error}")]) from None
    return read_catalogue(text, name)


def read_catalogue(text: str, name: str) -> tuple[Feed, ...]:
    """Read the text of a catalogue; `name` stands in faults. Raises ConfigError."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([Fault(name, "(file)", f"is not valid TOML: {error}")]) from None
    faults = [
        Fault(name, key, "no such table; a catalogue holds [[feed]] tables only")
        for key in tables
        if key != "feed"
    ]
    rows = tables.get("feed", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigError([*faults, Fault(name, "feed", "must be [[feed]] tables")])
    feeds = []
    for position, row in enumerate(rows, 1):
        try:
            feeds.append(_feed(_Row.model_validate(row)))
        except ValidationError as error:
            faults += _faults(error, name, row, position)
    faults += _twice(rows, name)
    if not rows and not faults:
        faults.append(Fault(name, "feed", "there is no feed; add a [[feed]] table"))
    if faults:
        raise ConfigError(faults)
    return tuple(feeds)


def _feed(row: _Row) -> Feed:
    return Feed(
        feed_id=row.id,
        url=row.url.strip(),
        publisher=row.publisher,
        title=row.title,
        language=row.language,
        country=row.country,
        timezone=row.timezone,
        section=row.section,
        kind=FeedKind(row.kind),
        site_url=row.site_url,
        notes=row.notes,
        categories=tuple(tuple(path) for path in row.categories),
        extra=row.extra,
    )


def _faults(error: ValidationError, name: str, row: dict[str, Any], position: int) -> list[Fault]:
    """Turn pydantic's errors into faults that name the feed."""
    own_id = row.get("id")
    known = own_id if isinstance(own_id, str) and re.match(_SLUG, own_id) else f"#{position}"
    faults = []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"])
        said = (item["type"], item.get("ctx", {}).get("pattern"))
        problem = _PLAIN_WORDS.get(said, item["msg"].removeprefix("Value error, "))
        if item["type"] == "extra_forbidden":
            problem = f"no such key; there are: {', '.join(_Row.model_fields)}"
        elif item["type"] != "missing":
            problem = f"{problem} (got {item['input']!r})"
        faults.append(Fault(name, f"feed.{known}.{key}", problem))
    return faults


def _twice(rows: Sequence[dict[str, Any]], name: str) -> list[Fault]:
    """Report ids and addresses that are listed twice: their entries would be counted twice.

    Looks at the rows as written, so that other faults of a feed do not hide these.
    """
    faults = []
    ids: set[str] = set()
    addresses: dict[str, str] = {}
    for position, row in enumerate(rows, 1):
        own_id, url = row.get("id"), row.get("url")
        known = own_id if isinstance(own_id, str) else f"#{position}"
        if isinstance(own_id, str):
            if own_id in ids:
                faults.append(Fault(name, f"feed.{known}.id", "is used by another feed too"))
            ids.add(own_id)
        try:
            address = canonicalise(url) if isinstance(url, str) else ""
        except ValueError:
            continue  # no address at all: reported with the other faults of its feed
        first = addresses.setdefault(address, known) if address else known
        if first != known:
            faults.append(Fault(name, f"feed.{known}.url", f"is the address of {first!r} too"))
    return faults


def write_catalogue(feeds: Sequence[Feed]) -> str:
    """Return the TOML text of a catalogue; reading it gives the same feeds in the same order."""
    return "\n".join(_table(feed) for feed in feeds)


def _table(feed: Feed) -> str:
    values: list[tuple[str, object]] = [
        ("id", feed.feed_id),
        ("url", feed.url),
        ("publisher", feed.publisher),
        ("title", feed.title),
        ("language", feed.language),
        ("country", feed.country),
        ("timezone", feed.timezone),
        ("section", feed.section),
        ("kind", None if feed.kind is FeedKind.FEED else feed.kind.value),
        ("site_url", feed.site_url),
        ("notes", feed.notes),
        ("categories", [list(path) for path in feed.categories]),
    ]
    lines = [f"{key} = {_toml(value)}" for key, value in values if value]
    if feed.extra:
        pairs = ", ".join(f"{_toml(key)} = {_toml(value)}" for key, value in feed.extra.items())
        lines.append(f"extra = {{ {pairs} }}")
    return "[[feed]]\n" + "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    """Return a string or list as TOML: JSON but for DEL, which only TOML wants escaped."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
