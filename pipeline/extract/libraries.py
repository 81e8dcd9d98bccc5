"""The libraries that read hostile trees, each behind one function that no bug of theirs passes.

What they raise on odd pages is many things; here it becomes "found nothing" and a flag.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import htmldate
import trafilatura
from lxml.html import HtmlElement
from resiliparse.extract.html2text import extract_plain_text
from trafilatura.metadata import extract_author

T = TypeVar("T")

#: What parsers raise on input that they did not foresee (RecursionError is a RuntimeError).
#: MemoryError is not among them: the worker ends the item.
_PARSER_FAULTS = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError,
                  TypeError, ValueError)  # fmt: skip

# They log "discarding data" for every page that has none; the outcome says so already.
for _name in ("trafilatura", "htmldate"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


def main_text(
    root: HtmlElement, flags: list[str], *, precise: bool = False, fallbacks: bool = True
) -> str:
    """Return trafilatura's body text, one paragraph a line; the tree is not changed.

    Comments are left out. Never with deduplicate=True: its memory spans pages and loses text.
    """

    def extract() -> str:
        document = trafilatura.bare_extraction(
            root, favor_precision=precise, fast=not fallbacks, include_comments=False
        )
        return (getattr(document, "text", None) or "") if document else ""

    return _guarded(extract, "", "trafilatura_failed", flags)


def witness_text(markup: str, flags: list[str]) -> str:
    """Return resiliparse's main text: a second opinion by other means, in 2 ms."""
    return _guarded(
        lambda: extract_plain_text(markup, main_content=True, alt_texts=False, list_bullets=False),
        "",
        "resiliparse_failed",
        flags,
    )


def written_date(
    root: HtmlElement, url: str, earliest: datetime, latest: datetime, flags: list[str]
) -> str | None:
    """Return the original date that htmldate finds anywhere in the page, as YYYY-MM-DD.

    Markup first; only when that says nothing the search of the text, whose first use in a process
    costs two seconds (it compiles the months of 200 languages).
    """

    def search() -> str | None:
        for extensive in (False, True):
            found = htmldate.find_date(
                root,
                extensive_search=extensive,
                original_date=True,
                url=url or None,
                min_date=earliest.replace(tzinfo=None),
                max_date=latest.replace(tzinfo=None),
            )
            if found:
                return str(found)
        return None

    return _guarded(search, None, "htmldate_failed", flags)


def byline(root: HtmlElement, flags: list[str]) -> str:
    """Return what trafilatura takes for the byline, names separated by semicolons."""
    return _guarded(lambda: extract_author(root), None, "byline_failed", flags) or ""


def _guarded(call: Callable[[], Any], nothing: T, flag: str, flags: list[str]) -> T:
    try:
        found: T = call()
    except _PARSER_FAULTS:
        flags.append(flag)
        return nothing
    return found
