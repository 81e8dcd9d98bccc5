"""Forms that only a page of ours can send: from the same site, with a token bound to the caller."""

from http import HTTPStatus

from starlette.requests import Request

from pipeline.ops.forgery import is_genuine, token_for
from pipeline.ops.forms import Form, read_form
from pipeline.serve.access import Caller, serving_of
from pipeline.serve.problems import Refused

#: What a form's hidden field is called.
TOKEN = "token"  # noqa: S105 - a name
_MAX_FIELDS = 60


def form_token(request: Request, caller: Caller) -> str:
    """Return what a form for this caller carries in its field `token`."""
    return token_for(caller.person, serving_of(request).now(), caller.secret)


async def guarded_form(request: Request, caller: Caller) -> Form:
    """Read a form; raises Refused for one that we did not give to this caller.

    That it does not come from another site `access.requires` has seen to.
    """
    form = await read_form(request, max_fields=_MAX_FIELDS)
    if not is_genuine(form.get(TOKEN, ""), caller.person, serving_of(request).now(), caller.secret):
        detail = "This form is too old, or it is not yours. Open the page again."
        raise Refused(HTTPStatus.FORBIDDEN, "forged", detail)
    return form
