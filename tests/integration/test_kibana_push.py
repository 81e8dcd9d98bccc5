"""`newsline kibana push` against a server that answers as Kibana's API does."""

import os
import pty
import socket
import ssl
import subprocess
import sys

import orjson
import pytest
import trustme
from support_kibana_server import KibanaServer

from pipeline.adapters.kibana import Kibana, basic
from pipeline.cli.kibana import Form, Waiting, push_all
from pipeline.errors import AccessDenied, StoreUnavailable, UsageError
from pipeline.kibana.naming import Naming
from pipeline.kibana.source import load_source

DASHBOARDS = {"news-story", "news-sources", "news-pipeline", "news-article"}


@pytest.fixture(scope="module")
def source(root):
    return load_source(root / "config/kibana")


def ignored(_):
    """Take what is said, or how long to wait, and do nothing."""


def client(server, **more):
    more = {"say": ignored, "sleep": ignored, **more}
    return Kibana(server if isinstance(server, str) else server.url, **more)


def pushed(server, source, form=Form.NDJSON, naming=None, **more):
    kibana = client(server, **more)
    try:
        return push_all(kibana, source, naming or Naming(), form)
    finally:
        kibana.close()


def command(server, *arguments):
    """Run the command; return exit code, JSON and errors."""
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "kibana", "push", "--url", server.url, "--json",
         *arguments],
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    out = orjson.loads(done.stdout) if done.stdout else None
    return done.returncode, out, done.stderr.decode()


# ── the forms ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("version", "form"),
    [("9.0.0", "ndjson"), ("9.2.0", "ndjson"), ("9.4.2", "ndjson"), ("9.5.0", "dashboards")],
)
def test_each_version_gets_the_form_that_it_takes(version, form):
    with KibanaServer(version) as server:
        code, answer, errors = command(server)
        assert (code, answer["form"]) == (0, form), errors
        assert set(server.held("dashboard")) == DASHBOARDS
        assert set(server.held("index-pattern")) == {"news-articles", "news-events"}
        assert set(server.held("map")) == {"news-places"}
        assert len(server.held("search")) == 5
        methods = {(method, path.split("?")[0]) for method, path, _ in server.requests}
    assert ("GET", "/api/status") in methods
    assert ("POST", "/api/saved_objects/_import") in methods
    assert (("PUT", "/api/dashboards/news-story") in methods) is (form == "dashboards")


@pytest.mark.parametrize("form", [Form.NDJSON, Form.DASHBOARDS])
def test_pushing_again_changes_nothing_and_adds_nothing(source, form):
    with KibanaServer("9.5.0") as server:
        first = pushed(server, source, form)
        held = dict(server.objects)
        assert pushed(server, source, form) == first
        assert server.objects == held
    assert [one for one in first if one.refused or one.became] == []
    assert len(first) == len({(one.type, one.id) for one in first}) == len(held) == 12


def test_what_a_person_changed_in_between_is_as_in_the_files_again(source):
    with KibanaServer("9.5.0") as server:
        pushed(server, source, Form.DASHBOARDS)
        held = dict(server.objects)
        server.objects["default", "dashboard", "news-story"] = {"title": "Mine", "panels": []}
        pushed(server, source, Form.DASHBOARDS)
        assert server.objects == held


def test_another_collection_stands_beside_the_first(source):
    with KibanaServer() as server:
        pushed(server, source)
        pushed(server, source, naming=Naming("border"))
        views = server.held("index-pattern")
        assert len(server.objects) == 24
        assert views["border-articles"]["attributes"]["title"] == "border"


def test_a_space_has_objects_of_its_own(source):
    with KibanaServer("9.5.0") as server:
        pushed(server, source, Form.DASHBOARDS, space="news-desk")
        assert set(server.held("dashboard", "news-desk")) == DASHBOARDS
        assert server.held("dashboard") == {}
        assert all(path.startswith("/s/news-desk/api/") for _, path, _ in server.requests)


# ── refusals ──────────────────────────────────────────────────────────────────────────────────


def test_a_refused_object_is_named_with_kibanas_reason(source):
    with KibanaServer(refuses=["news-latest"]) as server:
        results = {one.id: one.refused for one in pushed(server, source)}
        assert "Document is too large" in results["news-latest"]
        assert results["news-articles"] == ""
        assert "news-latest" not in server.held("search")
        assert set(server.held("dashboard")) == DASHBOARDS


def test_a_refused_dashboard_makes_the_command_fail(tmp_path):
    with KibanaServer("9.5.0", refuses=["news-sources"]) as server:
        code, answer, errors = command(server)
        assert code == 1
        refused = {one["id"]: one["refused"] for one in answer["objects"] if one["refused"]}
        assert list(refused) == ["news-sources"]
        assert "HTTP 400" in refused["news-sources"]
        assert "1 of 12 objects were refused" in errors
        assert set(server.held("dashboard")) == DASHBOARDS - {"news-sources"}


def test_an_older_kibana_says_that_it_has_no_dashboards_api(source):
    with KibanaServer("9.2.0") as server:
        results = pushed(server, source, Form.DASHBOARDS)
    reasons = {one.refused for one in results if one.type == "dashboard"}
    assert reasons == {"this Kibana has no Dashboards API; use --form ndjson"}


class Forgetful(KibanaServer):
    """Answers 200 and names nothing."""

    def _import(self, *_):
        return 200, {"success": True, "successCount": 12}


