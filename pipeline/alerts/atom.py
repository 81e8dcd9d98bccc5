"""The hits of a saved search as an Atom feed (RFC 4287)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from pipeline.alerts.saved import AlertHit, SavedSearch

_NAMESPACE = "http://www.w3.org/2005/Atom"
#: What XML cannot hold at all.
_NO_XML = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 65534, 65535))


def atom(search: SavedSearch, hits: Sequence[AlertHit], here: str) -> bytes:
    """Return the feed, newest hit first; `here` is its own address."""
    feed = Element("feed", xmlns=_NAMESPACE)
    newest = max((hit.found_at for hit in hits if hit.found_at), default=search.created_at)
    _text(feed, "title", f"Newsline: {search.name}")
    _text(feed, "id", f"urn:newsline:alert:{search.alert_id}")
    _text(feed, "updated", _moment(newest))
    SubElement(feed, "link", rel="self", href=here)
    for hit in hits:
        entry = SubElement(feed, "entry")
        _text(entry, "title", hit.title or "(no headline)")
        _text(entry, "id", f"urn:newsline:hit:{hit.key}")
        _text(entry, "updated", _moment(hit.found_at))
        if hit.published_at:
            _text(entry, "published", hit.published_at)
        SubElement(entry, "link", rel="alternate", href=_clean(hit.url))
        _text(SubElement(entry, "author"), "name", hit.outlet)
        _text(entry, "summary", " … ".join(hit.matched))
    made: bytes = tostring(feed, encoding="utf-8", xml_declaration=True)
    return made


def _text(parent: Element, name: str, value: str) -> None:
    SubElement(parent, name).text = _clean(value)


def _clean(value: str) -> str:
    return value.translate(_NO_XML)


def _moment(at: datetime | None) -> str:
    return (at or datetime(1970, 1, 1, tzinfo=UTC)).isoformat()
