"""Reasons, states and stages in words. Every slug that we do not know is shown as it is."""

from collections.abc import Mapping
from http import HTTPStatus

from pipeline.fetch import reasons as fetching
from pipeline.model import Stage

_HTTP = "http_"
#: Statuses of which the registered phrase does not say what it means for us.
_STATUSES: Mapping[int, str] = {
    403: "the server refuses us (403 Forbidden): a contact in [fetch] may help, or the publisher",
    404: "there is nothing at that address (404 Not Found)",
    410: "the publisher says that it is gone for good (410 Gone)",
    429: "the server thinks that we ask too often (429): its wish to wait is obeyed",
    503: "the server is busy or being mended (503)",
}
_FEEDS: Mapping[str, str] = {
    "empty_body": "it answers with nothing at all",
    "not_a_feed": "it answers, but with no feed: a challenge or home page, perhaps",
    "empty_feed": "it is a feed without entries",
    "sitemap_index": "it is an index of sitemaps: put one of them in its place",
    "sitemap_unavailable": "none of the sitemaps that it names could be read",
    "unexpected_304": "it says “not modified” although nothing was asked conditionally",
    "entity_declared": "it declares XML entities, which only attacks do",
    "parse_error": "it is broken beyond repair",
    "bad_encoding": "its bytes are in no encoding that could be found out",
    "too_deep": "it is nested deeper than any feed is",
    "too_many_attributes": "a tag in it has more attributes than any feed needs",
    "new_entries": "brought new entries",
    "changed_entries": "brought entries with another text",
    "gap": "nothing in it was known although it was asked on time: entries were probably missed",
    "not_modified": "not modified, says its server",
    "same_body": "the very same bytes as last time",
    "same_content": "the same entries as last time",
    "nothing_new": "nothing new",
}
_PAGES: Mapping[str, str] = {
    "no_link": "the feed's entry has no link",
    "bad_link": "the feed's entry has no usable link",
    "soft_404": "the page says politely that the article is no longer there",
    "blocked_page": "a wall for robots instead of an article",
    "js_only": "a page that only scripts would fill",
    "empty_page": "a page without text",
    "not_article": "a page that is no article: a front page, a list, a form",
    "feed_text_too_short": "the page could not be had (see where), and the feed says too little",
    "too_short": "fewer characters than [extract] min_text_chars",
    "wrong_language": "in none of the languages of [extract]",
    "noindex": "the page asks search engines to leave it out",
    "asked_for": "somebody has erased it",
    "taken_out": "somebody has erased it; the index has taken it out",
    "leads_to_erased": "it leads to what somebody has erased",
    "same_text": "the same text as another article of this publisher",
    "same_article": "another link to an article that we have",
    "compressed_body": "the page is still compressed after its coding was taken off",
    "page_too_large": "the page is longer than the extractor may read",
    "too_many_tags": "the page has more tags than any article needs",
    "parse_failed": "no tree could be made of the page",
    "parser_timeout": "reading it took longer than one item may take",
    "parser_memory": "reading it took more memory than one item may take",
    "parser_crash": "reading it killed the process that did it",
    "parser_bug": "reading it met a bug of ours; the log has the details",
    "parser_unavailable": "our own readers could not start; the item waits",
    "enricher_failed": "an enricher failed at it: it is indexed without that part",
    "archive_missing": "its bytes are no longer in the archive",
    "archive_corrupt": "its bytes in the archive are damaged",
    "no_page": "neither a page nor a text of a feed is there to read",
    "document_refused": "the index will never accept this document",
    "document_failed": "the index failed at this document and took others",
    "index_unavailable": "the index did not answer; the item waits",
    "gone": "the publisher took it back: 404 or 410, twice, a day apart",
}
#: What waits for a stage: one of it, several.
_STAGES: Mapping[Stage, tuple[str, str]] = {
    Stage.POLL: ("feed to be asked", "feeds to be asked"),
    Stage.FETCH: ("page to be fetched", "pages to be fetched"),
    Stage.EXTRACT: ("page to be read", "pages to be read"),
    Stage.ENRICH: ("text to be enriched", "texts to be enriched"),
    Stage.GROUP: ("text to be compared with others", "texts to be compared with others"),
    Stage.INDEX: ("document to be written", "documents to be written"),
}
_WORDS = {**fetching.TRANSIENT, **fetching.PERMANENT, **fetching.DROPPED, **_FEEDS, **_PAGES}


def reason_words(reason: str | None) -> str:
    """Say a reason in words; the slug itself when it is none of ours."""
    slug = (reason or "").rpartition(":")[2]
    if slug in _WORDS:
        return _WORDS[slug]
    status = slug.removeprefix(_HTTP)
    if slug.startswith(_HTTP) and status.isascii() and status.isdigit():
        return _status_words(int(status))
    return slug.replace("_", " ")


def _status_words(status: int) -> str:
    if status in _STATUSES:
        return _STATUSES[status]
    try:
        return f"the server answers {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"the server answers {status}"


def stage_words(stage: Stage, items: int = 0) -> str:
    """Say what waits for a stage."""
    one, several = _STAGES[stage]
    return one if items == 1 else several
