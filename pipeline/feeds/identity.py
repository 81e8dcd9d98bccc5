"""Which entry of a feed a listed thing is: the rule that decides what is new.

The key is the guid if it is not empty and names one thing in this document; else the canonical
link, if that does; else title and day. A guid is compared without http/https and without a
trailing "#3": the BBC re-issues one story as #0, #1, #2. Feeds whose items all carry one guid, and
link-less feeds, thereby degrade to what still tells their items apart.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.urls import canonicalise

#: Longer ones are hashed: a key is a database index, and guids of 40 kB have been seen.
_MAX_KEY_CHARS = 512
_SCHEME = re.compile(r"^https?:", re.IGNORECASE)
_REISSUE = re.compile(r"#\d{1,6}$")


@dataclass(frozen=True, slots=True)
class Identified:
    """What identity is decided from."""

    guid: str | None
    link: str | None
    title: str
    day: str  # of publication as claimed, YYYY-MM-DD, "" if none
    text_hash: str = ""  # tells apart what has neither guid, link nor title


def normal_guid(guid: str | None) -> str:
    """Return the form under which two guids of a feed are equal."""
    return _REISSUE.sub("", _SCHEME.sub("", (guid or "").strip())).rstrip("/")


def keys(things: Sequence[Identified]) -> list[str]:
    """Return the key of each thing in a document, in order; equal keys are one entry."""
    parts = [(normal_guid(t.guid), _link(t.link), _title(t)) for t in things]
    # The same thing listed twice must not make its guid look shared.
    distinct = set(parts)
    guids = Counter(guid for guid, _, _ in distinct)
    links = Counter(link for _, link, _ in distinct)
    found = []
    for thing, (guid, link, title) in zip(things, parts, strict=True):
        if guid and guids[guid] == 1:
            key = f"guid:{guid}"
        elif link and links[link] == 1:
            key = f"link:{link}"
        elif title:
            key = f"title:{title}"
        elif link or guid:
            key = f"link:{link}" if link else f"guid:{guid}"
        else:
            key = f"text:{thing.text_hash}"
        found.append(_bounded(key))
    return found


def _link(link: str | None) -> str:
    """Return the canonical form of a link, "" when there is none."""
    if not link:
        return ""
    try:
        return canonicalise(link)
    except ValueError:
        return link


def _title(thing: Identified) -> str:
    """Return title and day, "" when there is neither."""
    title = " ".join(thing.title.casefold().split())
    return f"{title}|{thing.day}" if title or thing.day else ""


def _bounded(key: str) -> str:
    if len(key) <= _MAX_KEY_CHARS:
        return key
    kind = key.partition(":")[0]
    return f"{kind}:sha256:{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()}"
