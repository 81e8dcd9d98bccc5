"""HTTP of the rehearsal world: request and answer, validators, conditional requests, gzip. Pure."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime

from pipeline.rehearsal.outlets import Validators

VALIDATORS = ("ETag", "Last-Modified")
#: What a server repeats in a 304, were it a 200 (RFC 9110, 15.4.5).
_KEPT_IN_304 = {"etag", "last-modified", "cache-control", "date", "vary"}


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked. Header names are in lower case."""

    host: str  # without port
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    earlier: int = 0  # requests for this host and path before this one


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    delay_s: float = 0.0  # real seconds before the first byte
    cut: bool = False  # break the connection in the middle of the body

    def header(self, name: str) -> str | None:
        """Return a header's first value, names compared without case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def plus(self, *headers: tuple[str, str]) -> "Answer":
        """Return the answer with more headers."""
        return replace(self, headers=self.headers + headers)


def http_date(at: datetime) -> str:
    """Return a time as HTTP writes it."""
    return format_datetime(at.replace(microsecond=0), usegmt=True)


def validated(answer: Answer, how: Validators, modified_at: datetime | None) -> Answer:
    """Put on a 200 the validators that the outlet's server sends."""
    headers: list[tuple[str, str]] = []
    if how in ("strong", "weak", "gzip_suffix"):
        tag = '"' + hashlib.sha256(answer.body).hexdigest()[:16] + '"'
        headers.append(("ETag", f"W/{tag}" if how == "weak" else tag))
    if how in ("strong", "modified", "gzip_suffix") and modified_at is not None:
        headers.append(("Last-Modified", http_date(modified_at)))
    return answer.plus(*headers)


def conditional(answer: Answer, request: Request) -> Answer:
    """Return 304 when the client holds this very answer (RFC 9110, 13.2.2)."""
    if answer.status == 200 and _holds(answer, request):  # noqa: PLR2004 - 200 OK
        kept = tuple(pair for pair in answer.headers if pair[0].lower() in _KEPT_IN_304)
        return replace(answer, status=304, headers=kept, body=b"")
    return answer


def _holds(answer: Answer, request: Request) -> bool:
    """Tell whether a conditional request names what would be sent; the ETag decides first."""
    asked = request.headers.get("if-none-match")
    if asked is not None:
        own = (answer.header("etag") or "").removeprefix("W/")
        tags = {tag.strip().removeprefix("W/") for tag in asked.split(",")}
        return bool(own) and own in tags
    since, modified = request.headers.get("if-modified-since"), answer.header("last-modified")
    if since is None or modified is None:
        return False
    try:
        return parsedate_to_datetime(since) >= parsedate_to_datetime(modified)
    except (ValueError, TypeError):
        return False  # a date that cannot be read, or has no zone, is ignored (RFC 9110, 13.1.3)


def compressed(answer: Answer, request: Request, how: Validators) -> Answer:
    """Compress text when the client asks for gzip.

    `gzip_suffix` is what Apache's mod_deflate does: it changes the ETag of the compressed answer
    and then does not know that ETag again, so such a client never gets a 304.
    """
    kind = answer.header("content-type") or ""
    text = kind.startswith("text/") or "xml" in kind or "json" in kind
    if not answer.body or not text or "gzip" not in request.headers.get("accept-encoding", ""):
        return answer
    headers = answer.headers
    if how == "gzip_suffix":
        headers = tuple(
            (key, value[:-1] + '-gzip"' if key == "ETag" else value) for key, value in headers
        )
    body = gzip.compress(answer.body, compresslevel=5, mtime=0)
    zipped = replace(answer, body=body, headers=headers)
    return zipped.plus(("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))
