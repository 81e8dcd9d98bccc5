"""A browser's session: begun with an API key, kept as a cookie that no script can read."""

import re
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from pipeline.keys import MAX_SECRET_CHARS, digest_of, new_secret
from pipeline.ops.forms import read_form
from pipeline.serve.access import COOKIE, Caller, Served, find_caller, refuse_forged
from pipeline.serve.forms import guarded_form
from pipeline.serve.rendering import render

SESSION = timedelta(hours=12)
#: A path of ours, and nothing that a browser might take for another host.
_OURS = re.compile(r"/(?![/\\])[^\x00-\x20\\]*")

router = APIRouter(include_in_schema=False)
Known = Annotated[Caller | None, Depends(find_caller)]


@router.get("/login")
def login_page(request: Request) -> Response:
    """Ask for a key."""
    return render("login", problem="", wanted=_wanted(request.query_params.get("next", "")))


@router.post("/login")
async def log_in(request: Request, serving: Served) -> Response:
    """Begin a session."""
    refuse_forged(request)
    form = await read_form(request)
    wanted, given = _wanted(form.get("next", "")), form.get("key", "")[: MAX_SECRET_CHARS + 1]
    secret, now = new_secret(""), serving.now()

    def begin() -> bool:
        key = serving.ledger.find_key(digest_of(given))
        if key is not None:
            serving.ledger.begin_session(key, digest_of(secret), now, now + SESSION)
        return key is not None

    if not await run_in_threadpool(begin):
        words = "This key is not known, or was revoked."
        return render("login", HTTPStatus.FORBIDDEN, problem=words, wanted=wanted)
    answer = RedirectResponse(wanted, HTTPStatus.SEE_OTHER)
    answer.set_cookie(
        COOKIE,
        secret,
        max_age=int(SESSION.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.post("/logout")
async def log_out(request: Request, serving: Served, caller: Known) -> Response:
    """End the session."""
    refuse_forged(request)
    if caller is not None and caller.is_session:
        await guarded_form(request, caller)
        digest = digest_of(request.cookies.get(COOKIE, ""))
        await run_in_threadpool(serving.ledger.end_session, digest)
    answer = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def _wanted(path: str) -> str:
    """Return where to go after the login: a path of ours, and no other site's."""
    return path if _OURS.fullmatch(path) else "/"
