"""A page, or what its feed says, as an Extraction: the file to read first in this folder."""

from dataclasses import dataclass
from datetime import datetime

from pipeline.config import ExtractSettings
from pipeline.extract.authors import choose_authors
from pipeline.extract.cleaning import clean
from pipeline.extract.dates import choose_dates
from pipeline.extract.decode import Decoded, decode
from pipeline.extract.feed_text import extraction_from_feed
from pipeline.extract.fields import choose_fields
from pipeline.extract.head import read_head
from pipeline.extract.jsonld import read_story
from pipeline.extract.language import choose_language
from pipeline.extract.quality import Found, numbers, verdict
from pipeline.extract.text import drop_furniture, read_body
from pipeline.extract.title import choose_title
from pipeline.extract.tree import Tree, is_binary, parse
from pipeline.extract.version import EXTRACTOR_VERSION
from pipeline.model import DateClaim, Evidence, Extraction, Result

__all__ = ["extract_page", "extraction_from_feed"]


@dataclass(frozen=True, slots=True)
class _Hints:
    """What is known about a page without reading it."""

    url: str
    fetched_at: datetime
    sighted_title: str
    sighted_at: DateClaim | None
    language: str | None
    timezone: str | None


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
    if is_binary(body):
        return _nothing("not_html", ())
    decoded = decode(body, content_type)
    page = parse(decoded.text)
    if page.root is None:
        reason = "parse_failed" if decoded.text.strip() else "empty_page"
        return _nothing(reason, (*decoded.flags, *page.flags))
    hints = _Hints(url, fetched_at, sighted_title, sighted_at, language, timezone)
    return _article(page, decoded, hints, settings)


def _article(page: Tree, decoded: Decoded, hints: _Hints, settings: ExtractSettings) -> Extraction:
    """Read every field of a parsed page, then judge it."""
    root, flags = page.root, [*decoded.flags, *page.flags]
    head, story = read_head(root, page.markup), read_story(root)
    dates = choose_dates(
        root,
        head,
        story,
        url=hints.url,
        fetched_at=hints.fetched_at,
        sighted_at=hints.sighted_at,
        timezone=hints.timezone,
    )
    drop_furniture(root)  # what stands above needs the whole page, what follows is faster without
    title, title_evidence = choose_title(root, head, story, hints.sighted_title)
    names, names_evidence = choose_authors(root, head, story, hints.url, flags)
    fields = choose_fields(head, story, hints.url)
    body = read_body(root, page.markup)
    title_forms = (title, head.title, *(value for _, value in title_evidence.rivals))
    cleaned = clean(body.lines, title_forms, body.links)
    language, language_evidence = choose_language(
        "\n".join(cleaned.lines), head, story, hints.language
    )
    found = Found(title, cleaned.lines, body, head, story, page.markup, language)
    reason = verdict(found, settings)
    if "repeated_headline" in cleaned.removed:
        flags.append("repeated_title_repaired")
    evidence = {
        "title": title_evidence,
        "authors": names_evidence,
        "language": language_evidence,
        "encoding": Evidence(decoded.source, decoded.encoding, decoded.rivals),
        **dates.evidence,
        **fields.evidence,
    }
    flags += [*story.flags, *dates.flags, *fields.flags, *body.flags]
    return Extraction(
        result=Result.DROPPED if reason else Result.OK,
        reason=reason,
        title=title,
        text=found.text,
        version=EXTRACTOR_VERSION,
        language=language,
        authors=names,
        published_at=dates.published_at,
        modified_at=dates.modified_at,
        canonical_url=fields.canonical_url,
        image=fields.image,
        section=fields.section,
        keywords=fields.keywords,
        description=fields.description,
        site_name=fields.site_name,
        paywalled=fields.paywalled,
        noindex=head.refuses_index(),
        tdm_reserved=head.reserves_mining(),
        quality=numbers(found),
        evidence={name: item for name, item in evidence.items() if item is not None},
        flags=tuple(dict.fromkeys(flags)),
    )


def _nothing(reason: str, flags: tuple[str, ...]) -> Extraction:
    """Return the extraction of bytes in which there is no page at all."""
    return Extraction(
        Result.DROPPED, reason, title="", text="", version=EXTRACTOR_VERSION, flags=flags
    )
