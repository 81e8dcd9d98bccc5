"""Saved searches in the explorer: what one is told of, and a search saved from its page."""

from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qsl, quote

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from pipeline.alerts.letters import MAILTO, is_address
from pipeline.alerts.matching import back_test
from pipeline.alerts.saved import MAX_NAME_CHARS, SavedSearch, new_search
from pipeline.errors import UsageError
from pipeline.keys import KeyScope
from pipeline.serve.access import Caller, Served, requires
from pipeline.serve.forms import form_token, guarded_form
from pipeline.serve.pages.asked import View, address, view_of
from pipeline.serve.pages.rendering import render
from pipeline.serve.problems import Refused
from pipeline.serve.serving import Serving

_HITS = 5  # shown of each
#: Of a search that is not saved yet: how far back one looks, and what is shown of it.
_DAYS, _SHOWN = 30, 10
_EVERY = {"0", "3600", "86400"}  # seconds: what the form offers
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


@router.get("/alerts/new")
def propose(request: Request, serving: Served, caller: Owner) -> Response:
    """Show what a search would have told of, before it is saved."""
    view = replace(view_of(request.query_params.multi_items()), since=None, until=None)
    until = serving.clock.now().date()
    since = until - timedelta(days=_DAYS)
    try:
        found = back_test(serving.index, SavedSearch("", "", view.text, view.filters), since, until)
    except UsageError as error:
        raise _refused(str(error)) from None
    token = form_token(request, caller)
    return render(
        "alert", caller=caller, token=token, view=view, since=since, found=found,
        hits=found.hits[:_SHOWN],
    )  # fmt: skip


@router.post("/alerts")
async def save(request: Request, serving: Served, caller: Owner) -> Response:
    """Save a search, from now on; say with what its messages are signed, if it has a webhook."""
    form = await guarded_form(request, caller)
    view = view_of(parse_qsl(form.get("view", "").removeprefix("?")))
    name = " ".join(form.get("name", "").split()).replace("/", " ")[:MAX_NAME_CHARS]
    if not name or not (view.text.strip() or view.filters):
        raise _refused("An alert needs a name, and words or filters to look for.")
    webhook = form.get("webhook", "").strip()
    is_hook = webhook.startswith(("https://", "http://"))
    if webhook and not is_hook and not _is_mailbox(webhook, serving):
        raise _refused("A webhook begins with https://; for mailto: the operator names a server.")
    every = form.get("every", "0")
    every_s = int(every) if every in _EVERY else 0
    search = new_search(name, view.text, view.filters, webhook=webhook, every_s=every_s)

    def keep() -> None:
        serving.index.search(view.query(since=None, until=None, size=1, collapse=False))
        serving.ledger.add_alert(search, serving.clock.now())

    try:
        await run_in_threadpool(keep)
    except UsageError as error:
        raise _refused(str(error)) from None
    if is_hook:
        return render("alert_saved", caller=caller, search=search)
    return RedirectResponse("/alerts", HTTPStatus.SEE_OTHER)


def _is_mailbox(given: str, serving: Serving) -> bool:
    address_ = given.removeprefix(MAILTO)
    return given.startswith(MAILTO) and is_address(address_) and bool(serving.config.mail.host)


def _refused(detail: str) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, "bad_request", detail)


@router.post("/alerts/{name}/remove")
async def remove(request: Request, serving: Served, caller: Owner, name: str) -> Response:
    """Delete a saved search."""
    await guarded_form(request, caller)
    await run_in_threadpool(serving.ledger.remove_alert, name)
    return RedirectResponse("/alerts", HTTPStatus.SEE_OTHER)


def _segment(name: str) -> str:
    return quote(name, safe="")
