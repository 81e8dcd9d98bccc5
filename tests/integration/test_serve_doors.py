"""What the server says when a door behind it is shut, and what it breaks off."""

from dataclasses import replace

import httpx2
import pytest
from support_ledger import NOW
from support_serve import client, fill, listening, make_key

from pipeline.adapters.clock import ScaledClock
from pipeline.errors import IndexUnavailable
from pipeline.keys import KeyScope


def damage(serving, tmp_path):
    (tmp_path / "index" / "current").write_text("no JSON", "utf-8")


def lose_ledger(serving, tmp_path):
    serving.ledger.database.close()
    for file in tmp_path.glob("ledger.sqlite*"):
        file.unlink()
    (tmp_path / "ledger.sqlite").write_bytes(b"")


@pytest.fixture
def filled(serving):
    return fill(serving)


def statuses(answer):
    return {check["name"]: check["status"] for check in answer.json()["checks"]}


def test_a_damaged_index_is_down_and_no_detail_of_it_is_told(filled, tmp_path):
    damage(filled, tmp_path)
    http = client(filled)
    health = http.get("/health")
    assert health.status_code == 503
    assert statuses(health) == {"ledger": "ok", "index": "down", "pipeline": "ok"}
    problem = http.get("/v1/search")
    assert (problem.status_code, problem.json()["reason"]) == (503, "store_unavailable")
    assert int(problem.headers["retry-after"]) > 0
    assert str(tmp_path) not in health.text + problem.text
    assert http.get("/v1/balance").status_code == 200


def test_a_lost_ledger_is_down(filled, tmp_path):
    http = client(filled)
    lose_ledger(filled, tmp_path)
    health = http.get("/health")
    assert health.status_code == 503
    assert statuses(health)["ledger"] == "down"
    assert http.get("/v1/search").status_code == 503


def test_what_is_wrong_with_the_pipeline_is_degraded_and_told_to_operators(filled):
    late = replace(filled, clock=ScaledClock(NOW.replace(month=12), 1e-9))
    http = client(late)
    told = http.get("/health")
    assert (told.status_code, told.json()["status"]) == (200, "degraded")
    assert told.json()["checks"][2]["problems"] != []
    key = make_key(late, KeyScope.SEARCH)
    for anyone in (client(late), client(late, key)):
        seen = anyone.get("/health")
        assert statuses(seen)["pipeline"] == "degraded"
        assert [check["problems"] for check in seen.json()["checks"]] == [[], [], []]


def test_health_looks_anew_only_now_and_then(filled, tmp_path):
    http = client(filled)
    assert http.get("/health").status_code == 200
    damage(filled, tmp_path)
    assert http.get("/health").status_code == 200


class GoesAway:
    """An index that answers so many questions, and then is away."""

    def __init__(self, index, answers):
        self.index, self.left = index, answers

    def search(self, query):
        self.left -= 1
        if self.left < 0:
            raise IndexUnavailable("the cluster does not answer")
        return self.index.search(replace(query, size=1))


def test_an_export_that_breaks_off_does_not_look_whole(filled):
    with listening(replace(filled, index=GoesAway(filled.index, 3))) as address:
        with pytest.raises(httpx2.RemoteProtocolError):
            httpx2.get(f"{address}/v1/export", timeout=60)
        assert httpx2.get(f"{address}/v1/export", timeout=60).status_code == 503
    with listening(replace(filled, index=GoesAway(filled.index, 99))) as address:
        assert len(httpx2.get(f"{address}/v1/export", timeout=60).text.splitlines()) == 5
