"""From bytes to text, when HTTP header, byte order mark and declaration may each be missing or lie.

The first claim that fits the bytes wins: byte order mark, HTTP charset, declaration; then the
detector, helped by the feed's language; then windows-1252, which fits everything. Bytes outside
ASCII that are valid UTF-8 are UTF-8 whatever a one-byte charset claims: by chance they never are.
"""

import codecs
import re
from email.message import Message

import chardet

from pipeline.errors import Permanent

#: What a feed may declare. Everything else that Python knows is no encoding of documents (punycode,
#: escapes, zip) and is ignored; UTF-7 is refused.
ALLOWED = frozenset(
    {
        "ascii", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le",
        "utf-32-be", "iso8859-1", "iso8859-2", "iso8859-3", "iso8859-4", "iso8859-5", "iso8859-6",
        "iso8859-7", "iso8859-8", "iso8859-9", "iso8859-10", "iso8859-11", "iso8859-13",
        "iso8859-14", "iso8859-15", "iso8859-16", "cp1250", "cp1251", "cp1252", "cp1253", "cp1254",
        "cp1255", "cp1256", "cp1257", "cp1258", "cp874", "cp866", "koi8-r", "koi8-u", "mac-roman",
        "gb2312", "gbk", "gb18030", "big5", "big5hkscs", "shift_jis", "cp932", "euc_jp",
        "iso2022_jp", "euc_kr", "cp949", "tis-620",
    }
)  # fmt: skip
#: Servers say the old name and send the superset.
_SUPERSETS = {"gb2312": "gb18030", "gbk": "gb18030", "iso8859-1": "cp1252", "iso8859-9": "cp1254",
              "shift_jis": "cp932", "euc_kr": "cp949", "iso8859-11": "cp874"}  # fmt: skip
_DETECTABLE = ("windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254",
               "windows-1255", "windows-1256", "windows-1257", "windows-1258", "windows-874",
               "koi8-r", "koi8-u", "gb18030", "big5", "shift_jis", "euc-jp", "euc-kr",
               "iso-8859-2", "iso-8859-15")  # fmt: skip
#: What a language is written in when it is not UTF-8: better than a detector on a few headlines.
_BY_LANGUAGE = {
    "tr": "cp1254", "az": "cp1254", "ar": "cp1256", "fa": "cp1256", "ur": "cp1256", "ru": "cp1251",
    "uk": "cp1251", "bg": "cp1251", "mk": "cp1251", "el": "cp1253", "he": "cp1255", "en": "cp1252",
    "fr": "cp1252", "de": "cp1252", "es": "cp1252", "it": "cp1252", "pt": "cp1252", "nl": "cp1252",
    "sv": "cp1252", "da": "cp1252", "no": "cp1252", "fi": "cp1252",
}  # fmt: skip
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARATION = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']\s*([A-Za-z0-9._:-]{1,40})")
_LANGUAGE = re.compile(rb"<(?:dc:)?language>\s*([A-Za-z]{2})\b|xml:lang=[\"']([A-Za-z]{2})\b")
_MARKUP = re.compile(rb"<[^>]{0,2000}>")
_HEAD_BYTES = 65_536
#: Below this the detector is guessing and the language knows better.
_TRUSTED = 0.5


