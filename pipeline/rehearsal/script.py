"""What goes wrong in the rehearsal world, for whom and from when until when: script.toml.

An event changes the answers of one feed, one article or one address while it lasts. A link is
something a feed lists that is no article of ours: a PDF, a picture, a page robots may not read.
"""

import tomllib
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from pipeline.errors import ConfigError, Fault

SCRIPT_FILE = Path(__file__).parent / "script.toml"

Moment = Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC))]


class Does(StrEnum):
    """What an event makes of the answers of its target."""

    STATUS = "status"  # answers with `status`, and Retry-After when `retry_after_s` is given
    MOVED = "moved"  # redirects with `status` (301, 302, 307, 308) to `to`
    EMPTY = "empty"  # 200 without a body
    HTML = "html"  # 200 with a page "checking your browser"
    TRUNCATED = "truncated"  # a whole answer that holds half a document
    STALE = "stale"  # answers as it would have at `from`
    NOT_MODIFIED = "not_modified"  # 304 to every conditional request, whatever is new
    SLOW = "slow"  # the right answer, after `delay_s` real seconds
    CUT = "cut"  # the connection breaks in the middle of the body
    BOT_WALL = "bot_wall"  # 403 with a challenge page
    SOFT_404 = "soft_404"  # 200 with a page "not found"
    PAYWALL = "paywall"  # the article's page shows a teaser only, and says so


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Event(_Record):
    """One thing that happens. Its target is a feed id, an article id, or host + path."""

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    does: Does
    feed: str | None = None
    article: str | None = None
    url: str | None = (
        None  # host/path without scheme and port, e.g. rheinblatt.localhost/robots.txt
    )
    since: Moment = Field(alias="from")
    until: Moment
    status: int = Field(default=503, ge=300, le=599)
    retry_after_s: int | None = Field(default=None, ge=0)
    to: str | None = None  # moved: a path on the same host, or the id of an article
    delay_s: float = Field(default=0.0, ge=0, le=60)
    first: int | None = Field(default=None, ge=1)  # only the first so many requests
    note: str = ""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if sum(each is not None for each in (self.feed, self.article, self.url)) != 1:
            raise ValueError("names exactly one of feed, article, url")
        if self.until <= self.since:
            raise ValueError("`until` comes after `from`")
        if (self.does is Does.MOVED) != (self.to is not None):
            raise ValueError("`to` belongs to `moved`, and `moved` needs it")
        if self.does is Does.MOVED and self.status not in (301, 302, 307, 308):
            raise ValueError("`moved` needs a status of 301, 302, 307 or 308")
        if self.does is Does.PAYWALL and self.article is None:
            raise ValueError("`paywall` needs an article")
        return self

    @property
    def target(self) -> str:
        """Return what it applies to: feed id, article id, or host/path."""
        return self.feed or self.article or self.url or ""

    def active(self, now: datetime) -> bool:
        """Tell whether it lasts at a time."""
        return self.since <= now < self.until


class Link(_Record):
    """Something that a feed lists and that is no article."""

    feed: str
    path: str = Field(pattern="^/")
    title: str
    published_at: Moment
    serves: Literal["pdf", "image", "private", "nothing"]  # private: robots.txt forbids it


class Script(_Record):
    """All events and links, in the order of the file."""

    events: tuple[Event, ...] = Field(default=(), alias="event")
    links: tuple[Link, ...] = Field(default=(), alias="link")

    def active(self, targets: Collection[str], now: datetime, earlier: int) -> tuple[Event, ...]:
        """Return the events that shape an answer now; `earlier`: requests made there before."""
        return tuple(
            event
            for event in self.events
            if event.target in targets
            and event.active(now)
            and (event.first is None or earlier < event.first)
        )

    def moments(self) -> set[datetime]:
        """Return every time at which an event begins or ends, or a link appears."""
        times = {event.since for event in self.events} | {event.until for event in self.events}
        return times | {link.published_at for link in self.links}


def load_script(path: Path = SCRIPT_FILE) -> Script:
    """Read a script. Raises ConfigError with every fault."""
    try:
        return Script.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise ConfigError(
            [Fault(str(path), "(file)", f"cannot be read: {error.strerror}")]
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([Fault(str(path), "(file)", f"is not valid TOML: {error}")]) from None
    except ValidationError as error:
        faults = [
            Fault(str(path), ".".join(map(str, item["loc"])), item["msg"])
            for item in error.errors()
        ]
        raise ConfigError(faults) from None


def check_targets(script: Script, feeds: Collection[str], articles: Collection[str]) -> list[Fault]:
    """Return a fault for every event or link whose feed or article does not exist."""
    wrong: list[tuple[str, str]] = []
    wrong += _missing("feed", ((event.name, event.feed) for event in script.events), feeds)
    wrong += _missing("feed", ((link.path, link.feed) for link in script.links), feeds)
    wrong += _missing("article", ((event.name, event.article) for event in script.events), articles)
    elsewhere = ((e.name, e.to) for e in script.events if e.to and not e.to.startswith("/"))
    wrong += _missing("article", elsewhere, articles)
    return [Fault("script", name, problem) for name, problem in wrong]


def _missing(
    kind: str, named: Iterable[tuple[str, str | None]], known: Collection[str]
) -> list[tuple[str, str]]:
    return [
        (name, f"there is no {kind} {id_!r}") for name, id_ in named if id_ and id_ not in known
    ]