def test_what_an_answer_does_not_name_was_not_taken(source):
    with Forgetful() as server:
        results = pushed(server, source)
    assert {one.refused for one in results} == {"Kibana's answer does not name it"}


class Elsewhere(KibanaServer):
    """Another space has these ids, so it gives others."""

    def _import(self, *arguments):
        status, body = super()._import(*arguments)
        for one in body["successResults"]:
            one["destinationId"] = f"other-{one['id']}"
        return status, body


def test_an_object_that_was_given_another_id_is_said_to_be(source):
    with Elsewhere() as server:
        (one, *_) = pushed(server, source)
    assert (one.id, one.became, one.refused) == ("news-articles", "other-news-articles", "")


# ── waiting, access, addresses ────────────────────────────────────────────────────────────────


def test_it_waits_while_kibana_starts_and_says_so(source):
    said, slept = [], []
    with KibanaServer(starting=3) as server:
        results = pushed(server, source, say=said.append, sleep=slept.append)
        assert len(server.held("dashboard")) == 4
    assert [one for one in results if one.refused] == []
    assert len(said) == len(slept) == 3
    assert all("waiting for Kibana" in line and "503" in line for line in said)


def test_it_waits_for_one_that_does_not_listen_yet_but_not_for_ever(source):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
        said = []
        with pytest.raises(StoreUnavailable, match="is away") as caught:
            client(nowhere, say=said.append, sleep=ignored, patience_s=3.1).version()
    assert nowhere in str(caught.value)
    assert said
    assert "waiting for Kibana" in said[0]
    assert "waited for 3 s" in str(caught.value)
    assert "--url" in str(caught.value)


def test_a_log_is_told_once_a_minute_that_kibana_is_waited_for(capsys):
    now_s = iter([0.0, 3.0, 59.0, 60.0, 63.0, 125.0])
    with Waiting(lambda: next(now_s)) as waiting:
        for number in range(6):
            waiting.say(f"waiting {number}")
    said = capsys.readouterr().err
    assert said == "".join(f"newsline: waiting {number}\n" for number in (0, 3, 5))


def test_a_terminal_is_told_in_one_line_that_is_renewed():
    terminal, its_end = pty.openpty()
    with KibanaServer(starting=2) as server:
        subprocess.run(
            [sys.executable, "-m", "pipeline", "kibana", "push", "--url", server.url],
            stdout=subprocess.DEVNULL, stderr=its_end, timeout=60, check=True,
            env={**os.environ, "COLUMNS": "200", "TERM": "xterm"},
        )  # fmt: skip
    os.close(its_end)
    with open(terminal, "rb", buffering=0) as screen:  # noqa: PTH123 - a descriptor
        said = screen.read(65_536).decode()
    lines = [line for line in said.split("\n") if "waiting for Kibana" in line]
    assert len(lines) == 1
    assert lines[0].count("waiting for Kibana") > 2  # drawn over itself


def test_keys_and_passwords_are_sent_and_missing_ones_are_denied(source, tmp_path):
    with KibanaServer(authorization=basic("elastic", "secret")) as server:
        with pytest.raises(AccessDenied, match="does not allow"):
            pushed(server, source)
        assert server.objects == {}
        password = tmp_path / "password"
        password.write_text("secret\n")
        code, _, errors = command(server, "--user", "elastic", "--password-file", str(password))
        assert code == 0, errors
    with KibanaServer(authorization="ApiKey abc123==") as server:
        key = tmp_path / "key"
        key.write_text("abc123==\n")
        assert command(server, "--api-key-file", str(key))[0] == 0
        code, _, errors = command(server)
        assert code == 2
        assert "does not allow" in errors


def test_an_authority_of_ones_own_is_believed_when_it_is_named(source, tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with KibanaServer(tls=context) as server:
        with pytest.raises(UsageError, match="certificate"):
            pushed(server, source)
        assert pushed(server, source, ca_file=tmp_path / "ca.pem")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--user", "elastic"], "belong together"),
        (["--user", "u", "--password-file", "/nowhere/pw"], "/nowhere/pw"),
        (["--api-key-file", "/nowhere/key"], "/nowhere/key"),
    ],
)
def test_what_is_missing_is_named(arguments, problem):
    with KibanaServer() as server:
        code, _, errors = command(server, *arguments)
    assert code == 2
    assert problem in errors


def test_an_address_that_is_none_is_refused(source):
    with pytest.raises(UsageError, match="begins with http"):
        client("localhost:5601")
    with pytest.raises(UsageError, match=r"ca\.pem"):
        client("https://localhost", ca_file="ca.pem")


@pytest.mark.parametrize(
    "url", ["https://elastic:hush@localhost:5601", "elastic:hush@localhost", "http://u:hu/sh@host"]
)
def test_a_password_in_the_address_is_refused_and_not_repeated(url):
    with pytest.raises(UsageError, match="--password-file") as error:
        client(url)
    assert "sh@" not in str(error.value)


class Other(KibanaServer):
    """A web server that is no Kibana."""

    def answer(self, *_):
        return 200, "<html>Welcome</html>"


class Redirecting(KibanaServer):
    """Sends everybody to a login page."""

    def answer(self, *_):
        return 302, ""


def test_what_is_no_kibana_is_told_from_one(source):
    with Other() as server:
        code, _, errors = command(server)
        assert code == 2
        assert "does not say which version" in errors
    with Redirecting() as server, pytest.raises(UsageError, match="redirects"):
        pushed(server, source)
