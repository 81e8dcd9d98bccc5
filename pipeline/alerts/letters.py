"""The hits of a saved search as a letter."""

from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from pipeline.alerts.saved import AlertHit, SavedSearch
from pipeline.alerts.telling import message_id

MAILTO = "mailto:"
_MAX_ADDRESS_CHARS = 254  # RFC 5321
_SPECIAL = frozenset(' \t\r\n,;:<>()[]\\"')


def is_address(given: str) -> bool:
    """Tell whether this is a mailbox that a letter can be sent to: one, and without a name."""
    name, _, domain = given.rpartition("@")
    plain = given.isprintable() and _SPECIAL.isdisjoint(given) and "@" not in name
    return bool(plain and name and "." in domain.strip(".")) and len(given) <= _MAX_ADDRESS_CHARS


def letter(search: SavedSearch, hits: Sequence[AlertHit], now: datetime) -> EmailMessage:
    """Return a letter without a sender. Sent again, it has the same Message-ID."""
    stories = f"{len(hits)} {'story' if len(hits) == 1 else 'stories'}"
    made = EmailMessage()
    made["To"] = search.webhook.removeprefix(MAILTO)
    made["Subject"] = _line(f"{search.name}: {stories}")
    made["Date"] = format_datetime(now)
    made["Message-ID"] = f"<{message_id(hits)}@newsline.invalid>"
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence note answers it
    asked = [search.text, *(f"{name}={value}" for name, some in search.filters.items()
                            for value in some)]  # fmt: skip
    about = f"What the alert {search.name} found ({', '.join(filter(None, asked))}):"
    made.set_content("\n\n".join([about, *map(_told, hits)]) + "\n")
    return made


def _told(hit: AlertHit) -> str:
    when = f", {hit.published_at[:16].replace('T', ' ')}" if hit.published_at else ""
    lines = [hit.title or "(no headline)", f"{hit.outlet}{when}", *hit.matched, hit.url]
    return "\n".join(map(_line, lines))


def _line(text: str) -> str:
    """Return a text as one line: what comes from a page writes no header and no line of ours."""
    return " ".join(text.split())
