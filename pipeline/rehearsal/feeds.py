"""Writes the feed documents of the rehearsal world, with the faults that each outlet's feed has."""

import html
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from zlib import crc32
from zoneinfo import ZoneInfo

from pipeline.rehearsal.layouts import TEMPLATES
from pipeline.rehearsal.outlets import FeedSpec, Outlet
from pipeline.rehearsal.sites import Listing, Sites, month_path

#: From here on the outlets whose guids follow the address are on https.
_SCHEME_FLIPS_AT = datetime(2019, 9, 15, tzinfo=UTC)
_SUMMARY_CHARS = 280
_TURKISH_MONTHS = (
    *("Ocak", "Şubat", "Mart", "Nisan", "Mayıs", "Haziran", "Temmuz"),
    *("Ağustos", "Eylül", "Ekim", "Kasım", "Aralık"),
)


def feed_bytes(sites: Sites, spec: FeedSpec, now: datetime) -> bytes:
    """Return the document that a feed serves at a time."""
    outlet, _ = sites.feeds[spec.id]
    lines = sites.listed(spec, now)
    if spec.format == "json":
        return _json_feed(sites, spec, lines, now)
    if spec.format == "sitemap_index":
        months = sorted({f"{line.at:%Y-%m}" for line in lines}, reverse=True)
        addresses = [sites.origin(outlet) + month_path(spec, month) for month in months]
        text = TEMPLATES.get_template("sitemap_index.xml.j2").render(addresses=addresses)
        return text.encode()
    changed_at = max((line.changed_at for line in lines), default=now)
    text = TEMPLATES.get_template(f"{spec.format}.xml.j2").render(
        outlet=outlet,
        spec=spec,
        site=sites.origin(outlet),
        built=_zoned(now if spec.ticks else changed_at, outlet),
        rfc822=format_datetime,
        items=[_item(sites, spec, line, now) for line in lines],
    )
    # What the encoding lacks (curly quotes in ISO-8859-9) becomes a character reference.
    return text.encode(spec.encoding, "xmlcharrefreplace")


def month_bytes(sites: Sites, spec: FeedSpec, month: str, now: datetime) -> bytes:
    """Return the news sitemap of one month (YYYY-MM) at a time."""
    outlet, _ = sites.feeds[spec.id]
    lines = [line for line in sites.listed(spec, now) if f"{line.at:%Y-%m}" == month]
    items = [_item(sites, spec, line, now) for line in lines]
    template = TEMPLATES.get_template("sitemap.xml.j2")
    return template.render(outlet=outlet, items=items).encode()


def _item(sites: Sites, spec: FeedSpec, line: Listing, now: datetime) -> dict[str, object]:
    """Return one listing with everything the templates ask for, as plain values."""
    outlet, _ = sites.feeds[spec.id]
    article, version = line.article, line.version
    paragraphs = version.paragraphs if version else ()
    summary = (article.standfirst if article else "") or next(iter(paragraphs), "")
    if len(summary) > _SUMMARY_CHARS:
        summary = summary[:_SUMMARY_CHARS].rsplit(" ", 1)[0] + " …"
    address = line.url + (f"?{spec.tracking}" if spec.tracking else "")
    return {
        "title": line.title,
        "link": address,
        "guid": _guid(spec, line, now),
        "summary": summary,
        "summary_html": f"<p>{html.escape(summary, quote=False)}</p>",
        "content_html": "".join(
            f"<p>{html.escape(each, quote=False)}</p>"
            for each in (paragraphs if spec.full_text else ())
        ),
        "published": _written(line.at, spec, outlet),
        "published_iso": _zoned(line.at, outlet).isoformat(),
        "updated_iso": _zoned(line.changed_at, outlet).isoformat(),
        "authors": article.authors if article else (),
        "section": article.section if article else "",
        "keywords": article.keywords if article else (),
        "image": sites.origin(outlet) + "/images/square.png",
    }


def _guid(spec: FeedSpec, line: Listing, now: datetime) -> str | None:
    """Return the guid of a listing in the outlet's manner."""
    if spec.guid == "none":
        return None
    if spec.guid == "opaque":
        return f"{spec.id.split('-')[0]}:{crc32(line.url.split('/', 3)[3].encode())}"
    if spec.guid == "counted":
        edits = line.article.edits(now) if line.article else 0
        return f"{line.url}#{edits}"
    if spec.guid == "scheme_flips" and now >= _SCHEME_FLIPS_AT:
        return line.url.replace("http://", "https://", 1)
    return line.url


def _zoned(at: datetime, outlet: Outlet) -> datetime:
    return at.astimezone(ZoneInfo(outlet.timezone)).replace(microsecond=0)


def _written(at: datetime, spec: FeedSpec, outlet: Outlet) -> str | None:
    """Return a publication time as this feed writes it, faults included."""
    local = _zoned(at, outlet)
    clock = f"{local:%a, %d %b %Y %H:%M:%S}"
    month = _TURKISH_MONTHS[local.month - 1]
    return {
        "none": None,
        "gmt": format_datetime(at.astimezone(UTC).replace(microsecond=0), usegmt=True),
        "offset": format_datetime(local),
        "zone_name": f"{clock} {local.tzname()}",
        "local_as_gmt": f"{clock} GMT",
        "no_zone": f"{local:%Y-%m-%d %H:%M:%S}",
        "turkish": f"{local.day} {month} {local:%Y %H:%M}",
    }[spec.dates]


def _json_feed(sites: Sites, spec: FeedSpec, lines: list[Listing], now: datetime) -> bytes:
    """Return a JSON Feed 1.1."""
    outlet, _ = sites.feeds[spec.id]
    items = []
    for line in lines:
        item = _item(sites, spec, line, now)
        paragraphs = line.version.paragraphs if line.version else ()
        items.append(
            {
                "id": item["guid"],
                "url": item["link"],
                "title": item["title"],
                "summary": item["summary"],
                "content_text": "\n\n".join(paragraphs) or str(item["title"]),
                "date_published": item["published_iso"],
                "date_modified": item["updated_iso"],
                "authors": [{"name": name} for name in line.article.authors]
                if line.article
                else [],
                "tags": list(line.article.keywords) if line.article else [],
                "language": outlet.language,
            }
        )
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": outlet.name,
        "home_page_url": sites.origin(outlet) + "/",
        "feed_url": sites.origin(outlet) + spec.path,
        "language": outlet.language,
        "items": items,
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def settled_at(sites: Sites, spec: FeedSpec, now: datetime) -> datetime | None:
    """Return when the document last changed: its Last-Modified."""
    late = timedelta(seconds=spec.late_s)
    return max((line.changed_at + late for line in sites.listed(spec, now)), default=None)
