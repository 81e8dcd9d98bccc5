"""`GET /v1/articles/…`: one article with its enrichment and evidence, and its revisions."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from pipeline.keys import KeyScope
from pipeline.model import Status
from pipeline.serve.access import Served, requires
from pipeline.serve.api.answers import NOT_FOUND, REFUSALS, answer
from pipeline.serve.pages.articles import life_of_absent
from pipeline.serve.pages.diffing import Edit, compare
from pipeline.serve.problems import Refused
from pipeline.serve.serving import Serving
from pipeline.serve.shown import shown_revisions
from pipeline.work import Revision

#: The newest revisions of an article that are told; one with more is a live blog.
MAX_REVISIONS = 100
ArticleId = Annotated[str, Path(min_length=1, max_length=100, pattern=r"^[0-9A-Za-z_-]+$")]

router = APIRouter(
    prefix="/v1/articles",
    tags=["articles"],
    dependencies=[Depends(requires(KeyScope.SEARCH))],
    responses={**REFUSALS, **NOT_FOUND},
)


class RevisionLine(BaseModel):
    """One observed content of an article, in a list."""

    n: int
    seen_at: datetime
    content_hash: str
    extractor: str = Field(description="version that read it")
    title: str
    characters: int


class RevisionList(BaseModel):
    """The revisions of an article, oldest first."""

    article_id: str
    revisions: list[RevisionLine]


class RevisionText(RevisionLine):
    """One revision with its text."""

    article_id: str
    text: str
    description: str | None
    authors: list[str]


class DiffPiece(BaseModel):
    """A run of text with what became of it."""

    edit: Edit
    text: str


class Diff(BaseModel):
    """What one revision made of another, paragraph by paragraph.

    The pieces that are kept or out make the text before, those kept or in the text after.
    """

    article_id: str
    before: int
    after: int
    title: list[list[DiffPiece]]
    text: list[list[DiffPiece]]


@router.get(
    "/{article_id}",
    responses={
        200: {
            "description": "The article; docs/document.schema.json describes it.",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Article"}}},
        },
        410: {"description": "It was retracted, or erased.", **NOT_FOUND[404]},
    },
)
def article(request: Request, serving: Served, article_id: ArticleId) -> Response:
    """Return one article: text, entities, topics, quotations, dates, and the evidence of each."""
    document = serving.index.find(article_id)
    if document is None:
        raise _absent(serving, article_id)
    return answer(request, dict(document))


@router.get("/{article_id}/revisions", response_model=RevisionList)
def revisions(request: Request, serving: Served, article_id: ArticleId) -> Response:
    """List the revisions of an article: at most the newest 100."""
    lines = [_line(one) for one in _revisions(serving, article_id).values()]
    return answer(request, RevisionList(article_id=article_id, revisions=lines))


@router.get("/{article_id}/revisions/{n}", response_model=RevisionText)
def revision(request: Request, serving: Served, article_id: ArticleId, n: int) -> Response:
    """Return one revision with its text."""
    found = _revision(_revisions(serving, article_id), n)
    extraction = found.extraction
    text = RevisionText(
        **_line(found).model_dump(),
        article_id=article_id,
        text=extraction.text,
        description=extraction.description,
        authors=list(extraction.authors),
    )
    return answer(request, text)


@router.get("/{article_id}/diff", response_model=Diff)
def diff(
    request: Request,
    serving: Served,
    article_id: ArticleId,
    before: Annotated[int, Query(description="Revision to begin with.")],
    after: Annotated[int, Query(description="Revision to compare it with.")],
) -> Response:
    """Return what changed from one revision to another."""
    kept = _revisions(serving, article_id)
    old, new = _revision(kept, before).extraction, _revision(kept, after).extraction
    found = Diff(
        article_id=article_id,
        before=before,
        after=after,
        title=_blocks(old.title, new.title),
        text=_blocks(old.text, new.text),
    )
    return answer(request, found)


def _blocks(old: str, new: str) -> list[list[DiffPiece]]:
    return [
        [DiffPiece(edit=piece.edit, text=piece.text) for piece in block]
        for block in compare(old, new)
    ]


def _line(one: Revision) -> RevisionLine:
    return RevisionLine(
        n=one.n,
        seen_at=one.created_at,
        content_hash=one.content_hash,
        extractor=one.extraction.version,
        title=one.extraction.title,
        characters=len(one.extraction.text),
    )


def _revisions(serving: Serving, article_id: str) -> dict[int, Revision]:
    document = serving.index.find(article_id)
    if document is None:
        raise _absent(serving, article_id)
    kept = shown_revisions(serving.ledger, document, limit=MAX_REVISIONS)
    if not kept:
        raise _absent(serving, article_id)
    return {one.n: one for one in kept}


def _revision(kept: dict[int, Revision], n: int) -> Revision:
    if n not in kept:
        detail = f"There is no revision {n}; there are {min(kept)} to {max(kept)}."
        raise Refused(HTTPStatus.NOT_FOUND, "not_found", detail)
    return kept[n]


def _absent(serving: Serving, article_id: str) -> Refused:
    """Say why an article is not there, as far as anybody may know."""
    life = life_of_absent(serving.ledger, article_id)
    if life is None and serving.ledger.is_erased(article_id):
        return Refused(HTTPStatus.GONE, "erased", "It was erased; nothing of it is kept.")
    if life is None:
        detail = "There is no such article; what became of an address says /v1/where?url=."
        return Refused(HTTPStatus.NOT_FOUND, "not_found", detail)
    position, _ = life
    if position.status is Status.RETRACTED:
        return Refused(HTTPStatus.GONE, "retracted", "Its publisher has taken it back.")
    words = f"It is not in the index: {position.status}"
    if position.duplicate_of:
        words += f" of {position.duplicate_of}"
    return Refused(HTTPStatus.NOT_FOUND, f"{position.status}", f"{words}.")
