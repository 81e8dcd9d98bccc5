"""Actions: each is a form of our own page, of somebody who may act; audited, then a redirect."""

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from pipeline.errors import UsageError
from pipeline.model import Stage
from pipeline.ops import changes
from pipeline.ops.access import Person
from pipeline.ops.forgery import is_from_elsewhere, is_genuine
from pipeline.ops.forms import Form, read_form
from pipeline.ops.reports import life_of
from pipeline.ops.show import text
from pipeline.work import FeedState, ReplaySelector

if TYPE_CHECKING:
    from pipeline.ops.web import Desk

_MAX_NOTE_CHARS = 300
_UNPROCESSABLE = HTTPStatus.UNPROCESSABLE_ENTITY
ACTIONS = ("poll", "pause", "resume", "address")


class Acting:
    """Takes forms and does what they say."""

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk

    async def on_feed(self, request: Request) -> Response:
        """Do one action on one feed."""
        feed_id, action = request.path_params["feed_id"], request.path_params["action"]
        person, form = await self._admitted(request)
        if action not in ACTIONS:
            raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such action.")
        try:
            await run_in_threadpool(lambda: self._change(feed_id, action, person, form))
        except UsageError as error:
            raise HTTPException(_UNPROCESSABLE, f"{feed_id}: {error}") from None
        return _back(request, f"/feeds/{quote(feed_id, safe='')}", action)

    def _change(self, feed_id: str, action: str, person: Person, form: Form) -> None:
        desk, now = self._desk, self._desk.now()
        ledger = desk.open_ledger()
        others = ledger.feed_states() if action == "address" else []
        makers: dict[str, Callable[[FeedState], FeedState]] = {
            "poll": lambda state: changes.polled_now(state, now),
            "pause": changes.paused,
            "resume": lambda state: changes.resumed(state, now),
            "address": lambda state: changes.moved(
                state, form.get("url", ""), others, desk.config.fetch, now
            ),
        }
        note = _note(action, form.get("note", ""))
        ledger.change_feed(feed_id, makers[action], actor=person.name, note=note, now=now)

    async def replay(self, request: Request) -> Response:
        """Send dead letters on their way again, each where it died: one, or those of a reason."""
        person, form = await self._admitted(request)
        url = form.get("url", "")
        chosen = await run_in_threadpool(lambda: self._one(url)) if url else _of_a_reason(form)
        await run_in_threadpool(lambda: self._replay(*chosen, person))
        return _back(request, "/dead", "replay")

    def _one(self, url: str) -> tuple[ReplaySelector, str]:
        try:
            found = life_of(self._desk.open_ledger(), url)
        except UsageError as error:
            raise HTTPException(_UNPROCESSABLE, str(error)) from None
        if found is None:
            raise HTTPException(_UNPROCESSABLE, "No feed ever listed that address.")
        return ReplaySelector(url_id=found[0].url_id), text(url, _MAX_NOTE_CHARS)

    def _replay(self, selector: ReplaySelector, subject: str, person: Person) -> None:
        self._desk.open_ledger().replay_by(
            selector, actor=person.name, subject=f"dead letters: {subject}", now=self._desk.now()
        )

    async def _admitted(self, request: Request) -> tuple[Person, Form]:
        """Return who sent a form, and the form; refuse who may not, and forms that are not ours."""
        person: Person = request.state.person
        heads = request.headers
        if not await self._desk.may_act(request, person):
            raise HTTPException(HTTPStatus.FORBIDDEN, "You may look, but not change anything.")
        forged = is_from_elsewhere(
            heads.get("sec-fetch-site"), heads.get("origin"), heads.get("host")
        )
        form = await read_form(request)
        token = form.get("token", "")
        if forged or not is_genuine(token, person, self._desk.now(), self._desk.secret):
            words = "This form is too old, or it is not yours. Open the page again."
            raise HTTPException(HTTPStatus.FORBIDDEN, words)
        return person, form


def _of_a_reason(form: Form) -> tuple[ReplaySelector, str]:
    """Return which dead letters are meant, and in words."""
    reason, stage = form.get("reason", ""), form.get("stage", "")
    if not reason or stage not in set(Stage):
        raise HTTPException(_UNPROCESSABLE, "Name a stage and a reason.")
    return ReplaySelector(reason=reason, died_at=Stage(stage)), f"{stage}, {reason}"


def _note(action: str, said: str) -> str:
    """Return what the audit keeps: what was done, and why, if that was said."""
    why = text(said, _MAX_NOTE_CHARS)
    return f"{action}: {why}" if why else action


def _back(request: Request, path: str, done: str) -> Response:
    """Lead back to a page, which then says what was done; a reload does nothing again."""
    root = str(request.scope.get("root_path", "")).rstrip("/")
    where = f"{root}{path}?{urlencode({'done': done})}"
    return RedirectResponse(where, HTTPStatus.SEE_OTHER)
