"""The six stages, one short function each: take what is due, do it, say how it ended.

Every function leaves its result in the ledger before it returns, under the lease it was given; a
result whose lease was lost is refused there and dropped here. Item errors become outcomes. The
stages know no order: what a result leads to is in its StepResult, and the ledger keeps the queue.
"""

import asyncio
import hashlib
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from pipeline.changes.following import about
from pipeline.config import RightsSettings
from pipeline.doors import Doors
from pipeline.enrich.attempts import ENRICHER_FAILED
from pipeline.enrich.dates.dates import local_day
from pipeline.enrich.grouping import as_copy, decide_grouping, say_grouping
from pipeline.errors import ItemError, LeaseLost, Permanent, Transient
from pipeline.extract.page import extraction_from_feed
from pipeline.feeds.decide import decide_poll, validators_to_send
from pipeline.fetch.decide import decide_fetch, revisit_delay
from pipeline.fetch.wishes import publisher_wishes
from pipeline.index.document import build_document, published_claim
from pipeline.model import (
    ArchivePlace,
    Enrichment,
    Entry,
    Extraction,
    Page,
    ParsedFeed,
    Result,
    Stage,
    Status,
)
from pipeline.ports import FetchKind, IndexResult
from pipeline.retry import retry_or_dead
from pipeline.rights import NOINDEX, is_hidden
from pipeline.visit import Visit
from pipeline.work import (
    ArticleWork,
    DuePage,
    FeedState,
    Lease,
    Neighbours,
    Outcome,
    PollResult,
    Sighting,
    StepResult,
)

log = structlog.get_logger()

#: Reasons for which the page could not be read although the article may well exist: the feed's own
#: text is then better than nothing. A page that *was* read and is no article stays dropped.
_UNREADABLE = frozenset(
    {"blocked_page", "js_only", "empty_page", "parser_timeout", "parser_memory", "parser_crash"}
)
_OK = range(200, 300)
#: Of an index of sitemaps the last changed ones: a news sitemap holds two days, so they do.
MAX_SITEMAPS = 3
#: Articles grouped in one transaction: nobody else writes to a SQLite ledger meanwhile.
GROUPED_AT_ONCE = 25


async def poll(visit: Visit, state: FeedState) -> PollResult:
    """Ask one feed for news and commit what it said: entries first, validators with them."""
    doors = visit.doors
    validators = validators_to_send(state, doors.clock.now())
    answer: Page | ItemError
    parsed: ParsedFeed | ItemError | None = None
    is_index = False
    try:
        answer = await visit.get(state.url, FetchKind.FEED, **validators)
        parsed = await _parse(doors, state, answer)
        is_index = isinstance(parsed, ParsedFeed) and bool(parsed.children)
        if isinstance(parsed, ParsedFeed) and is_index:
            parsed = await _read_children(visit, state, parsed)
    except ItemError as error:
        answer = error
    known = (
        doors.ledger.known_entries(state.feed.feed_id, [entry.key for entry in parsed.entries])
        if isinstance(parsed, ParsedFeed)
        else {}
    )
    result = decide_poll(
        state,
        answer,
        parsed,
        known,
        doors.clock.now(),
        doors.config.poll,
        random.random(),  # noqa: S311 - jitter, not a secret
    )
    if is_index:  # its bytes and validators say nothing about the sitemaps that it names
        forgetful = replace(result.state, etag=None, last_modified=None, body_hash=None)
        result = replace(result, state=forgetful)
    if result.decisions and isinstance(answer, Page):
        result = replace(result, place=doors.archive.append(answer))
        doors.archive.flush()
    return doors.ledger.commit_poll(visit.lease, result)


async def _parse(doors: Doors, state: FeedState, page: Page) -> ParsedFeed | ItemError | None:
    """Parse a feed document in a worker; None when there is nothing new to parse."""
    if page.status not in _OK or hashlib.sha256(page.body).hexdigest() == state.body_hash:
        return None
    try:
        parsed: ParsedFeed = await doors.workers.run(
            "parse_feed",
            body=page.body,
            url=page.final_url,
            headers=page.headers,
            timezone=state.feed.timezone,
            language=state.feed.language,
            fetched_at=page.fetched_at,
            max_entries=doors.config.poll.max_entries,
        )
    except ItemError as error:
        return error
    return parsed


