"""What a response's headers say that its publisher wants: not to be found, not to be mined.

X-Robots-Tag (as search engines document it) and tdm-reservation (TDM Reservation Protocol, W3C
community group report). Recorded with the article, whatever is then made of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.fetch.user_agent import PRODUCT


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the publisher of a page wants."""

    noindex: bool = False
    tdm_reserved: bool = False


def publisher_wishes(headers: Sequence[tuple[str, str]]) -> Wishes:
    """Read the headers of one response; several X-Robots-Tag lines add up."""
    noindex = tdm_reserved = False
    for name, value in headers:
        if name.lower() == "x-robots-tag":
            words = _words_for_us(value)
            noindex = noindex or bool(words & {"noindex", "none"})
            tdm_reserved = tdm_reserved or bool(words & {"noai", "noml"})
        elif name.lower() == "tdm-reservation":
            tdm_reserved = tdm_reserved or value.strip() == "1"
    return Wishes(noindex, tdm_reserved)


def _words_for_us(value: str) -> set[str]:
    """Return the directives of a line, none if it names another robot ("otherbot: noindex")."""
    agent, colon, rest = value.partition(":")
    named = bool(colon) and "," not in agent and agent.strip().lower() != "unavailable_after"
    if named and agent.strip().lower() not in (PRODUCT.lower(), "*"):
        return set()
    return {word.strip().lower() for word in (rest if named else value).split(",")}
