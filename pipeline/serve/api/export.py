"""`GET /v1/export`: everything that a search finds, as one file, within a bound."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from http import HTTPStatus
from importlib import import_module
from itertools import islice
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from pipeline.index.bounds import MAX_SIZE
from pipeline.index.query import Query as IndexQuery
from pipeline.keys import KeyScope
from pipeline.model import Document
from pipeline.ports import IndexReader
from pipeline.rights import is_withheld
from pipeline.serve.access import Served, requires
from pipeline.serve.api.answers import REFUSALS
from pipeline.serve.api.asked import Narrowed
from pipeline.serve.api.formats import csv_table, ndjson
from pipeline.serve.problems import Refused

Format = Literal["csv", "ndjson", "parquet"]
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
_PIECES = {"csv": csv_table, "ndjson": ndjson}
#: How many articles match, for whoever wants to know that nothing was broken off.
TOTAL = "Newsline-Matching"

router = APIRouter(
    prefix="/v1",
    tags=["search"],
    dependencies=[Depends(requires(KeyScope.SEARCH))],
    responses=REFUSALS,
)


class ExportAsked(Narrowed):
    """What is exported, and how."""

    format: Format = Field("ndjson", description="ndjson has whole documents, the others a table.")
    sort: Literal["newest", "oldest"] = "newest"


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The file. Articles whose publisher reserves text and data mining are"
            f" left out; {TOTAL} says how many match, with those.",
            "content": {media.partition(";")[0]: {} for media in _TYPES.values()},
        },
        501: {"description": "Parquet needs the extra `export`.", **REFUSALS[400]},
    },
)
def export(serving: Served, asked: Annotated[ExportAsked, Query()]) -> Response:
    """Return all articles that match; more than the server's bound are refused, not cut off.

    A file that is broken off (the index went away meanwhile) ends the connection with an error.
    """
    pieces = _pieces(asked.format)
    query = replace(asked.query(), sort=asked.sort, size=MAX_SIZE, highlight=False)
    total = serving.index.search(replace(query, size=1)).total
    most = serving.config.serve.export_rows
    if total > most:
        detail = f"{total} articles match; {most} can be exported at once. Narrow the search."
        raise Refused(HTTPStatus.BAD_REQUEST, "export_too_large", detail)
    found = islice(walk(serving.index, query), most)
    return StreamingResponse(
        pieces(one for one in found if not is_withheld(one, serving.config.rights)),
        media_type=_TYPES[asked.format],
        headers={
            TOTAL: str(total),
            "Content-Disposition": f'attachment; filename="newsline.{asked.format}"',
        },
    )


def walk(index: IndexReader, query: IndexQuery) -> Iterator[Document]:
    """Yield every document that a query finds, page by page."""
    page = index.search(query)
    yield from (hit.document for hit in page.hits)
    while page.cursor:
        page = index.search(replace(query, cursor=page.cursor))
        yield from (hit.document for hit in page.hits)


def _pieces(name: Format) -> Callable[[Iterable[Document]], Iterator[bytes]]:
    if name != "parquet":
        return _PIECES[name]
    try:
        made: Callable[[Iterable[Document]], Iterator[bytes]]
        made = import_module("pipeline.serve.api.parquet").parquet
    except ModuleNotFoundError:
        detail = "This server writes no Parquet; its operator can: pip install 'newsline[export]'."
        raise Refused(HTTPStatus.NOT_IMPLEMENTED, "no_parquet", detail) from None
    return made
