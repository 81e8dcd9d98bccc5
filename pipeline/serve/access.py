"""Who asks, and what they may do: by API key, by a session that a key began, or from this machine.

While no key was ever made the server is open to those on its own machine, and only to them: to
loopback names in the address, and not through a proxy, which would let in whoever reaches it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection, Request

from pipeline.keys import MAX_SECRET_CHARS, ApiKey, KeyScope, digest_of
from pipeline.ops.access import Person
from pipeline.ops.forgery import is_from_elsewhere
from pipeline.serve.limits import Limits
from pipeline.serve.problems import Refused
from pipeline.serve.serving import Serving

COOKIE = "newsline_session"
#: Written at most so often: a use a minute later tells nobody more.
_USE_NOTED_EVERY = timedelta(minutes=1)
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_OF_PROXIES = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_READING = frozenset({"GET", "HEAD", "OPTIONS"})

_key = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    description="An API key, as `newsline keys create` shows it once: `Authorization: Bearer nl_…`",
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may ask."""

    id: str  # never given to two; limits and forms are bound to it
    name: str  # what the log and the audit say
    scopes: frozenset[KeyScope]
    secret: bytes = field(repr=False)  # signs this caller's forms
    is_session: bool = False  # of a browser: there is something to log out of

    def may(self, scope: KeyScope) -> bool:
        """Tell whether the caller may do something."""
        return scope in self.scopes or KeyScope.ADMIN in self.scopes

    @property
    def person(self) -> Person:
        """Return the caller as forms and the audit know people."""
        return Person(self.id, self.name)


def serving_of(request: HTTPConnection) -> Serving:
    """Return the doors of the server that a request has come to."""
    serving: Serving = request.app.state.serving
    return serving


Served = Annotated[Serving, Depends(serving_of)]
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_key)]


def find_caller(request: Request, serving: Served, credentials: Bearer) -> Caller | None:
    """Return who asks; None: nobody that we know. A key that is not good is refused."""
    caller = _caller(request, serving, credentials)
    if caller is not None:
        request.scope["caller"] = caller.name
    return caller


def _caller(
    request: Request, serving: Serving, credentials: HTTPAuthorizationCredentials | None
) -> Caller | None:
    now = serving.now()
    if credentials is not None:
        secret = credentials.credentials
        key = serving.ledger.find_key(digest_of(secret)) if _may_be(secret) else None
        if key is None:
            raise _unknown("This API key is not known, or was revoked.")
        _note_use(serving, key)
        return _of_key(key, secret)
    cookie = request.cookies.get(COOKIE, "")
    if _may_be(cookie):
        key = serving.ledger.find_session(digest_of(cookie), now)
        if key is not None:
            _note_use(serving, key)
            return _of_key(key, cookie, is_session=True)
    if is_open_to(request, serving):
        return Caller("open", "this machine", frozenset({KeyScope.ADMIN}), serving.secret)
    return None


def _may_be(secret: str) -> bool:
    return 0 < len(secret) <= MAX_SECRET_CHARS


def _of_key(key: ApiKey, secret: str, *, is_session: bool = False) -> Caller:
    return Caller(
        f"key-{key.key_id}",
        key.name,
        key.scopes,
        digest_of(f"forms {secret}").encode(),
        is_session,
    )


def _note_use(serving: Serving, key: ApiKey) -> None:
    now = serving.now()
    if key.last_used_at is None or now - key.last_used_at >= _USE_NOTED_EVERY:
        serving.ledger.note_key_used(key.key_id, now)


def is_open_to(request: HTTPConnection, serving: Serving) -> bool:
    """Tell whether somebody without a key is let in: on this machine, while there are no keys."""
    if not serving.is_local or any(name in request.headers for name in _OF_PROXIES):
        return False
    host = request.headers.get("host", "")
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return name in _LOOPBACK_NAMES and not serving.ledger.has_keys()


def _unknown(detail: str) -> Refused:
    challenge = {"WWW-Authenticate": 'Bearer realm="newsline"'}
    return Refused(HTTPStatus.UNAUTHORIZED, "unauthenticated", detail, challenge)


def requires(scope: KeyScope) -> Callable[..., Caller]:
    """Return a dependency that lets in who may do something, as often as they may, and gives them.

    Every route has one: `Annotated[Caller, Depends(requires(KeyScope.SEARCH))]`, or its router's
    `dependencies=[Depends(requires(...))]`.
    """

    def admitted(
        request: Request, caller: Annotated[Caller | None, Depends(find_caller)]
    ) -> Caller:
        if caller is None:
            raise _unknown("Send an API key: Authorization: Bearer nl_… (or log in at /login).")
        if not caller.may(scope):
            detail = f"The key {caller.name!r} lacks the scope {scope!r}."
            raise Refused(HTTPStatus.FORBIDDEN, "missing_scope", detail)
        refuse_forged(request)
        refuse_too_many(request.app.state.limits, caller.id)
        return caller

    return admitted


def refuse_forged(request: Request) -> None:
    """Refuse what another site lets a browser do; a key in a header no other site can send."""
    if request.method in _READING or "authorization" in request.headers:
        return
    heads = request.headers
    if is_from_elsewhere(heads.get("sec-fetch-site"), heads.get("origin"), heads.get("host")):
        raise Refused(HTTPStatus.FORBIDDEN, "forged", "This was sent by a page of another site.")


def refuse_too_many(limits: Limits, caller_id: str) -> None:
    """Count a request; refuse it when its caller asks too often."""
    wait_s = limits.take(caller_id, time.monotonic())
    if wait_s:
        per_minute = limits.limit.per_minute
        raise Refused(
            HTTPStatus.TOO_MANY_REQUESTS,
            "too_many_requests",
            f"{per_minute} requests a minute are allowed to a key; ask again in {wait_s} s.",
            {"Retry-After": str(wait_s), "RateLimit-Policy": f'"key";q={per_minute};w=60'},
        )
