"""Canonical URLs and the identity of articles. Pure; no network, no page content.

`canonicalise` decides when two links are the same page; `clean` only takes tracking parameters off
and is what we fetch. Both refuse (ValueError) what is no plain web address.
"""

import hashlib
import re
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import idna
from publicsuffixlist import PublicSuffixList

MAX_URL_LENGTH = 2_048

#: Parameters that name where a click came from and never what the page is. From the sets of
#: miniflux and our own corpus: wt_mc (heise), at_* (BBC), xtor (Le Monde), maca (DW), CMP.
_TRACKING = re.compile(
    r"(utm_|mtm_|matomo_|pk_|hsa_|at_(medium|campaign|custom|link|format|ptr|bbc)|ns_|wt_)"
    r"|(gclid|gbraid|wbraid|dclid|fbclid|msclkid|twclid|yclid|igshid|mc_cid|mc_eid|_hsenc|_hsmi|mkt_tok"
    r"|oly_enc_id|oly_anon_id|vero_id|wickedid|xtor|maca|cmp|cmpid|icid|ocid|smid|itid|smtyp|partner"
    r"|spm|scid|srnd|feedtype|traffic_source|__twitter_impression|rss|source_feed)$",
    re.IGNORECASE,
)
_DEFAULT_PORT = {"http": 80, "https": 443}
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\\\ud800-\udfff]")
_IPV4 = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
_LABEL = re.compile(r"^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$")
#: Escapes that stay: decoded, they would change what the path means.
_KEPT_ESCAPES = ("%2F", "%2f", "%25", "%3F", "%3f", "%23")
_SAFE_PATH = "/:@!$&'()*+,;=-._~"
_SUFFIXES = PublicSuffixList()


def _host(host: str | None) -> str:
    """Return a host name in lower-case ASCII without trailing dot, or raise ValueError."""
    if not host:
        raise ValueError("no host")
    if host.startswith("[") or ":" in host:
        return host.lower()  # an IPv6 literal: the address guard decides
    name = host.rstrip(".").lower()
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise ValueError(f"host name {host!r} is not valid: {error}") from error
    if len(name) > 253 or not all(_LABEL.match(label) for label in name.split(".")):  # noqa: PLR2004
        raise ValueError(f"host name {host!r} is not valid")
    return name


def _normal_path(path: str) -> str:
    """Percent-encode one way only, so that equal paths compare equal."""
    # %2F must stay apart from "/": the two are different paths.
    kept = re.split(r"(%2[fF]|%25|%3[fF]|%23)", path)
    return "".join(
        part.upper() if part in _KEPT_ESCAPES else quote(unquote(part), _SAFE_PATH) for part in kept
    )


def _split(url: str) -> tuple[str, str, str, str]:
    """Return scheme, authority, path and query of an acceptable web address."""
    if len(url) > MAX_URL_LENGTH:
        raise ValueError(f"longer than {MAX_URL_LENGTH} characters")
    if _FORBIDDEN.search(url):
        raise ValueError("holds a space, control character, lone surrogate or backslash")
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORT:
        raise ValueError("does not begin with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("carries credentials")
    host = _host(parts.hostname)
    if parts.hostname and ":" in parts.hostname:
        host = f"[{host}]"
    port = parts.port  # raises ValueError when out of range
    authority = host if port in (None, _DEFAULT_PORT[scheme]) else f"{host}:{port}"
    return scheme, authority, parts.path, parts.query


def clean(url: str) -> str:
    """Return the address to fetch: without fragment and tracking parameters, otherwise as given.

    Raises ValueError for what is no http(s) address or carries credentials or control characters.
    """
    url = url.strip()
    scheme, authority, path, query = _split(url)
    kept = "&".join(
        part for part in query.split("&") if part and not _TRACKING.match(part.split("=", 1)[0])
    )
    return f"{scheme}://{authority}{path or '/'}" + (f"?{kept}" if kept else "")


def canonicalise(url: str) -> str:
    """Return the form under which two links to one page are equal.

    http and https are one, "www." is dropped, parameters are sorted, a trailing slash and a final
    index.html are dropped, percent-encoding is made uniform. Raises ValueError like `clean`.
    """
    _, authority, path, query = _split(clean(url))
    # Whatever is taken off is taken off to the end: the form of a form is itself.
    authority = (
        re.sub(r"^(www\.)+(?=[^.]+\.)", "", authority).removesuffix(":80").removesuffix(":443")
    )
    path = _normal_path(re.sub(r"(/index\.html?)+/*$", "/", path))
    path = path.rstrip("/") or "/"
    pairs = sorted(pair for pair in parse_qsl(query, keep_blank_values=True) if any(pair))
    encoded = "&".join(f"{quote(key, '')}={quote(value, '')}" if value else quote(key, "")
                       for key, value in pairs)  # fmt: skip
    return f"https://{authority}{path}" + (f"?{encoded}" if encoded else "")


def article_id(url: str) -> str:
    """Return the identity of the page at a URL: 16 bytes of SHA-256 over its canonical form."""
    return hashlib.sha256(canonicalise(url).encode()).hexdigest()[:32]


def host_of(url: str) -> str:
    """Return the host name (without port) whose pace a request to this URL shares."""
    return _host(urlsplit(url).hostname)


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL: what one robots.txt speaks for."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@lru_cache(maxsize=10_000)
def is_number(host: str) -> bool:
    """Tell whether a host is an address of the network instead of a name: 10.0.0.1, ::1."""
    return ":" in host or _IPV4.fullmatch(host) is not None


def registrable_domain(host: str) -> str:
    """Return the domain that one owner registered (example.co.uk); the host itself if none is."""
    return host if is_number(host) else _SUFFIXES.privatesuffix(host) or host


def same_site(first: str, second: str) -> bool:
    """Tell whether two URLs belong to one registrable domain. False when either is no web URL."""
    try:
        return registrable_domain(host_of(first)) == registrable_domain(host_of(second))
    except ValueError:
        return False
