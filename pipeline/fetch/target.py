r"""Reading an address before anything is asked of it. Pure.

URL parsers disagree about `http://a.example\@127.0.0.1/`, and C libraries read `2130706433`,
`0177.0.0.1` and `127.1` as addresses. So everything that two parsers could read in two ways is
refused first, and the address is taken apart exactly once: scheme, host, port and path go to the
socket as they are here, and no other parser sees the text again.
"""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import quote, urljoin, urlsplit

from pipeline.fetch.reasons import failure
from pipeline.urls import MAX_URL_LENGTH, host_of

_DEFAULT_PORT = {"http": 80, "https": 443}
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\\\ud800-\udfff]")
_AUTHORITY = re.compile(
    r"(?:\[(?P<v6>[0-9a-fA-F:.]+)\]|(?P<name>[^\[\]@:%]+))(?::(?P<port>\d{0,5}))?"
)
#: What a C library or a browser would read as a number: then the host is an IPv4 address to them.
_NUMERIC = re.compile(r"(\d+|0[xX][0-9a-fA-F]*)")
_MAX_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Target:
    """A web address taken apart."""

    scheme: str  # "http" | "https"
    host: str  # lower-case ASCII name without trailing dot, or an IP address without brackets
    port: int
    path: str  # with query, ASCII, at least "/"

    @property
    def authority(self) -> str:
        """The Host header: brackets around IPv6, no default port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORT[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The address in one piece, without fragment."""
        return f"{self.scheme}://{self.authority}{self.path}"


def parse_target(url: str) -> Target:
    """Take an address apart. Raises Permanent("bad_url")."""
    try:
        return _parse(url)
    except ValueError as error:
        raise failure("bad_url", f"{url[:200]!r}: {error}") from None


def follow(current: Target, location: str) -> Target:
    """Return where a redirect leads. Raises Permanent("bad_redirect").

    `location` is the header's value read as Latin-1. Servers put UTF-8 and spaces in there; both
    are taken for what they mean.
    """
    try:
        text = location.encode("latin-1").decode("utf-8")
    except UnicodeError:
        text = location
    text = text.strip(" \t").replace(" ", "%20")
    try:
        return _parse(text if _FORBIDDEN.search(text) else urljoin(current.url, text))
    except ValueError as error:
        detail = f"from {current.url} to {location[:200]!r}: {error}"
        raise failure("bad_redirect", detail) from None


def _parse(url: str) -> Target:
    if _FORBIDDEN.search(url):
        raise ValueError("holds a space, control character, lone surrogate or backslash")
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORT:
        raise ValueError("does not begin with http:// or https://")
    match = _AUTHORITY.fullmatch(parts.netloc)
    if match is None:
        raise ValueError("host is missing, or carries credentials, a zone or odd characters")
    port = int(match["port"] or _DEFAULT_PORT[scheme])
    if not 0 < port <= _MAX_PORT:
        raise ValueError(f"port {port} is out of range")
    host = _v6(match["v6"]) if match["v6"] else _name(match["name"])
    path = _ascii(parts.path or "/") + (f"?{_ascii(parts.query)}" if parts.query else "")
    target = Target(scheme, host, port, path)
    if len(target.url) > MAX_URL_LENGTH:
        raise ValueError(f"longer than {MAX_URL_LENGTH} characters")
    return target


def _v6(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except AddressValueError as error:
        raise ValueError(str(error)) from None


def _name(text: str) -> str:
    """Return a host name in ASCII; four plain decimal numbers are the only IPv4 spelling taken."""
    host = host_of(f"http://{text}")
    if not _NUMERIC.fullmatch(host.rpartition(".")[2]):
        return host
    if host != text:
        raise ValueError(f"host {text!r} is an odd spelling of an IP address")
    try:
        return str(IPv4Address(host))
    except AddressValueError:
        raise ValueError(f"host {text!r} is an odd spelling of an IP address") from None


def _ascii(text: str) -> str:
    """Percent-encode what a request line cannot carry; the rest stays as the publisher wrote it."""
    return re.sub(r"[^\x21-\x7e]+", lambda match: quote(match[0], errors="replace"), text)
