"""Reads the next lines of the change feed that concern a follower, with their documents."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

import orjson

from pipeline.changes.following import (
    FeedLine,
    Filters,
    Withheld,
    concerns,
    follow,
    is_reserved,
)
from pipeline.changes.log import About, ChangeLog
from pipeline.changes.tokens import Place, resume
from pipeline.config import RightsSettings
from pipeline.model import Document

#: Lines of the log that one page looks at: a narrow filter is answered in time, too.
_MAX_READ, CHUNK = 5_000, 200


class Documents(Protocol):
    """What gives documents as they may be shown."""

    def read(self, article_ids: Sequence[str]) -> Mapping[str, Document]:
        """Return article_id → document, of those that are there."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines, and where to go on."""

    lines: list[FeedLine]
    next: Place
    has_more: bool  # ask again at once


def read_page(
    log: ChangeLog,
    documents: Documents,
    rights: RightsSettings,
    place: Place,
    filters: Filters,
    *,
    limit: int,
) -> Page:
    """Return the next lines after a place, at most `limit`. Raises TokenOutdated."""
    found: list[FeedLine] = []
    has_more = True
    withheld = withheld_by(rights)
    for _ in range(_MAX_READ // CHUNK):
        state, lines = log.lines_after(place.seq, limit=CHUNK)
        resume(place, state)
        wanted = [one.change.article_id for one in lines if concerns(one, filters, withheld)]
        held = documents.read(list(dict.fromkeys(wanted))) if wanted else {}
        told = list(follow(lines, held, filters, state, withheld))
        some, rest = told[: limit - len(found)], told[limit - len(found) :]
        found += some
        last = found[-1].seq if rest else lines[-1].change.seq if lines else place.seq
        place = Place(last, state.log_id, state.trimmed_seq)
        has_more = bool(rest) or len(lines) == CHUNK
        if not has_more or len(found) == limit:
            break
    return Page(found, place, has_more)


def as_json(line: FeedLine) -> bytes:
    """Return one line of the feed, without its end."""
    return orjson.dumps(as_values(line), option=orjson.OPT_UTC_Z)


def as_values(line: FeedLine) -> dict[str, Any]:
    """Return one line of the feed as JSON values."""
    return asdict(replace(line, document=None)) | {"document": line.document}


def withheld_by(rights: RightsSettings) -> Withheld:
    """Return what nobody is told of: reserved articles, but for outlets that let us."""

    def withheld(found: About) -> bool:
        outlets = found.get("outlet", ())
        return is_reserved(found) and all(rights.of(one).tdm == "withhold" for one in outlets)

    return withheld
