"""The ops page under /ops, for those without Airflow: the same pages behind the server's own keys.

Who may see how feeds are (scope `ops`) may look; who may do everything (`admin`) may act.
"""

from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlencode

from fastapi.security import HTTPBearer
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request

from pipeline.keys import KeyScope
from pipeline.ops.access import Person, Who
from pipeline.ops.web import make_app
from pipeline.serve.access import Caller, find_caller, refuse_too_many
from pipeline.serve.limits import Limits
from pipeline.serve.serving import Serving

ROOT = "/ops"
_bearer = HTTPBearer(auto_error=False)


def ops_page(serving: Serving, limits: Limits) -> Starlette:
    """Return the page over a server's doors, to be mounted at ROOT."""

    def now() -> datetime:
        return serving.clock.now()  # asked when there is a clock: who describes the API has none

    return make_app(
        lambda: serving.ledger,
        serving.config,
        _who(serving, limits),
        may_act=_may_act,
        secret=serving.secret,
        now=now,
        open_index=lambda: serving.index,
    )


def _who(serving: Serving, limits: Limits) -> Who:
    async def who(request: Request) -> Person | None:
        given = await _bearer(request)
        caller = await run_in_threadpool(find_caller, request, serving, given)
        if caller is None:
            if request.method != "GET":
                return None
            there = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            login = {"Location": f"/login?{urlencode({'next': there})}"}
            raise HTTPException(HTTPStatus.SEE_OTHER, "Log in", login)
        if not caller.may(KeyScope.OPS):
            words = f"The key {caller.name!r} lacks the scope 'ops'."
            raise HTTPException(HTTPStatus.FORBIDDEN, words)
        refuse_too_many(limits, caller.id)
        request.scope.setdefault("state", {})["caller"] = caller
        return caller.person

    return who


async def _may_act(request: Request, _: Person) -> bool:
    caller: Caller = request.state.caller
    return caller.may(KeyScope.ADMIN)
