"""Absolute addresses from what feeds write as links."""

from urllib.parse import urljoin, urlsplit

from pipeline.urls import clean

_MAX_CHARS = 4_096


def resolve(link: str | None, base: str) -> tuple[str | None, str | None]:
    """Return (absolute link as given, fault); the fault is None, "no_link" or "bad_link".

    The link keeps its tracking parameters and fragment; `base` is the final address of the feed.
    """
    if not link or not link.strip():
        return None, "no_link"
    given = link.strip()[:_MAX_CHARS]
    try:
        absolute = urljoin(base, given)
        clean(absolute)
    except ValueError:
        return None, "bad_link"
    return absolute, None


def resolve_many(links: list[str], base: str) -> list[str]:
    """Return those of the links that are web addresses, absolute, each once."""
    found = (resolve(link, base)[0] for link in links)
    return list(dict.fromkeys(link for link in found if link))


def is_web_address(text: str) -> bool:
    """Tell whether a text is an absolute http(s) address by itself."""
    try:
        return urlsplit(text.strip()).scheme.lower() in {"http", "https"} and bool(clean(text))
    except ValueError:
        return False
