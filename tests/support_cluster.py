"""A cluster on loopback that takes bulk requests as Elasticsearch does, or as a test tells it to.

Each request is answered by the next step, by `obey` when there is none left. A step gets the Bulk
and returns True when the connection may be used again.
"""

from collections import deque
from dataclasses import dataclass

import orjson
from support_sockets import Connection, ScriptedServer, response

from pipeline.adapters.elastic.cluster import connect
from pipeline.adapters.elastic.writer import BulkWriter
from pipeline.config import IndexSettings
from pipeline.index import bulk

PRODUCT = ("X-Elastic-Product", "Elasticsearch")
JSON = ("Content-Type", "application/vnd.elasticsearch+json;compatible-with=9")
HTML = ("Content-Type", "text/html")
ALIAS = "news_write"
_ERRORS = 300  # statuses from here on


@dataclass
class Bulk:
    """One bulk request: what it asks for, and the ways to answer."""

    cluster: "ScriptedCluster"
    connection: Connection
    actions: list[dict]  # with _id, version, version_type

    @property
    def ids(self):
        return [action["_id"] for action in self.actions]

    @property
    def size(self):
        return len(self.connection.request.body)

    def take(self, refused=()):
        """Hold what is newer than what is held; return an entry for each item.

        `refused` is article_id → (status, type, reason), for items that are not taken.
        """
        refused = dict(refused)
        return [
            refusal(one["_id"], *refused[one["_id"]])
            if one["_id"] in refused
            else self.cluster.hold(one)
            for one in self.actions
        ]

    def answer(self, entries, **changes):
        """Answer with these entries."""
        errors = any(entry["index"]["status"] >= _ERRORS for entry in entries)
        return self.say(orjson.dumps({"errors": errors, "items": entries, **changes}))

    def say(self, body, status="200 OK", headers=(PRODUCT, JSON)):
        """Answer with any bytes."""
        self.connection.send(response(body, status, headers))
        return True

    def fail(self, status, kind="some_exception", reason="not now"):
        """Turn the whole request away."""
        body = {"error": {"type": kind, "reason": reason}, "status": int(status.split()[0])}
        return self.say(orjson.dumps(body), status)


class ScriptedCluster:
    """Use as a context manager; `then` says how it answers, `bulks` is what was asked so far."""

    def __init__(self):
        self.server = ScriptedServer()
        self.server.on(f"/{ALIAS}/_bulk", self._bulk)
        self.forget()

    def forget(self):
        """Hold nothing, obey, and forget what was asked."""
        self.held = {}  # article_id → version
        self.steps = deque()
        self.bulks = []

    def then(self, *steps):
        """Answer the next requests so."""
        self.steps.extend(steps)

    def hold(self, action):
        """Hold one item if it is newer than what is held; return its entry."""
        article_id, version = action["_id"], action["version"]
        held = self.held.get(article_id, -1)
        if version < held or (version == held and action["version_type"] == "external"):
            reason = (
                f"[{article_id}]: version conflict, current version [{held}] is higher or equal"
            )
            return refusal(article_id, 409, "version_conflict_engine_exception", reason)
        self.held[article_id] = version
        return {"index": {"_id": article_id, "status": 201 if held < 0 else 200}}

    def _bulk(self, connection):
        lines = connection.request.body.splitlines()
        actions = [orjson.loads(line)["index"] for line in lines[::2]]
        self.bulks.append(Bulk(self, connection, actions))
        step = self.steps.popleft() if self.steps else obey
        return step(self.bulks[-1])

    def writer(self, **how):
        """Return a writer to this cluster."""
        return BulkWriter(lambda: self.client, self.server.url(), **how)

    def __enter__(self):
        self.server.__enter__()
        self.client = connect(IndexSettings(kind="elasticsearch", url=self.server.url()), None)
        return self

    def __exit__(self, *about):
        self.client.close()
        self.server.__exit__(*about)


def items(*ids, version=1, letters=0, **how):
    """Return items to write, of about so many letters each."""
    return [bulk.item(one, version, {"text": "x" * letters}, **how) for one in ids]


def results(answers):
    """article_id → what became of it."""
    return {article_id: result for article_id, (result, _) in answers.items()}


def sent(cluster):
    """What each request asked for."""
    return [asked.ids for asked in cluster.bulks]


def refusal(article_id, status, kind="some_exception", reason="not now"):
    """Return the entry of an item that was not taken."""
    error = {"type": kind, "reason": reason}
    return {"index": {"_id": article_id, "status": status, "error": error}}


def obey(asked):
    """Take everything and say so."""
    return asked.answer(asked.take())


def failing(status, *why):
    """Return a step that turns the whole request away."""
    return lambda asked: asked.fail(status, *why)


def refusing(*ids, status, why=()):
    """Return a step that takes all but these."""
    return lambda asked: asked.answer(asked.take(dict.fromkeys(ids, (status, *why))))


def lost_answer(asked):
    """Take everything, and break off before saying so."""
    asked.take()
    asked.connection.reset()


def broken_off(asked):
    """Take nothing and break off."""
    asked.connection.reset()


def silent(asked):
    """Say nothing until the client has had enough."""
    asked.connection.wait()


def short(asked):
    """Take everything and speak of the first item only."""
    return asked.answer(asked.take()[:1])


def without_errors(asked):
    """Say nothing of errors, as no Elasticsearch does."""
    return asked.say(b'{"took":1,"items":[{"index":{"_id":"a","status":201}}]}')
