"""The feed's own text as an article, for when the page cannot be had for good."""

from pipeline.config import ExtractSettings
from pipeline.extract import cleaning
from pipeline.extract import language as languages
from pipeline.extract.head import Head
from pipeline.extract.jsonld import Story
from pipeline.extract.plain import clean_lines, one_line
from pipeline.extract.version import EXTRACTOR_VERSION
from pipeline.model import Evidence, Extraction, Result
from pipeline.work import Sighting

#: A feed's summary is short by nature: a quarter of what a page must have is enough.
MIN_SHARE_OF_PAGE = 0.25


def extraction_from_feed(sighting: Sighting, settings: ExtractSettings) -> Extraction:
    """Make an article of a feed entry: its content if that is longer, else its summary."""
    title = one_line(sighting.title)
    longest = max(("content", sighting.content), ("summary", sighting.summary), key=_length)
    lines = cleaning.clean(clean_lines(longest[1]), (title,), ()).lines
    text = "\n\n".join(lines)
    code, code_evidence = languages.choose_language(text, Head(), Story(), sighting.feed.language)
    reason = None
    if not text:
        reason = "empty_page"
    elif len(text) < settings.min_text_chars * MIN_SHARE_OF_PAGE:
        reason = "feed_text_too_short"
    elif settings.languages and code and code not in settings.languages:
        reason = "wrong_language"
    evidence = {"title": Evidence("feed", title), "text": Evidence(f"feed:{longest[0]}", "")}
    if code_evidence:
        evidence["language"] = code_evidence
    if claim := sighting.published_at:
        evidence["published_at"] = Evidence(claim.source, claim.raw)
    return Extraction(
        result=Result.DROPPED if reason else Result.OK,
        reason=reason,
        title=title,
        text=text,
        version=EXTRACTOR_VERSION,
        language=code,
        published_at=sighting.published_at,
        text_source="feed",
        evidence=evidence,
    )


def _length(part: tuple[str, str]) -> int:
    return len(part[1])
