"""Any answers to any writes: each item ends once, and what is acknowledged is held."""

import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from support_cluster import ALIAS, HTML, PRODUCT, ScriptedCluster, broken_off, failing, items

from pipeline.errors import AccessDenied
from pipeline.ports import IndexResult

pytestmark = pytest.mark.timeout(240)

IDS = [f"a{n}" for n in range(12)]
POISON = "a11"  # the cluster never takes it
BAD = (400, "document_parsing_exception", "failed to parse")
DENIED = (403, "security_exception", "unauthorized")


def taking(asked, refused=()):
    """What becomes of a request: `refused` are items that are not taken today."""
    return asked.take({POISON: BAD, **dict(refused)})


def well(asked):
    return asked.answer(taking(asked))


def saying(change):
    """A step that takes a request and answers with changed entries."""
    return lambda asked: asked.answer(change(taking(asked)))


def turned_away(ids, why):
    return lambda asked: asked.answer(taking(asked, dict.fromkeys(ids, why)))


def shuffled(seed):
    return lambda entries: random.Random(seed).sample(entries, len(entries))


def at_most(count):
    def step(asked):
        if len(asked.ids) > count:
            return asked.fail("413 Content Too Large")
        return well(asked)

    return step


def lost(asked):
    taking(asked)
    asked.connection.reset()


def garbled(asked):
    taking(asked)
    return asked.say(b'{"errors":false,"items":[{"index":{"_id":"a0","sta')


def login_page(asked):
    return asked.say(b"<html>Please log in</html>", headers=[PRODUCT, HTML])


def forgetful(asked):
    """Say 201 of things that nobody asked for, and take nothing."""
    return asked.answer([{"index": {"_id": f"z{n}", "status": 201}} for n in range(len(asked.ids))])


some_ids = st.lists(st.sampled_from(IDS), unique=True, max_size=len(IDS))
passing = st.sampled_from([(429, "es_rejected_execution_exception", "full"), (503, "x", "y")])
STEPS = st.one_of(
    st.just(well),
    st.integers(0, 5).map(lambda n: saying(lambda entries: entries[:n])),
    st.integers(0, 5).map(lambda n: saying(lambda entries: entries + entries[:n])),
    st.integers(0, 5).map(lambda n: saying(lambda entries: [*entries[:n], *entries[n + 1 :]])),
    st.integers(0, 5).map(lambda n: saying(lambda entries: [*entries[: n + 1], *entries[n:]])),
    st.integers(0, 99).map(lambda seed: saying(shuffled(seed))),
    st.builds(turned_away, some_ids, passing),
    st.integers(1, 6).map(at_most),
    st.sampled_from(["429 x", "500 x", "502 x", "503 x", "504 x"]).map(failing),
    st.sampled_from([garbled, login_page, forgetful, lost, broken_off]),
    # These two end a call: the key has to be seen to first.
    st.builds(turned_away, some_ids, st.just(DENIED)),
    st.just(failing("401 x", "security_exception", "expired")),
)


class Accounting(RuleBasedStateMachine):
    """Writes, interrupted in every way, against what the cluster holds."""

    cluster: ScriptedCluster  # set by the test

    def __init__(self):
        super().__init__()
        self.cluster.forget()
        self.writer = self.cluster.writer(sleep=lambda _: None)
        self.versions = dict.fromkeys(IDS, 0)  # what the ledger would send
        self.acknowledged = {}

    @rule(ids=some_ids, steps=st.lists(STEPS, max_size=6), larger=st.booleans())
    def write(self, ids, steps, larger):
        if larger:
            for one in ids:
                self.versions[one] += 1
        self.cluster.steps.clear()
        self.cluster.then(*steps, *[well] * 40)
        self.send(ids)

    def send(self, ids):
        sent = [item for one in ids for item in items(one, version=self.versions[one])]
        try:
            answers = self.writer.write(ALIAS, sent)
        except AccessDenied:
            return  # nothing was acknowledged
        assert sorted(answers) == sorted(ids)
        for one, (result, _) in answers.items():
            if result in (IndexResult.OK, IndexResult.NEWER):
                self.acknowledged[one] = self.versions[one]
            assert (result is IndexResult.REFUSED) <= (one == POISON)

    @invariant()
    def what_was_acknowledged_is_held(self):
        for one, version in self.acknowledged.items():
            assert self.cluster.held[one] >= version
        assert POISON not in self.acknowledged

    def teardown(self):
        """A cluster that is well again takes all that is left."""
        self.cluster.steps.clear()
        self.cluster.then(*[well] * 40)
        self.send(IDS)
        healthy = [one for one in IDS if one != POISON]
        assert self.acknowledged == {one: self.versions[one] for one in healthy}
        assert self.cluster.held == self.acknowledged


@pytest.fixture(scope="module", autouse=True)
def cluster():
    with ScriptedCluster() as running:
        Accounting.cluster = running
        yield


TestAccounting = Accounting.TestCase
TestAccounting.settings = settings(max_examples=60, stateful_step_count=8, deadline=None)
