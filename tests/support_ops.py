"""The ops page over a ledger, for people whom a header names: no scheduler is needed to look at it.

Header `X-Person` is who asks; `boss` and `ada` may act, everybody else may look.
"""

import re

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient
from support_ledger import NOW

from pipeline.config import Config
from pipeline.ops.access import Person
from pipeline.ops.web import make_app

ROOT = "/newsops"
A, B = "https://herald.example/a", "https://herald.example/b"
PAGES = ("/", "/feeds", "/feeds/herald-world", "/dead", "/where", "/runs/none")
MAY_ACT = ("boss", "ada")
_TOKEN = re.compile(r'name="token" value="([^"]+)"')


def feed_of(ledger):
    return ledger.feed_states(["herald-world"])[0]


async def who(request):
    name = request.headers.get("x-person")
    return Person(id=name, name=name) if name else None


async def may_act(_request, person):
    return person.name in MAY_ACT


def mounted(ledger, *, config=None, now=NOW, guard=who, index=None):
    """The page, mounted as a scheduler would mount it."""
    page = make_app(
        lambda: ledger,
        config or Config(),
        guard,
        may_act=may_act,
        secret=b"a secret of the tests",
        now=lambda: now,
        open_index=(lambda: index) if index is not None else None,
    )
    return Starlette(routes=[Mount(ROOT, page)])


class Visitor:
    """Somebody with a browser that follows no redirect by itself."""

    def __init__(self, app, name="ada"):
        headers = {"X-Person": name} if name else {}
        self.http = TestClient(app, headers=headers, follow_redirects=False)

    def get(self, path, status=200, **query):
        answer = self.http.get(ROOT + path, params=query)
        assert answer.status_code == status, answer.text
        return answer

    def token(self, path="/feeds/herald-world"):
        """What a form on a page carries."""
        found = _TOKEN.search(self.get(path).text)
        assert found, "there is no form"
        return found[1]

    def post(self, path, headers=None, **fields):
        return self.http.post(ROOT + path, data=fields, headers=headers or {})
