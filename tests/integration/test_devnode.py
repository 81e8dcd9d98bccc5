"""The development node answers as a real server does; its commands do what they say."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from elasticsearch import AuthenticationException, AuthorizationException, Elasticsearch
from elasticsearch import ConnectionError as Unreachable
from support_elasticsearch import KEEPER, shared_node

from pipeline.devnode.state import command_line, find_node

pytestmark = [pytest.mark.elasticsearch, pytest.mark.timeout(300)]

READER = {"cluster": [], "indices": [{"names": ["devnode-read"], "privileges": ["read"]}]}


@pytest.fixture(scope="module")
def secured(secure_elasticsearch):
    """Make a client of the node with security; as its first user if nothing else is said."""
    clients = []

    def connect(**how):
        how = how or {"basic_auth": (secure_elasticsearch.user, secure_elasticsearch.password)}
        trust = {"ca_certs": secure_elasticsearch.ca_file} | how
        clients.append(Elasticsearch(secure_elasticsearch.url, **trust))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


@pytest.fixture
def data():
    """A folder that the user of a node may enter: pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(
        prefix="newsline-devnode-", ignore_cleanup_errors=True
    ) as made:
        folder = Path(made)
        folder.chmod(0o755)
        yield folder


def newsline(*arguments, env=None):
    command = [sys.executable, "-m", "pipeline", "elasticsearch", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | (env or {})
    )


def test_the_official_client_finds_the_version_that_is_pinned(elasticsearch_url):
    with Elasticsearch(elasticsearch_url) as client:
        answer = client.info()
        assert client.ping()
    assert answer["version"]["number"] == "9.2.0"
    assert answer["version"]["lucene_version"].startswith("10.")
    assert answer["tagline"] == "You Know, for Search"
    assert {"name", "cluster_name", "cluster_uuid"} <= answer.keys()


def test_a_user_with_a_role_may_do_what_the_role_says(secured):
    admin = secured()
    admin.security.put_role(name="devnode-reader", **READER)
    admin.security.put_user(username="devnode", password="not-secret-1", roles=["devnode-reader"])
    admin.index(index="devnode-read", id="1", document={"title": "zone"}, refresh=True)
    user = secured(basic_auth=("devnode", "not-secret-1"))
    assert user.count(index="devnode-read")["count"] == 1
    with pytest.raises(AuthorizationException):
        user.index(index="devnode-read", document={})


def test_a_key_that_may_only_read_may_not_ask_the_server_who_it_is(secured):
    """As on a real server: ping() is no way to find out whether such a key works."""
    admin = secured()
    key = admin.security.create_api_key(
        name="devnode", expiration="1h", role_descriptors={"r": READER}
    )
    reader = secured(api_key=key["encoded"])
    assert reader.search(index="devnode-read*")["hits"]["total"]["value"] >= 0
    with pytest.raises(AuthorizationException):
        reader.info()
    assert not reader.ping()
    admin.security.invalidate_api_key(ids=[key["id"]])
    with pytest.raises(AuthenticationException):
        reader.search(index="devnode-read*")


@pytest.mark.parametrize(
    "wrong", [{"basic_auth": ("elastic", "wrong")}, {"api_key": ("id", "wrong")}]
)
def test_a_wrong_password_or_key_is_refused(secured, wrong):
    with pytest.raises(AuthenticationException):
        secured(**wrong).info()


def test_who_does_not_know_the_authority_does_not_connect(secured):
    with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
        secured(ca_certs=None, basic_auth=("elastic", "x")).info()


def test_nobody_else_may_read_the_password(secure_elasticsearch):
    with shared_node(security=True) as node:
        assert node.url == secure_elasticsearch.url, "a second node was started"
        assert Path(node.password_file).stat().st_mode & 0o777 == 0o600


@pytest.mark.slow
def test_a_node_is_started_asked_and_stopped(data):
    assert newsline("status", "--data", data).returncode == 1
    started = newsline("start", "--data", data, "--json")
    assert started.returncode == 0, started.stderr
    told = json.loads(started.stdout)
    try:
        with Elasticsearch(told["url"]) as client:
            client.index(index="devnode", document={"title": "zone"}, refresh=True)
        asked = newsline("status", "--data", data)
        assert asked.returncode == 0
        assert asked.stdout == f"running: Elasticsearch 9.2.0 at {told['url']}, 1 documents\n"

        again = newsline("start", "--data", data)
        assert again.returncode == 2
        assert f"a node runs in {data} already, at {told['url']}" in again.stderr

        port = told["url"].rsplit(":", 1)[1]
        taken = newsline("start", "--data", data / "other", "--port", port)
        assert taken.returncode == 2
        assert f"port {port} cannot be had" in taken.stderr
    finally:
        stopped = newsline("stop", "--data", data)
    assert stopped.stdout == f"The node at {told['url']} has ended.\n"
    assert command_line(told["pid"]) == ""
    assert newsline("stop", "--data", data).stdout == f"No node was running in {data}.\n"
    assert newsline("status", "--data", data, "--json").returncode == 1


@pytest.mark.slow
def test_a_node_that_does_not_come_up_says_why(data):
    (data / "node" / "config").mkdir(parents=True)
    (data / "node" / "config" / "jvm.options.d").mkdir()
    (data / "node" / "config" / "jvm.options.d" / "ours.options").write_text("-XX:NoSuchOption=1\n")
    started = newsline("start", "--data", data)
    assert started.returncode == 3
    assert "Elasticsearch did not start" in started.stderr
    assert "NoSuchOption" in started.stderr
    assert find_node(data) is None


@pytest.mark.slow
def test_a_run_that_crashes_leaves_no_node_behind(data):
    """A worker holds its share of the lock until it ends, however it ends."""
    users = data.with_suffix(".users")
    hold = (
        f"import fcntl, sys; f = open({str(users)!r}, 'a'); fcntl.flock(f, fcntl.LOCK_SH);"
        "print('held', flush=True); sys.stdin.read()"
    )
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", hold]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as worker:
        assert worker.stdout.readline() == "held\n"
        kept = subprocess.run([sys.executable, KEEPER, data, users], check=False)
        assert kept.returncode == 0
        node = find_node(data)
        assert node.runs()
        worker.send_signal(signal.SIGKILL)
    for _ in range(300):
        if not users.exists():
            break
        time.sleep(0.1)
    assert not node.runs()
    assert not data.exists()