async def _read_children(visit: Visit, state: FeedState, index: ParsedFeed) -> ParsedFeed:
    """Return the entries of the newest sitemaps of an index as one document."""
    entries: dict[str, Entry] = {}
    for child in index.children[:MAX_SITEMAPS]:
        page = await visit.get(child, FetchKind.FEED)
        parsed = await _parse(visit.doors, replace(state, body_hash=None), page)
        if isinstance(parsed, ItemError):
            raise parsed
        if parsed is None:
            raise Transient("sitemap_unavailable", f"HTTP {page.status} from {child}")
        entries |= {entry.key: entry for entry in parsed.entries}
    return replace(index, kind="sitemap", entries=tuple(entries.values()))


async def fetch(visit: Visit, due: DuePage) -> StepResult:
    """Fetch one page, keep its bytes, and commit what became of it."""
    doors = visit.doors
    answer: Page | ItemError
    place = None
    again = due.status is Status.INDEXED  # a replay of anything else wants the whole page
    etag, last_modified = (due.etag, due.last_modified) if again else (None, None)
    try:
        answer = await visit.get_page(due.url, etag=etag, last_modified=last_modified)
        if answer.status in _OK:
            place = doors.archive.append(answer)
            doors.archive.flush()
    except ItemError as error:
        answer = error
    result = decide_fetch(
        due,
        answer,
        place,
        doors.clock.now(),
        doors.config.retry,
        has_feed_text=due.has_feed_text,
    )
    _refused(doors.ledger.commit(visit.lease, [result]))
    return result


async def extract(doors: Doors, lease: Lease, works: Sequence[ArticleWork]) -> list[StepResult]:
    """Turn archived pages (or the feed's own text) into revisions."""
    results = await asyncio.gather(*(_extract_one(doors, work) for work in works))
    _refused(doors.ledger.commit(lease, results))
    return results


async def _extract_one(doors: Doors, work: ArticleWork) -> StepResult:
    now = doors.clock.now()
    try:
        extraction = await _extraction(doors, work)
    except ItemError as error:
        return retry_or_dead(work, Stage.EXTRACT, error, now, doors.config.retry)
    if extraction.result is Result.DROPPED:
        outcome = Outcome(Stage.EXTRACT, Result.DROPPED, now, extraction.reason)
        status = Status.DROPPED if work.status is Status.IN_FLIGHT else None
        return StepResult(work.url_id, outcome, None, None, status, extraction=extraction)
    outcome = Outcome(Stage.EXTRACT, Result.OK, now)
    return StepResult(work.url_id, outcome, Stage.ENRICH, now, extraction=extraction)


async def _extraction(doors: Doors, work: ArticleWork) -> Extraction:
    """Extract the page; fall back to what the feed says when the page cannot be read."""
    sighting = work.sightings[0] if work.sightings else None
    fullest = _fullest(work.sightings)
    from_feed = extraction_from_feed(fullest, doors.config.extract) if fullest else None
    if work.page is None or work.page.place is None:
        if from_feed is None:
            raise Permanent("no_page", "neither an archived page nor a feed entry is known")
        return from_feed
    feed = sighting.feed if sighting else None
    page = await _archived_page(doors, work.url_id, work.page.place)
    try:
        extraction: Extraction = await doors.workers.run(
            "extract_page",
            body=page.body,
            url=work.page.final_url,
            content_type=page.header("content-type"),
            fetched_at=work.page.fetched_at,
            settings=doors.config.extract,
            sighted_title=sighting.title if sighting else "",
            sighted_at=sighting.published_at if sighting else None,
            language=feed.language if feed else None,
            timezone=feed.timezone if feed else None,
        )
    except ItemError as error:
        if error.reason in _UNREADABLE and from_feed and from_feed.result is Result.OK:
            return from_feed
        raise
    unreadable = extraction.result is Result.DROPPED and extraction.reason in _UNREADABLE
    if unreadable and from_feed and from_feed.result is Result.OK:
        return from_feed
    wishes = publisher_wishes(page.headers)
    return replace(
        extraction,
        noindex=extraction.noindex or wishes.noindex,
        tdm_reserved=extraction.tdm_reserved or wishes.tdm_reserved,
    )


