"""robots.txt by RFC 9309: may we, and how slowly. Pure.

Protego does the matching of paths. Two measured faults of its version 0.7 are worked around here:
it finds groups by a part of a word (`news` also catches `newsbot`), and it stumbles over a byte
order mark. So the text is decoded and its groups are chosen here, and Protego is only given the
rules that are meant for us.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

from protego import Protego

from pipeline.work import RobotsCopy

MAX_ROBOTS_BYTES = 500 * 1024  # RFC 9309, 2.5: what must be read; the rest does not count
KEEP_S = 24 * 3600.0  # RFC 9309, 2.4
#: A refusal or silence is asked about again sooner, but not with every page.
KEEP_BAD_S = 30 * 60.0
_OK = range(200, 300)
_TOO_MANY = 429
_SERVER_ERROR = 500
_TOKEN = re.compile(r"[A-Za-z_-]+")


@dataclass(frozen=True, slots=True)
class RobotsVerdict:
    """Whether a URL may be fetched."""

    allowed: bool
    reason: str  # fixed slug: which rule decided
    crawl_delay_s: float | None = None  # as asked for; `pace` caps it
    temporary: bool = False  # not allowed only because robots.txt cannot be had


def decide_robots(copy: RobotsCopy | None, now: datetime) -> Literal["use", "fetch"]:
    """Say whether a copy is fresh enough to go by."""
    if copy is None:
        return "fetch"
    keep_s = KEEP_BAD_S if _is_unavailable(copy.status) else KEEP_S
    return "use" if now - copy.fetched_at < timedelta(seconds=keep_s) else "fetch"


def verdict(copy: RobotsCopy | None, url: str, agent: str) -> RobotsVerdict:
    """Say whether `agent` (our product token) may fetch a URL of the copy's origin.

    2xx: by its rules. 429, 5xx or no answer: not now. Any other status: there are no rules.
    """
    if copy is None or _is_unavailable(copy.status):
        return RobotsVerdict(allowed=False, reason="robots_unavailable", temporary=True)
    if copy.status not in _OK:
        return RobotsVerdict(allowed=True, reason="no_robots")
    rules = _rules(copy.body, agent.lower())
    delay_s = rules.crawl_delay(agent)
    if rules.can_fetch(url, agent):
        return RobotsVerdict(allowed=True, reason="robots_allowed", crawl_delay_s=delay_s)
    return RobotsVerdict(allowed=False, reason="robots_disallowed", crawl_delay_s=delay_s)


def _is_unavailable(status: int) -> bool:
    return status in (0, _TOO_MANY) or status >= _SERVER_ERROR


@lru_cache(maxsize=64)  # of at most 500 KiB each
def _rules(body: bytes, token: str) -> Protego:
    """Return the rules of the groups for a product token, else of the groups for everybody."""
    ours: list[str] = []
    everybodys: list[str] = []
    ours_exist = False
    agents: list[str] = []
    naming = False  # the last line that counts was a User-agent line
    for key, value in _lines(body):
        if key == "user-agent":
            agents = [*agents, value] if naming else [value]
            naming = True
            ours_exist = ours_exist or _is_for(value, token)
        elif key in ("allow", "disallow", "crawl-delay"):
            # Crawl-delay is not in the RFC; as a line that ends the list of agents it follows what
            # authors mean who write one group after the other.
            naming = False
            line = f"{key}: {value}"
            if any(_is_for(agent, token) for agent in agents):
                ours.append(line)
            if "*" in agents:
                everybodys.append(line)
    chosen = ours if ours_exist else everybodys
    return Protego.parse("\n".join(["User-agent: *", *chosen]))


def _is_for(agent: str, token: str) -> bool:
    """Compare whole product tokens without case; a version after it does not matter."""
    match = _TOKEN.match(agent)
    return match is not None and match[0].lower() == token


def _lines(body: bytes) -> list[tuple[str, str]]:
    """Return (lower-case key, value) of every line that has both; no half line at the cut."""
    text = body[:MAX_ROBOTS_BYTES].decode("utf-8-sig", "replace")
    lines = re.split(r"\r\n|\n|\r", text)
    if len(body) >= MAX_ROBOTS_BYTES:
        lines.pop()
    pairs = (line.partition("#")[0].partition(":") for line in lines)
    return [(key.strip().lower(), value.strip()) for key, colon, value in pairs if colon]
