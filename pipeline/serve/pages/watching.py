"""Saved searches in the explorer: what one is told of, and a search saved from its page."""

import secrets
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qsl, quote

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from pipeline.alerts.saved import MAX_NAME_CHARS, SavedSearch
from pipeline.errors import UsageError
from pipeline.keys import KeyScope
from pipeline.serve.access import Caller, Served, requires
from pipeline.serve.forms import form_token, guarded_form
from pipeline.serve.pages.asked import View, address, view_of
from pipeline.serve.pages.rendering import render
from pipeline.serve.problems import Refused

_HITS = 5  # shown of each
router = APIRouter(include_in_schema=False)
Owner = Annotated[Caller, Depends(requires(KeyScope.ALERTS))]


@router.get("/alerts")
def alerts(request: Request, serving: Served, caller: Owner) -> Response:
    """List saved searches with their newest hits."""
    ledger = serving.ledger
    saved = [
        (one, address(View(one.text, one.filters)), ledger.hits(one.alert_id, limit=_HITS))
        for one in ledger.alerts()
    ]
    token = form_token(request, caller)
    return render("alerts", caller=caller, token=token, saved=saved, segment=_segment)


@router.post("/alerts")
async def save(request: Request, serving: Served, caller: Owner) -> Response:
    """Save the search of a page, from now on."""
    form = await guarded_form(request, caller)
    view = view_of(parse_qsl(form.get("view", "").removeprefix("?")))
    name = " ".join(form.get("name", "").split()).replace("/", " ")[:MAX_NAME_CHARS]
    if not name or not (view.text.strip() or view.filters):
        detail = "An alert needs a name, and words or filters to look for."
        raise Refused(HTTPStatus.BAD_REQUEST, "bad_request", detail)
    search = SavedSearch(secrets.token_hex(16), name, view.text, view.filters)

    def keep() -> None:
        serving.index.search(view.query(since=None, until=None, size=1, collapse=False))
        serving.ledger.add_alert(search, serving.clock.now())

    try:
        await run_in_threadpool(keep)
    except UsageError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "bad_request", str(error)) from None
    return RedirectResponse("/alerts", HTTPStatus.SEE_OTHER)


@router.post("/alerts/{name}/remove")
async def remove(request: Request, serving: Served, caller: Owner, name: str) -> Response:
    """Delete a saved search."""
    await guarded_form(request, caller)
    await run_in_threadpool(serving.ledger.remove_alert, name)
    return RedirectResponse("/alerts", HTTPStatus.SEE_OTHER)


def _segment(name: str) -> str:
    return quote(name, safe="")
