"""A page, or what its feed says, as an Extraction: the file to read first in this folder."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from pipeline.config import ExtractSettings
from pipeline.extract import (
    authors,
    cleaning,
    dates,
    decode,
    fields,
    head,
    jsonld,
    language as languages,
    quality,
    text,
    title as titles,
    tree,
)
from pipeline.extract.feed_text import extraction_from_feed
from pipeline.extract.version import EXTRACTOR_VERSION
from pipeline.model import DateClaim, Evidence, Extraction, Result

__all__ = ["extract_page", "extraction_from_feed"]


def extract_page(
    body: bytes,
    *,
    url: str,
    content_type: str | None,
    fetched_at: datetime,
    settings: ExtractSettings,
    sighted_title: str = "",
    sighted_at: DateClaim | None = None,
    language: str | None = None,
    timezone: str | None = None,
) -> Extraction:
    """Extract the article of one page; what is no article comes back DROPPED with its reason.

    `url` is where the page was fetched in the end. `sighted_title` and `sighted_at` are what the
    feed said, `language` and `timezone` (IANA) what is known of the outlet; all are only hints.
    """
    if tree.is_binary(body):
        return _nothing("not_html")
    decoded = decode.decode(body, content_type)
    page = tree.parse(decoded.text)
    flags = [*decoded.flags, *page.flags]
    root = page.root
    if root is None:
        return _nothing("parse_failed" if decoded.text.strip() else "empty_page", flags)

    claims, story = head.read_head(root), jsonld.read_story(root)
    asks_for_script = quality.asks_for_script(root)
    when = dates.choose_dates(
        root, claims, story, url=url, fetched_at=fetched_at, sighted_at=sighted_at, timezone=timezone
    )
    text.drop_inert(root)  # everything above needs the whole page, everything below is faster
    title, title_evidence = titles.choose_title(root, claims, story, sighted_title)
    names, names_evidence = authors.choose_authors(root, claims, story, url, flags)
    found_body = text.read_body(root, page.markup)
    forms = (title, claims.title, *(rival for _, rival in title_evidence.rivals))
    cleaned = cleaning.clean(found_body.lines, forms, found_body.links)
    code, code_evidence = languages.choose_language("\n".join(cleaned.lines), claims, story, language)
    found = quality.Found(
        title, cleaned.lines, found_body, claims, story, page.markup, asks_for_script, code
    )
    other = fields.choose_fields(claims, story, url)
    reason = quality.verdict(found, settings)
    if cleaned.removed.get("repeated_headline"):
        flags.append("repeated_title_repaired")
    evidence = {
        "title": title_evidence,
        "authors": names_evidence,
        "language": code_evidence,
        "encoding": Evidence(decoded.source, decoded.encoding, decoded.rivals),
        **when.evidence,
        **other.evidence,
    }
    return Extraction(
        result=Result.DROPPED if reason else Result.OK,
        reason=reason,
        title=title,
        text=found.text,
        version=EXTRACTOR_VERSION,
        language=code,
        authors=names,
        published_at=when.published_at,
        modified_at=when.modified_at,
        canonical_url=other.canonical_url,
        image=other.image,
        section=other.section,
        keywords=other.keywords,
        description=other.description,
        site_name=other.site_name,
        paywalled=other.paywalled,
        noindex=claims.refuses_index(),
        tdm_reserved=claims.reserves_mining(),
        quality=quality.numbers(found),
        evidence={name: item for name, item in evidence.items() if item is not None},
        flags=tuple(dict.fromkeys([*flags, *story.flags, *when.flags, *other.flags, *found_body.flags])),
    )


def _nothing(reason: str, flags: list[str] | None = None) -> Extraction:
    """Return the extraction of bytes in which there is no page at all."""
    return Extraction(
        Result.DROPPED, reason, title="", text="", version=EXTRACTOR_VERSION, flags=tuple(flags or ())
    )