async def _archived_page(doors: Doors, url_id: str, place: ArchivePlace) -> Page:
    """Read a page from the archive: from where it is now, when it was moved meanwhile."""
    try:
        return await asyncio.to_thread(doors.archive.read, place)
    except Permanent as error:
        now_at = doors.ledger.find_place(url_id) if error.reason == "archive_missing" else None
        if now_at is None or now_at == place:
            raise
    return await asyncio.to_thread(doors.archive.read, now_at)


def _fullest(sightings: Sequence[Sighting]) -> Sighting | None:
    """Return what feeds say most of, each entry as it was listed last."""
    newest = {(one.feed.feed_id, one.entry_key): one for one in sightings}
    return max(newest.values(), key=lambda one: len(one.content or one.summary), default=None)


async def enrich(doors: Doors, lease: Lease, works: Sequence[ArticleWork]) -> list[StepResult]:
    """Say who, where and what a revision is about."""
    results = await asyncio.gather(*(_enrich_one(doors, work) for work in works))
    _refused(doors.ledger.commit(lease, results))
    return results


async def _enrich_one(doors: Doors, work: ArticleWork) -> StepResult:
    now = doors.clock.now()
    try:
        enrichment = await said_of(doors, work)
    except ItemError as error:
        return retry_or_dead(work, Stage.ENRICH, error, now, doors.config.retry)
    outcome = _as_enriched(enrichment, now)
    return StepResult(work.url_id, outcome, Stage.GROUP, now, enrichment=enrichment)


async def said_of(doors: Doors, work: ArticleWork) -> Enrichment:
    """Return what the enrichers say of an article's newest revision. Raises ItemError."""
    if work.revision is None:
        raise AssertionError(f"{work.article_id} waits for enrich without a revision")
    extraction = work.revision.extraction
    zone = next((one.feed.timezone for one in work.sightings if one.feed.timezone), None)
    said: Enrichment = await doors.workers.run(
        "enrich",
        config_dir=doors.config_dir,
        title=extraction.title,
        text=extraction.text,
        language=extraction.language,
        country=next((one.feed.country for one in work.sightings if one.feed.country), None),
        published=local_day(published_claim(work), zone),
        section=extraction.section
        or next((one.feed.section for one in work.sightings if one.feed.section), None),
        keywords=extraction.keywords,
        places=doors.places,
        models=doors.config.enrich.models,
    )
    return said


def _as_enriched(enrichment: Enrichment, now: datetime) -> Outcome:
    """Return how it ended: well, also when a part is missing, which is counted by its reason."""
    if not enrichment.failed:
        return Outcome(Stage.ENRICH, Result.OK, now)
    detail = "; ".join(f"{part}: {why}" for part, why in sorted(enrichment.failed.items()))
    return Outcome(Stage.ENRICH, Result.OK, now, reason=ENRICHER_FAILED, detail=detail)


async def group(doors: Doors, lease: Lease, works: Sequence[ArticleWork]) -> list[StepResult]:
    """Find copies of one text and articles of one story, one article after the other.

    Each is decided on what was decided about those before it, so the ledger asks for the decisions
    while it writes them, some in a transaction.
    """
    now = doors.clock.now()
    results: list[StepResult] = []
    for start in range(0, len(works), GROUPED_AT_ONCE):
        some = works[start : start + GROUPED_AT_ONCE]
        decide = partial(group_one, now, doors.config.rights)
        decided, refused = doors.ledger.group(lease, some, decide, now)
        results += decided
        _refused(refused)
    return results


