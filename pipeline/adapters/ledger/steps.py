"""How one result changes one URL and its article. Rules only: rows come in and go out as dicts.

These are the rules that need the ledger's rows, so no stage can apply them by itself:

    identity      the first fetch that names an article owns it; a second URL becomes its alias
    revision      an extraction equal to the newest revision adds none, and ends `unchanged`
    doc_version   grows by one when revision, enrichment, grouping or retraction change something
    index         an acknowledged write adds a change, once per version
    dead letter   keeps stage and reason; an indexed article stays indexed beside it
    redo          what was wished for while work was under way begins when that work is done
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from pipeline.adapters.ledger.records import content_hash, to_json
from pipeline.fetch.decide import revisit_delay
from pipeline.model import Extraction, Result, Stage, Status
from pipeline.work import Outcome, StepResult

#: Places in the books that say why.
_WITH_REASON = (
    Status.DUPLICATE,
    Status.ALIAS,
    Status.DROPPED,
    Status.DEAD,
    Status.RETRACTED,
)

#: Why a URL is erased that nobody named: it is another way to what was.
LEADS_TO_ERASED = "leads_to_erased"

_GROUP_IDS = ("duplicate_of", "syndication_id", "story_id")


@dataclass(slots=True)
class Standing:
    """One URL under change: its row, its article's (None: not fetched yet), and what is added."""

    url: dict[str, Any]
    article: dict[str, Any] | None
    enrichment: str | None  # JSON that is kept for the newest revision
    result: StepResult
    outcome: Outcome
    page_id: int | None = None
    revisions: list[dict[str, Any]] = field(default_factory=list)
    enrichments: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    frees_copies: bool = False  # duplicates of this article must be grouped anew
    precedes: str | None = None  # fingerprint: later copies that were grouped before it
    leaves: str | None = None  # syndication group: one that stays behind alone is none
    is_lost: bool = False  # nothing can be a copy of it, or tell on, any longer


def apply(standing: Standing) -> None:
    """Apply a result to its standing: content first, then where the URL goes on."""
    result = standing.result
    next_stage, next_at = result.next_stage, result.next_at
    if standing.outcome.stage is Stage.FETCH:
        _keep_page(standing)
    if result.extraction is not None and result.extraction.result is Result.OK:
        new = _add_revision(standing, result.extraction)
        if not new and _is_settled(standing):
            next_stage = None
    _add_enrichment(standing)
    _add_grouping(standing)
    _mark_retraction(standing)
    _acknowledge(standing)
    url = standing.url
    url.update(
        stage=next_stage,
        due_at=next_at if next_stage is not None else None,
        tries=result.tries,
        lease_token=None,
        lease_expires_at=None,
    )
    _place_in_books(standing)
    _go_on_revisiting(standing)
    _take_up_redo(standing)


def become_alias(standing: Standing, article_id: str, reason: str) -> None:
    """Let a URL end as another way to an article that a different URL owns."""
    outcome = standing.outcome
    standing.outcome = replace(outcome, result=Result.ALIAS, reason=reason)
    standing.url.update(
        status=Status.ALIAS,
        reason=reason,
        article_id=article_id,
        page_id=standing.page_id,
        stage=None,
        due_at=None,
        tries=0,
        redo=None,
        lease_token=None,
        lease_expires_at=None,
    )


def leads_to_erased(standing: Standing) -> None:
    """Say that a URL leads to something erased, and so is to be erased itself."""
    standing.outcome = replace(
        standing.outcome, result=Result.ERASED, reason=LEADS_TO_ERASED, detail=""
    )


def _article(standing: Standing) -> dict[str, Any]:
    if standing.article is None:
        stage = standing.outcome.stage
        raise AssertionError(f"{standing.url['url_id']}: a result of {stage} without an article")
    return standing.article


def _keep_page(standing: Standing) -> None:
    """Say from which page the article is read from now on."""
    result, url = standing.result, standing.url
    if result.page is not None and result.page.place is not None:
        url["page_id"] = standing.page_id
    elif result.next_stage is Stage.EXTRACT and standing.outcome.reason is not None:
        url["page_id"] = None  # a failed fetch that goes on does so with the feed's own text
    url["gone_since"] = result.gone_since
    if result.revisits is not None:
        url["revisits"] = result.revisits


def _add_revision(standing: Standing, extraction: Extraction) -> bool:
    """Keep an extraction as the newest revision; False when its text is the one we have."""
    article = _article(standing)
    found = content_hash(extraction)
    if found == article["content_hash"]:
        standing.outcome = replace(standing.outcome, result=Result.UNCHANGED)
        return False
    article["revision_n"] += 1
    article["content_hash"] = found
    article["doc_version"] += 1
    standing.revisions.append(
        {
            "article_id": article["article_id"],
            "n": article["revision_n"],
            "content_hash": found,
            "extraction": to_json(extraction),
            "created_at": standing.outcome.at,
        }
    )
    return True


