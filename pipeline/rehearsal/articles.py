"""Reads the articles of the rehearsal world: front matter in TOML between +++ lines, then the text.

An article knows its whole life: when it was published, how it was edited, when it was taken back.
All faults of all files are reported together.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pipeline.errors import ConfigError, Fault

FOLDER = Path(__file__).parent / "articles"


@dataclass(frozen=True, slots=True)
class Version:
    """What an article says from `at` on."""

    at: datetime
    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """What an article names, by our own reading: the truth that enrichment is measured against."""

    people: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Article:
    """One article of the world, with all its versions, oldest first."""

    id: str
    outlet: str
    language: str
    section: str
    standfirst: str
    authors: tuple[str, ...]
    keywords: tuple[str, ...]
    versions: tuple[Version, ...]
    wire_of: str | None = None
    retracted_at: datetime | None = None
    retracted_status: int = 410
    names: Names = Names()

    @property
    def published_at(self) -> datetime:
        """Return when the first version appeared."""
        return self.versions[0].at

    def version(self, now: datetime) -> Version | None:
        """Return what it says at a time; None while it is not there (yet, or any more)."""
        if self.retracted_at is not None and self.retracted_at <= now:
            return None
        return next((each for each in reversed(self.versions) if each.at <= now), None)

    def edits(self, now: datetime) -> int:
        """Return how often it was changed until a time."""
        return max(0, sum(each.at <= now for each in self.versions) - 1)


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Edit(_Table):
    at: datetime
    title: str | None = None
    replace: tuple[str, str] | None = None


class _Retraction(_Table):
    at: datetime
    status: int = Field(default=410)

    @field_validator("status")
    @classmethod
    def _gone(cls, value: int) -> int:
        if value not in (404, 410):
            raise ValueError("is 404 or 410")
        return value


class _FrontMatter(_Table):
    """The TOML of one file, as its author wrote it."""

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    outlet: str
    language: str = Field(pattern="^[a-z]{2}$")
    section: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    title: str = Field(min_length=1)
    standfirst: str = ""
    authors: tuple[str, ...] = ()
    published_at: datetime
    keywords: tuple[str, ...] = ()
    wire_of: str | None = None
    people: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    edit: tuple[_Edit, ...] = ()
    retracted: _Retraction | None = None

    @field_validator("published_at")
    @classmethod
    def _aware(cls, value: datetime) -> datetime:
        if value.tzinfo is None:
            raise ValueError("needs an offset, e.g. 2019-09-08T17:40:00+03:00")
        return value


def load_articles(folder: Path = FOLDER) -> tuple[Article, ...]:
    """Read every <outlet>/<id>.md below a folder, oldest first.

    Raises ConfigError with the faults of all files.
    """
    faults: list[Fault] = []
    drafts: dict[str, tuple[Path, _FrontMatter, tuple[str, ...]]] = {}
    for path in sorted(folder.glob("*/*.md")):
        draft = _read(path, faults)
        if draft is None:
            continue
        front, paragraphs = draft
        if front.id in drafts:
            faults.append(Fault(str(path), "id", f"{front.id!r} is also {drafts[front.id][0]}"))
        elif (front.outlet, front.id) != (path.parent.name, path.stem):
            wanted = f"{front.outlet}/{front.id}.md"
            faults.append(Fault(str(path), "id", f"this file belongs at {wanted}"))
        else:
            drafts[front.id] = (path, front, paragraphs)
    articles = []
    for path, front, own in drafts.values():
        paragraphs = _carried(path, front, own, drafts, faults)
        articles.append(_article(path, front, paragraphs, faults))
    if faults:
        raise ConfigError(faults)
    return in_order(articles)


def in_order(articles: Iterable[Article]) -> tuple[Article, ...]:
    """Return articles by time of publication, oldest first."""
    return tuple(sorted(articles, key=lambda each: (each.published_at, each.id)))


def _read(path: Path, faults: list[Fault]) -> tuple[_FrontMatter, tuple[str, ...]] | None:
    """Split one file into front matter and paragraphs; None after noting what is wrong."""
    parts = re.split(r"^\+\+\+[ \t]*$", path.read_text("utf-8"), maxsplit=2, flags=re.MULTILINE)
    if len(parts) != 3 or parts[0].strip():  # noqa: PLR2004 - before, between and after two fences
        faults.append(Fault(str(path), "(file)", "does not start with TOML between +++ lines"))
        return None
    try:
        front = _FrontMatter.model_validate(tomllib.loads(parts[1]))
    except tomllib.TOMLDecodeError as error:
        faults.append(Fault(str(path), "(front matter)", f"is not valid TOML: {error}"))
        return None
    except ValidationError as error:
        faults += [
            Fault(str(path), ".".join(map(str, item["loc"])), item["msg"])
            for item in error.errors()
        ]
        return None
    blocks = re.split(r"\n\s*\n", parts[2].strip())
    return front, tuple(" ".join(block.split()) for block in blocks if block.strip())


def _carried(
    path: Path,
    front: _FrontMatter,
    own: tuple[str, ...],
    drafts: dict[str, tuple[Path, _FrontMatter, tuple[str, ...]]],
    faults: list[Fault],
) -> tuple[str, ...]:
    """Return the text of an article: its own, or word for word that of the wire."""
    if front.wire_of is None:
        if not own:
            faults.append(Fault(str(path), "(text)", "is empty"))
        return own
    if own:
        faults.append(Fault(str(path), "wire_of", "a copy has no text of its own"))
    original = drafts.get(front.wire_of)
    if original is None:
        faults.append(Fault(str(path), "wire_of", f"there is no article {front.wire_of!r}"))
        return ()
    if original[1].wire_of is not None:
        faults.append(Fault(str(path), "wire_of", f"{front.wire_of!r} is a copy itself"))
    if original[1].published_at > front.published_at:
        faults.append(Fault(str(path), "published_at", f"is before {front.wire_of!r}"))
    return original[2]


def _article(
    path: Path, front: _FrontMatter, paragraphs: tuple[str, ...], faults: list[Fault]
) -> Article:
    """Build the article and its versions, edit by edit."""
    versions = [Version(front.published_at.astimezone(UTC), front.title, paragraphs)]
    for number, edit in enumerate(front.edit):
        last = versions[-1]
        at = edit.at.astimezone(UTC)
        text = "\n\n".join(last.paragraphs)
        if edit.at.tzinfo is None or at <= last.at:
            faults.append(
                Fault(str(path), f"edit[{number}].at", "needs an offset and comes after the last")
            )
        if edit.replace is not None:
            if text.count(edit.replace[0]) != 1:
                problem = (
                    f"{edit.replace[0]!r} stands {text.count(edit.replace[0])} times, not once"
                )
                faults.append(Fault(str(path), f"edit[{number}].replace", problem))
            text = text.replace(*edit.replace)
        elif edit.title is None:
            faults.append(Fault(str(path), f"edit[{number}]", "changes neither title nor text"))
        versions.append(Version(at, edit.title or last.title, tuple(text.split("\n\n"))))
    gone = front.retracted
    if gone is not None and (gone.at.tzinfo is None or gone.at <= versions[-1].at):
        faults.append(Fault(str(path), "retracted.at", "needs an offset and comes after all edits"))
    return Article(
        id=front.id,
        outlet=front.outlet,
        language=front.language,
        section=front.section,
        standfirst=front.standfirst,
        authors=front.authors,
        keywords=front.keywords,
        versions=tuple(versions),
        wire_of=front.wire_of,
        retracted_at=gone.at.astimezone(UTC) if gone else None,
        retracted_status=gone.status if gone else 410,
        names=Names(front.people, front.organisations, front.places, front.topics),
    )