def group_one(
    now: datetime, rights: RightsSettings, work: ArticleWork, around: Neighbours
) -> StepResult:
    """Say what becomes of one article, given what the ledger knows around it."""
    if work.revision and is_hidden(work.revision.extraction, work.publisher, rights):
        outcome = Outcome(Stage.GROUP, Result.DROPPED, now, NOINDEX)
        if work.status is Status.INDEXED:  # its page asks since it was indexed: take it out
            return StepResult(work.url_id, outcome, Stage.INDEX, now, retract=True)
        return StepResult(work.url_id, outcome, None, None, Status.DROPPED)
    grouping = decide_grouping(as_copy(work), around)
    if grouping.duplicate_of is None:
        outcome = Outcome(Stage.GROUP, Result.OK, now, detail=say_grouping(grouping))
        return StepResult(work.url_id, outcome, Stage.INDEX, now, grouping=grouping)
    outcome = Outcome(Stage.GROUP, Result.DUPLICATE, now, "same_text", grouping.duplicate_of)
    if work.status is Status.INDEXED:  # found to be a copy after it was indexed: take it out
        return StepResult(work.url_id, outcome, Stage.INDEX, now, grouping=grouping, retract=True)
    return StepResult(work.url_id, outcome, None, None, Status.DUPLICATE, grouping=grouping)


async def index(doors: Doors, lease: Lease, works: Sequence[ArticleWork]) -> list[StepResult]:
    """Write documents and take out retracted ones; only what the index acknowledged counts."""
    documents = [build_document(work) for work in works if not work.retract]
    said = {document["article_id"]: about(document) for document in documents}
    retractions = [(work.article_id, work.doc_version) for work in works if work.retract]
    answers = await asyncio.to_thread(doors.index.write, documents, retractions)
    results = [
        _index_result(doors, work, *answers.get(work.article_id, (IndexResult.RETRY, "no answer")))
        for work in works
    ]
    results = [
        replace(result, about=said.get(work.article_id))
        for result, work in zip(results, works, strict=True)
    ]
    _refused(doors.ledger.commit(lease, results))
    doors.ledger.number_changes()
    return results


def _index_result(doors: Doors, work: ArticleWork, answer: IndexResult, detail: str) -> StepResult:
    now = doors.clock.now()
    if answer is IndexResult.REFUSED:
        error: ItemError = Permanent("document_refused", detail)
        return retry_or_dead(work, Stage.INDEX, error, now, doors.config.retry)
    if answer is IndexResult.FAILED:
        error = Transient("document_failed", detail)
        return retry_or_dead(work, Stage.INDEX, error, now, doors.config.retry)
    if answer is IndexResult.RETRY:
        error = Transient("index_unavailable", detail)
        return retry_or_dead(work, Stage.INDEX, error, now, doors.config.retry)
    if work.retract:
        result, status, reason = _why_taken_out(work, doors.config.rights)
        outcome = Outcome(Stage.INDEX, result, now, reason)
        return StepResult(
            work.url_id, outcome, None, None, status, indexed_version=work.doc_version
        )
    delay_s = revisit_delay(work.revisits)
    return StepResult(
        work.url_id,
        Outcome(Stage.INDEX, Result.OK, now),
        Stage.FETCH if delay_s is not None else None,
        now + timedelta(seconds=delay_s) if delay_s is not None else None,
        Status.INDEXED,
        indexed_version=work.doc_version,
    )


def _why_taken_out(work: ArticleWork, rights: RightsSettings) -> tuple[Result, Status, str]:
    if work.status is Status.ERASED:
        return Result.ERASED, Status.ERASED, "taken_out"
    if work.revision and is_hidden(work.revision.extraction, work.publisher, rights):
        return Result.DROPPED, Status.DROPPED, NOINDEX
    if work.grouping and work.grouping.duplicate_of:
        return Result.DUPLICATE, Status.DUPLICATE, "same_text"
    return Result.RETRACTED, Status.RETRACTED, "gone"


def _refused(url_ids: Sequence[str]) -> None:
    """Note results that came too late: another worker holds that work and will do it again."""
    if url_ids:
        log.warning("results_refused", reason=LeaseLost.__name__, count=len(url_ids))
