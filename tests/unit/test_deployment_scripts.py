"""Our scripts of deploy/ that a container runs, run here; what compose understands of its file."""

import importlib.util
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from support_postgres import postgres_server, postgres_url  # noqa: F401 - fixtures

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 25, tzinfo=UTC)

#: Certificates and the ping of Celery stand on packages that come with Airflow.
pytestmark = pytest.mark.airflow


@pytest.fixture(scope="module")
def certificates():
    spec = importlib.util.spec_from_file_location("certificates", ROOT / "deploy/certificates.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def made(certificates, folder):
    certificates.main(folder)
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.*")}


def greeted(folder, name, server_name):
    """Do a TLS handshake with a server that has the certificate of `name`."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(folder / name / "node.crt", folder / name / "node.key")
    client = ssl.create_default_context(cafile=folder / "authority" / "ca.crt")
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    ours, theirs = socket.socketpair()
    with ours, theirs:
        thread = threading.Thread(
            target=lambda: server.wrap_socket(theirs, server_side=True).close(), daemon=True
        )
        thread.start()
        with client.wrap_socket(ours, server_hostname=server_name) as connection:
            version = connection.version()
        thread.join(timeout=10)
    return version


def test_certificates_are_accepted_under_the_names_that_are_used(certificates, tmp_path):
    made(certificates, tmp_path)
    for name in ("elasticsearch", "kibana"):
        for server_name in (name, "localhost", "127.0.0.1"):
            assert greeted(tmp_path, name, server_name) == "TLSv1.3"


def test_keys_are_for_their_owner_only_and_the_authoritys_key_is_apart(certificates, tmp_path):
    files = made(certificates, tmp_path)
    assert set(files) == {
        "private/ca.key", "authority/ca.crt",
        "elasticsearch/node.crt", "elasticsearch/node.key", "kibana/node.crt", "kibana/node.key",
    }  # fmt: skip
    keys = [path for name, path in files.items() if name.endswith(".key")]
    assert {path.stat().st_mode & 0o777 for path in keys} == {0o600}


def test_good_certificates_stay_and_those_near_their_end_are_made_anew(certificates, tmp_path):
    key, authority = certificates.ensure_authority(tmp_path, NOW)
    soon = certificates.SERVER_LIFE - timedelta(days=29)
    today = datetime.now(UTC)
    certificates.make_server(tmp_path / "kibana", "kibana", key, authority, today - soon)
    certificates.make_server(tmp_path / "elasticsearch", "elasticsearch", key, authority, today)
    before = {path: path.read_bytes() for path in tmp_path.rglob("node.crt")}
    certificates.main(tmp_path)
    changed = {path.parent.name for path, content in before.items() if path.read_bytes() != content}
    assert changed == {"kibana"}


# --- health checks --------------------------------------------------------------------------------


def alive(*arguments, **environment):
    done = subprocess.run(
        [sys.executable, ROOT / "deploy" / "alive.py", *arguments],
        capture_output=True, text=True, timeout=60, check=False, env=os.environ | environment,
    )  # fmt: skip
    return done.returncode, done.stdout


class Ok(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 503)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_an_address_is_alive_when_it_answers_well():
    with HTTPServer(("127.0.0.1", 0), Ok) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        assert alive("http", f"{url}/health") == (0, "")
        code, said = alive("http", f"{url}/other")
        server.shutdown()
    assert code == 1
    assert "503" in said
    assert alive("http", url)[0] == 1  # nobody there any more


@pytest.mark.postgres
@pytest.mark.slow
def test_a_job_is_alive_when_this_host_has_beaten_lately(postgres_url):  # noqa: F811
    import psycopg  # noqa: PLC0415 - comes with the marker

    # The columns of Airflow's own table that are asked for.
    plain = postgres_url.replace("+psycopg", "")
    told = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": postgres_url}
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(
            "create table job (job_type text, hostname text, state text,"
            " latest_heartbeat timestamptz)"
        )
        assert alive("job", "TriggererJob", **told)[0] == 1
        connection.execute(
            "insert into job values ('TriggererJob', %s, 'running', now())", (socket.gethostname(),)
        )
        assert alive("job", "TriggererJob", **told) == (0, "")
        assert alive("job", "SchedulerJob", **told)[0] == 1
        connection.execute("update job set latest_heartbeat = now() - interval '1 minute'")
        assert alive("job", "TriggererJob", **told) == (1, "job TriggererJob: no sign of life\n")


def test_a_worker_whose_broker_is_away_is_not_alive(tmp_path):
    file = tmp_path / "broker"
    file.write_text("redis://:x@127.0.0.1:1/0", "ascii")
    code, said = alive("worker", AIRFLOW__CELERY__BROKER_URL_CMD=f"cat {file}")
    assert code == 1
    assert "OperationalError" in said


# --- compose's own parser -------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_composes_own_parser_takes_the_file_and_sees_the_walls_that_we_mean(tmp_path):
    go = shutil.which("go")
    if go is None:
        pytest.skip("no Go here: compose's parser is a library of it; our own policy tests ran")
    parser = tmp_path / "parser"
    folder = ROOT / "tests" / "compose_parser"
    subprocess.run([go, "build", "-o", parser, "."], cwd=folder, check=True, timeout=280)
    said = subprocess.run(
        [parser, ROOT / "docker-compose.yml"],
        capture_output=True, text=True, check=True, env=os.environ | {"NEWSLINE_UID": "1234"},
    ).stdout  # fmt: skip
    services = json.loads(said)["services"]
    assert {service["user"] for service in services.values()} == {"1234:0"}
    assert set(services["worker-fetch"]["networks"]) == {"outside", "control", "ledger"}
    search = {name for name, service in services.items() if "search" in service.get("networks", {})}
    assert search == {
        "elasticsearch", "kibana", "set-up-newsline", "push-to-kibana", "api-server",
        "worker-index", "newsline", "serve",
    }  # fmt: skip
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}
    refused = subprocess.run(
        [parser, ROOT / "docker-compose.yml"], capture_output=True, text=True, check=False,
        env={k: v for k, v in os.environ.items() if k != "NEWSLINE_UID"}, cwd=tmp_path,
    )  # fmt: skip
    assert (ROOT / ".env").exists() or "run deploy/make-secrets first" in refused.stderr
