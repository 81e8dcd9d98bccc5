"""Page bytes → text. We decide the encoding ourselves: parsers guess silently and differently."""

import codecs
import re
from contextlib import suppress
from dataclasses import dataclass

import chardet
from resiliparse.parse.encoding import map_encoding_to_html5

#: How far into a page a <meta charset> is looked for; the HTML standard says 1,024 bytes, real
#: pages put scripts before it.
_META_WINDOW_BYTES = 16_384
#: A declared encoding that fails on more than this share of a page's non-ASCII bytes is a lie.
_MAX_BROKEN_SHARE = 0.02
#: The detector reads so much; more changes nothing and costs time.
_DETECTOR_WINDOW_BYTES = 65_536

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._:-]{2,40})", re.IGNORECASE)
_META_CHARSET = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9._:-]{2,40})", re.IGNORECASE
)
_NON_ASCII = re.compile(rb"[\x80-\xff]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a page, and how we came to read it so."""

    text: str
    encoding: str
    source: str  # "bom" | "utf8" | "header" | "meta" | "detector" | "ascii"
    rivals: tuple[tuple[str, str], ...] = ()  # (source, encoding) that said otherwise
    flags: tuple[str, ...] = ()


def decode(body: bytes, content_type: str | None) -> Decoded:
    """Decode a page; never fails. Bytes that fit no encoding become U+FFFD, with a flag.

    A byte order mark wins, as in browsers. Then valid UTF-8 with characters beyond ASCII is
    UTF-8 whatever the labels say: no text in another encoding looks like that by chance.
    """
    claims = _claims(body, content_type)
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return _as(body[len(mark) :], encoding, "bom", claims)
    if not _NON_ASCII.search(body) and not any(name.startswith("iso-2022") for _, name in claims):
        return Decoded(body.decode("ascii"), "ascii", "ascii", claims)
    with suppress(UnicodeDecodeError):  # then it is what a label says, or a detector
        return _checked(Decoded(body.decode("utf-8"), "utf-8", "utf8", claims))
    for source, encoding in claims:
        found = _as(body, encoding, source, claims)
        if _broken_share(found.text) <= _MAX_BROKEN_SHARE:
            return found
    guess = chardet.detect(body[:_DETECTOR_WINDOW_BYTES], prefer_superset=True)["encoding"]
    return _as(body, _safe(str(guess)) or "windows-1252", "detector", claims)


def _claims(body: bytes, content_type: str | None) -> tuple[tuple[str, str], ...]:
    """Return what the header and the page itself call their encoding, strongest first."""
    claims = []
    header = _HEADER_CHARSET.search(content_type or "")
    if header and (encoding := _safe(header[1])):
        claims.append(("header", encoding))
    meta = _META_CHARSET.search(body[:_META_WINDOW_BYTES])
    if meta and (encoding := _safe(meta[1].decode("ascii"))):
        # A page whose meta tag we could read is not UTF-16 (HTML standard).
        claims.append(("meta", "utf-8" if encoding.startswith("utf-16") else encoding))
    return tuple(claims)


def _safe(label: str) -> str | None:
    """Map a label to the encoding that browsers mean by it; None for one that the web lacks.

    The table is the WHATWG's, so utf-7, punycode, escapes and other codecs of Python are out.
    """
    name = map_encoding_to_html5(label.strip().lower(), fallback_utf8=False)
    if name is None or name == "x-user-defined":
        return None
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def _as(body: bytes, encoding: str, source: str, claims: tuple[tuple[str, str], ...]) -> Decoded:
    return _checked(Decoded(body.decode(encoding, "replace"), encoding, source, claims))


def _checked(found: Decoded) -> Decoded:
    """Keep as rivals only the claims that differ, and flag what a reader should know."""
    rivals = tuple(claim for claim in found.rivals if claim[1] != found.encoding)
    noted = {"encoding_conflict": bool(rivals), "encoding_errors": "\ufffd" in found.text}
    flags = tuple(flag for flag, holds in noted.items() if holds)
    return Decoded(found.text, found.encoding, found.source, rivals, flags)


def _broken_share(text: str) -> float:
    """Return how much of what is not ASCII could not be decoded."""
    broken = text.count("\ufffd")
    if not broken:
        return 0.0
    return broken / sum(1 for char in text if char > "\x7f")
