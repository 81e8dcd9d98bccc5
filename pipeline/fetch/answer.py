"""Reading one response as an article page. Pure."""

import hashlib
from datetime import datetime
from urllib.parse import urlsplit

from pipeline.errors import ItemError, Permanent, Transient
from pipeline.fetch.reasons import failure, http_reason
from pipeline.fetch.retry_after import retry_after_s
from pipeline.fetch.sniff import is_html
from pipeline.model import ArchivePlace, Page
from pipeline.urls import host_of, same_site
from pipeline.work import DuePage, PageRecord

NOT_MODIFIED = 304
_FORBIDDEN = 403
_SERVER_ERROR = 500
_OK = range(200, 300)
_TRY_LATER = frozenset({408, 425, 429})  # of the 4xx; every 5xx too


def problem_of(due: DuePage, page: Page, now: datetime) -> ItemError | None:
    """Return what is wrong with a response as an article page, or None."""
    if page.status == NOT_MODIFIED:
        return None if knows_page(due) else failure("unasked_304")
    if page.status in _OK:
        return _content_problem(page)
    return problem_of_status(page, now, detail=elsewhere(due.url, page))


def problem_of_status(page: Page, now: datetime, *, detail: str = "") -> ItemError:
    """Return what a status that is no success says: to be tried again, or not."""
    reason, wait_s = http_reason(page.status), retry_after_s(page.header("retry-after"), now)
    asked_to_wait = page.status == _FORBIDDEN and wait_s is not None
    if page.status in _TRY_LATER or page.status >= _SERVER_ERROR or asked_to_wait:
        return Transient(reason, detail, retry_after_s=wait_s)
    return Permanent(reason, detail)


def knows_page(due: DuePage) -> bool:
    """Tell whether the URL's page was fetched before and can be asked for conditionally."""
    return due.article_id is not None and bool(due.etag or due.last_modified)


def elsewhere(url: str, page: Page) -> str:
    """Say when redirects led to another registrable domain: allowed, but worth knowing."""
    return "" if same_site(url, page.final_url) else f"redirected to {host_of(page.final_url)}"


def record_of(page: Page, place: ArchivePlace | None) -> PageRecord:
    """Return the facts of a fetch that the ledger keeps."""
    return PageRecord(page.url, page.final_url, page.status, page.headers, page.fetched_at, place)


def sha256_of(page: Page, place: ArchivePlace | None) -> str:
    """Return the hash of a body; the archive knows it already."""
    return place.sha256 if place else hashlib.sha256(page.body).hexdigest()


def _content_problem(page: Page) -> ItemError | None:
    asked, came = urlsplit(page.url), urlsplit(page.final_url)
    if page.hops and asked.path not in ("", "/") and came.path in ("", "/") and not came.query:
        return Permanent("redirected_home", page.final_url)
    content_type = page.header("content-type")
    return None if is_html(page.body, content_type) else Permanent("not_html", content_type or "")