def _is_settled(standing: Standing) -> bool:
    """Tell whether the index holds the newest version, so that nothing is left to do."""
    article = _article(standing)
    return bool(article["indexed_version"] == article["doc_version"])


def _go_on_revisiting(standing: Standing) -> None:
    """Plan the next visit to an indexed page, whatever became of what the last one brought.

    A page that could not be read this time, or a dead letter of its new revision, is no reason to
    miss the next edit or retraction. When the last visit was made is for the fetch to decide.
    """
    url, outcome = standing.url, standing.outcome
    if outcome.stage is Stage.FETCH or url["stage"] is not None or url["retract"]:
        return
    delay_s = revisit_delay(url["revisits"])
    if url["status"] == Status.INDEXED and delay_s is not None:
        url.update(stage=Stage.FETCH, due_at=outcome.at + timedelta(seconds=delay_s), tries=0)


def _add_enrichment(standing: Standing) -> None:
    enrichment = standing.result.enrichment
    if enrichment is None:
        return
    article = _article(standing)
    found = to_json(enrichment)
    if found == standing.enrichment:
        return
    article["doc_version"] += 1
    if article["fingerprint"] != enrichment.fingerprint:
        standing.frees_copies = article["fingerprint"] is not None
        article["fingerprint"] = enrichment.fingerprint
    standing.enrichments.append(
        {
            "article_id": article["article_id"],
            "n": article["revision_n"],
            "versions": to_json(dict(enrichment.versions)),
            "enrichment": found,
            "created_at": standing.outcome.at,
        }
    )


def _add_grouping(standing: Standing) -> None:
    grouping = standing.result.grouping
    if grouping is None:
        return
    article = _article(standing)
    ids = {name: getattr(grouping, name) for name in _GROUP_IDS}
    if ids != {name: article[name] for name in _GROUP_IDS}:
        if article["syndication_id"] != grouping.syndication_id:
            standing.leaves = article["syndication_id"]
        if article["duplicate_of"] is not None and grouping.duplicate_of is None:
            standing.url["retract"] = False  # it was to be taken out as a copy, and stays
        article.update(ids)
        article["grouped_by"] = to_json(grouping.why) if grouping.why else None
        article["doc_version"] += 1
    by = article["fingerprint"] or ""
    if article["grouped_fingerprint"] != by:
        article["grouped_fingerprint"] = by
        standing.precedes = by


def _mark_retraction(standing: Standing) -> None:
    if standing.result.retract and not standing.url["retract"]:
        standing.url["retract"] = True
        _article(standing)["doc_version"] += 1


def _acknowledge(standing: Standing) -> None:
    """Note what the index now holds, or no longer holds, and tell the change log."""
    version = standing.result.indexed_version
    if version is None:
        return
    article, url = _article(standing), standing.url
    retracted = bool(url["retract"])
    if retracted or version != article["indexed_version"]:
        standing.changes.append(
            {
                "kind": "retract" if retracted else "upsert",
                "article_id": article["article_id"],
                "doc_version": version,
                "at": standing.outcome.at,
                "about": None if standing.result.about is None else to_json(standing.result.about),
            }
        )
    article["indexed_version"] = None if retracted else version
    url.update(retract=False, failed_stage=None, failed_reason=None)
    if retracted:
        standing.result = replace(
            standing.result, status=standing.result.status or Status.RETRACTED
        )


def _place_in_books(standing: Standing) -> None:
    """Set the URL's place in the books, and its dead letter."""
    url, outcome = standing.url, standing.outcome
    status = standing.result.status
    if outcome.result is Result.DEAD:
        url.update(failed_stage=outcome.stage, failed_reason=outcome.reason)
    if status is not None:
        url["status"] = status
        url["reason"] = outcome.reason if status in _WITH_REASON else None
    if url["status"] == Status.IN_FLIGHT and url["stage"] is None:
        raise AssertionError(f"{url['url_id']} would stay in flight for ever: {outcome}")
    if status in _WITH_REASON and standing.article is not None:
        standing.frees_copies = True
        standing.is_lost = True
        if status is not Status.DUPLICATE:  # if it comes back, its copies must hear of it
            standing.leaves = standing.article["syndication_id"]
            standing.article.update(
                grouped_fingerprint=None, syndication_id=None, story_id=None, grouped_by=None
            )


def _take_up_redo(standing: Standing) -> None:
    """Begin what was wished for meanwhile, once the article is at rest."""
    url = standing.url
    if url["redo"] is None or url["stage"] not in (None, Stage.FETCH):
        return
    wished, url["redo"] = url["redo"], None
    if url["status"] == Status.DUPLICATE and wished == Stage.GROUP:
        url.update(status=Status.IN_FLIGHT, reason=None)
    elif url["status"] != Status.INDEXED:
        return
    if wished == Stage.FETCH:
        url["revisits"] -= 1  # an extra visit takes no planned one's place
    url.update(stage=wished, due_at=standing.outcome.at, tries=0)
