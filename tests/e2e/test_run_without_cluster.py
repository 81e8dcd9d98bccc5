"""A run whose index takes nothing: it says so, in words, in JSON and in its exit code."""

import re
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import orjson
import pytest
from support_trip import Desk

from pipeline.adapters.clock import ScaledClock
from pipeline.rehearsal.server import WorldServer

NOW = datetime(2019, 9, 12, 8, tzinfo=UTC)
REFUSED = 3
pytestmark = pytest.mark.slow


class Denying(BaseHTTPRequestHandler):
    """A cluster that knows nobody's key."""

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        said = {"error": {"type": "security_exception", "reason": "invalidated"}, "status": 401}
        body = orjson.dumps(said)
        self.send_response(401)
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.do_POST()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def denying():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Denying)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("case", ["nobody there", "key revoked"])
def test_articles_wait_and_the_exit_code_says_so(case, denying, tmp_path):
    url = denying if case == "key revoked" else "http://127.0.0.1:9"
    with WorldServer(ScaledClock(NOW), script=()) as world:
        extra = f'[index]\nkind = "elasticsearch"\nurl = "{url}"\n'
        desk = Desk(tmp_path / "desk", world.feeds()[:2], port=world.port, extra=extra)
        process = desk.start(NOW)
        out, errors = process.communicate(timeout=90)
    assert process.returncode == REFUSED, errors.decode()[-2000:]
    said = orjson.loads(out)
    wanted = "invalidated" if case == "key revoked" else "Connection refused"
    assert re.search(wanted, said["index_away"])
    assert said["balance"]["balances"]
    assert said["balance"]["in_flight"] > 0
    assert said["balance"]["dead"] == {}
