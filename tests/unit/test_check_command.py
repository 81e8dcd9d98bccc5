"""`newsline check`: everything that is wrong is said at once, with file and key."""

import orjson
import pytest
from typer.testing import CliRunner

from pipeline.cli.root import build

GOOD = '[[feed]]\nid = "one"\nurl = "https://herald.example/one.xml"\npublisher = "herald"\n'


@pytest.fixture
def check(tmp_path, monkeypatch):
    """Return what the command says of a catalogue and settings: exit code and output."""
    monkeypatch.chdir(tmp_path)

    def run(feeds, settings="", *more):
        (tmp_path / "feeds.toml").write_text(feeds)
        (tmp_path / "pipeline.toml").write_text(settings)
        words = ["check", "--feeds", "feeds.toml", "--config", "pipeline.toml", *more]
        done = CliRunner().invoke(build(words), words, catch_exceptions=False)
        return done.exit_code, done.stdout

    return run


def faults(answer):
    code, out = answer
    return code, {(one["file"], one["key"]): one["problem"] for one in orjson.loads(out)["faults"]}


def test_a_good_configuration_says_what_publishers_will_see(check):
    code, out = check(GOOD, '[fetch]\ncontact = "desk@herald.example"\n')
    assert code == 0
    assert "all good" in out
    assert "desk@herald.example" in out
    assert "advice" not in out


def test_a_contact_that_no_header_can_carry_stands_beside_the_other_faults(check):
    code, found = faults(check(GOOD + GOOD, '[fetch]\ncontact = "ş b"\n', "--json"))
    assert code == 2
    assert "must be a plain URL" in found["pipeline.toml", "fetch.contact"]
    assert ("feeds.toml", "feed.one.id") in found


def test_faults_of_all_files_are_reported_at_once(check):
    code, found = faults(check(GOOD + GOOD + 'flavour = "x"\n', "[fetch]\npace = 1\n", "--json"))
    assert code == 2
    assert set(found) >= {("pipeline.toml", "fetch.pace"), ("feeds.toml", "feed.one.id"),
                          ("feeds.toml", "feed.one.flavour")}  # fmt: skip


@pytest.mark.parametrize(
    ("url", "setting"),
    [("http://127.0.0.1/feed.xml", 'allow_private = ["127.0.0.1"]'),
     ("http://news.localhost:8000/feed.xml", 'allow_private = ["127.0.0.1"]'),
     ("http://[::1]/feed.xml", 'allow_private = ["::1"]'),
     ("http://8.8.8.8:8080/feed.xml", "ports = [80, 443, 8080]"),
     ("http://herald.example:8080/feed.xml", "ports = [80, 443, 8080]")],
)  # fmt: skip
def test_a_feed_that_our_own_guard_would_not_let_be_asked_is_a_fault(check, url, setting):
    catalogue = GOOD.replace("https://herald.example/one.xml", url)
    code, found = faults(check(catalogue, "", "--json"))
    assert code == 2
    assert f"[fetch] {setting} would let it through" in found["feeds.toml", "feed.one.url"]
    assert check(catalogue, f"[fetch]\n{setting}\n")[0] == 0


def test_one_setting_lets_all_feeds_through(check):
    two = (("a", "http://127.0.0.1/a"), ("b", "http://10.0.0.1:8080/b"))
    others = [
        GOOD.replace('"one"', f'"{name}"').replace("https://herald.example/one.xml", url)
        for name, url in two
    ]
    _, found = faults(check("".join(others), "", "--json"))
    setting = 'allow_private = ["127.0.0.1", "10.0.0.1"]'
    assert all(f"[fetch] {setting} would" in problem for problem in found.values())
    assert check("".join(others), f"[fetch]\n{setting}\n")[0] == 0


def test_without_settings_no_feed_is_judged_by_others(check):
    catalogue = GOOD.replace("https://herald.example/one.xml", "http://127.0.0.1/feed.xml")
    _, found = faults(check(catalogue, '[fetch]\nallow_private = ["127.0.0.1"]\nx = 1\n', "--json"))
    assert list(found) == [("pipeline.toml", "fetch.x")]
