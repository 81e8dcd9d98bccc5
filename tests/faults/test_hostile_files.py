"""Files that hang, kill or fill the process that reads them, given to the single steps by hand."""

import json

import pytest
import typer
from feed_documents import item, rss
from support_run import article
from typer.testing import CliRunner

from pipeline.cli import enrich as enrich_command
from pipeline.cli import extract as extract_command
from pipeline.cli import parse_feed as parse_command
from pipeline.config import ParserSettings

pytestmark = pytest.mark.slow  # what hangs is waited for

REASONS = {"hang": "parser_timeout", "crash": "parser_crash", "hoard": "parser_memory"}
LIMITS = "[parser]\nprocesses = 2\ncpu_s = 5\nwall_s = 5\nmemory_bytes = 536870912\n"
TEXT = "The delegations met near Kobani."
ENDS = ["ok", *REASONS.values(), "ok", "ok"]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a step with tight limits over tasks that do what their input says."""
    settings = tmp_path / "limits.toml"
    settings.write_text(LIMITS, "utf-8")
    app = typer.Typer()
    for command in (parse_command, extract_command, enrich_command):
        monkeypatch.setattr(command, "_REGISTRY", "support_hostile_steps")
        command.register(app)

    def invoke(*arguments, given=None):
        line = [*map(str, arguments), "--config", str(settings)]
        result = CliRunner().invoke(app, line, input=given)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


def ends(answers):
    """How each answer ended: "ok", or why not."""
    return [
        one["error"]["reason"] if "error" in one else one.get("reason") or "ok" for one in answers
    ]


def lines(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_feed_file_that_ends_its_parser_is_a_line_and_harms_no_other(run, tmp_path):
    files = []
    for number, word in enumerate(["good", *REASONS, "fine", "well"]):
        files.append(tmp_path / f"{number}.xml")
        files[-1].write_text(rss(item(number, title=word)), "utf-8")
    result = run("parse-feed", *files, "--json")
    found = lines(result)
    assert [one["file"] for one in found] == list(map(str, files))
    assert ends(found) == ENDS
    assert set(found[1]) == {"file", "error"}
    assert set(found[1]["error"]) == {"reason", "detail"}
    assert found[4]["entries"][0]["title"] == "fine"
    assert result.exit_code == 1


def test_a_feed_file_without_end_is_not_read_to_its_end(run):
    (answer,) = lines(run("parse-feed", "/dev/zero", "--json"))
    assert answer["error"]["reason"] == "too_large"


def test_one_hostile_feed_file_is_told_to_a_person(run):
    result = run("parse-feed", "-", given=rss(item(1, title="crash")))
    assert "parser_crash" in result.stdout
    assert result.exit_code == 1


def test_a_page_that_ends_its_extractor_is_a_line_and_harms_no_other(run):
    given = [
        json.dumps({"id": word, "html": article(word).decode()})
        for word in ("good", *REASONS, "fine", "well")
    ]
    result = run("extract", "--batch", "-", given="\n".join(given))
    assert ends(lines(result)) == ENDS
    assert result.exit_code == 1


def test_a_text_that_ends_its_enrichers_is_a_line_and_harms_no_other(run, root):
    given = [
        json.dumps({"id": word, "text": f"{TEXT} ({word})"})
        for word in ("good", *REASONS, "fine", "well")
    ]
    result = run("enrich", "--batch", "-", "--config-dir", root / "config", given="\n".join(given))
    found = lines(result)
    assert [one["id"] for one in found] == ["good", *REASONS, "fine", "well"]
    assert ends(found) == ENDS
    assert result.exit_code == 1


@pytest.mark.parametrize("word", REASONS)
def test_one_hostile_text_is_bad_news(run, root, word):
    result = run("enrich", "-", "--config-dir", root / "config", given=f"{TEXT} ({word})")
    assert (result.exit_code, result.stdout) == (1, "")
    assert REASONS[word] in result.stderr


def test_one_hostile_page_is_bad_news(run):
    result = run("extract", "-", "--json", given=article("crash"))
    assert (result.exit_code, ends(lines(result))) == (1, ["parser_crash"])


def test_without_settings_the_limits_are_those_of_a_run(tmp_path, monkeypatch):
    given = []

    class Noted(parse_command.ProcessWorkers):
        def __init__(self, settings, registry):
            given.append(settings)
            super().__init__(settings, registry)

    monkeypatch.setattr(parse_command, "ProcessWorkers", Noted)
    app = typer.Typer()
    parse_command.register(app)
    files = [tmp_path / f"{number}.xml" for number in range(3)]
    for file in files:
        file.write_text(rss(item(1)), "utf-8")
    CliRunner().invoke(app, list(map(str, files)))
    assert given == [ParserSettings()]
