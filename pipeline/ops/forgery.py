"""Forms that only our own page can send: a token bound to person and time, and where it came from.

The token is no secret of a session store: it is signed, so that any server process can check it.
"""

import hashlib
import hmac
from datetime import datetime

from pipeline.ops.access import Person

#: Longer than anybody leaves a page open and then means what it said.
MAX_AGE_S = 12 * 3_600
_OURS = frozenset({"same-origin", "none"})


def token_for(person: Person, now: datetime, secret: bytes) -> str:
    """Return what a form of this person carries."""
    issued = str(int(now.timestamp()))
    return f"{issued}.{_signature(person, issued, secret)}"


def is_genuine(token: str, person: Person, now: datetime, secret: bytes) -> bool:
    """Tell whether we gave this token to this person, not too long ago."""
    issued, _, signature = token.partition(".")
    if not (issued.isascii() and issued.isdigit() and len(issued) < 12):  # noqa: PLR2004 - seconds
        return False
    age_s = now.timestamp() - int(issued)
    expected = _signature(person, issued, secret)
    given = signature.encode("utf-8", "replace")
    return hmac.compare_digest(expected.encode(), given) and -60 <= age_s <= MAX_AGE_S  # noqa: PLR2004 - clocks of two servers


def _signature(person: Person, issued: str, secret: bytes) -> str:
    said = f"{issued}\n{person.id}".encode()
    return hmac.new(secret, said, hashlib.sha256).hexdigest()


def is_from_elsewhere(site: str | None, origin: str | None, host: str | None) -> bool:
    """Tell whether a browser says that another site sent a form (Sec-Fetch-Site, Origin)."""
    if site is not None:
        return site not in _OURS
    return origin is not None and origin.partition("://")[2] != (host or "")