def decode(
    body: bytes, *, content_type: str | None = None, language: str | None = None
) -> tuple[str, str, list[str]]:
    """Return (text, encoding, warnings). Raises Permanent("bad_encoding") for UTF-7.

    A claim that does not fit is a warning `encoding_mismatch`; none at all `encoding_guessed`.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            marked = body[len(mark) :].decode(name, "replace")
            return marked, name, ["undecodable_bytes"] if "\ufffd" in marked else []
    warnings: list[str] = []
    if b"\x00" in body[:4]:  # UTF-16 without its mark: every other byte of "<?xml" is zero
        name = "utf-16-be" if body[:1] == b"\x00" else "utf-16-le"
        if body[:4].count(b"\x00") == 2:  # noqa: PLR2004 - two ASCII characters
            return body.decode(name, "replace"), name, ["encoding_guessed"]
    claims = [name for name in (_charset(content_type), _declared(body)) if name]
    for claim in claims:
        codec = _codec(claim)
        text = _try(body, codec) if codec else None
        if codec is None or text is None or _really_utf8(body, codec):
            warnings.append("encoding_mismatch")
            continue
        return text, _public_name(codec), _unique(warnings)
    guessed, name = _guess(body, language)
    if not claims and not body.isascii() and name != "utf-8":
        warnings.append("encoding_guessed")
    return guessed, name, _unique(warnings)


def _charset(content_type: str | None) -> str | None:
    """Return the charset parameter of a Content-Type header."""
    if not content_type:
        return None
    message = Message()
    try:
        message["content-type"] = re.sub(r"=\s+", "=", content_type.replace("\n", " "))
        return message.get_content_charset()
    except (ValueError, LookupError):
        return None


def _declared(body: bytes) -> str | None:
    """Return what the XML declaration says."""
    found = _DECLARATION.search(body[:1024])
    name = found[1].decode("ascii") if found else None
    # A UTF-16 declaration that can be read as ASCII is wrong by itself.
    return None if name and name.lower().startswith(("utf-16", "utf-32", "ucs")) else name


def _codec(label: str) -> str | None:
    """Return Python's name for a charset label, None when it is not one that a feed may have."""
    try:
        name = codecs.lookup(label.strip().strip("\"'")).name
    except (LookupError, ValueError):
        return None
    if name == "utf-7":
        raise Permanent("bad_encoding", "UTF-7 is refused: it hides markup from every check")
    return _SUPERSETS.get(name, name) if name in ALLOWED else None


def _try(body: bytes, codec: str) -> str | None:
    """Decode strictly; None when the bytes do not fit."""
    try:
        return body.decode(codec)
    except UnicodeDecodeError:
        # One bad byte in a long UTF-8 document is damage, not another encoding.
        if codec == "utf-8":
            text = body.decode("utf-8", "replace")
            good = len(text.encode("utf-8", "replace")) - len(text.encode("ascii", "ignore"))
            if text.count("\ufffd") * 20 < good:
                return text
    return None


def _really_utf8(body: bytes, codec: str) -> bool:
    """Tell whether bytes that claim a one-byte code page are UTF-8 all the same."""
    if not codec.startswith(("iso8859", "cp1", "ascii", "koi8", "mac")) or body.isascii():
        return False
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _guess(body: bytes, language: str | None) -> tuple[str, str]:
    """Return text and encoding of bytes that nobody labelled rightly."""
    if body.isascii():
        return body.decode("ascii"), "us-ascii"
    text = _try(body, "utf-8")
    if text is not None:
        return text, "utf-8"
    sample = _MARKUP.sub(b" ", body[: 4 * _HEAD_BYTES])
    found = chardet.detect(
        sample[:_HEAD_BYTES], include_encodings=_DETECTABLE, prefer_superset=True
    )
    spoken = _BY_LANGUAGE.get((language or _language(body) or "")[:2].lower())
    detected = _codec(found["encoding"] or "cp1252")
    first, second = (
        (detected, spoken) if (found["confidence"] or 0) >= _TRUSTED else (spoken, detected)
    )
    for codec in (first, second, "cp1252"):
        text = _try(body, codec) if codec else None
        if codec and text is not None:
            return text, _public_name(codec)
    return body.decode("cp1252", "replace"), "windows-1252"


def _language(body: bytes) -> str | None:
    """Return the language that the document claims."""
    found = _LANGUAGE.search(body[:_HEAD_BYTES])
    return (found[1] or found[2]).decode("ascii") if found else None


def _public_name(codec: str) -> str:
    """Return the name that the rest of the world uses for a Python codec."""
    if codec == "ascii":
        return "us-ascii"
    return codec.replace("iso8859", "iso-8859").replace("cp12", "windows-12")


def _unique(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))
