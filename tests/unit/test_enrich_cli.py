"""`newsline enrich`: one text or many lines, every one answered."""

import json
from shutil import copytree

import pytest
import typer
from typer.testing import CliRunner

from pipeline.cli.enrich import register
from pipeline.cli.root import build
from pipeline.errors import ConfigError, UsageError

TEXT = "EUCOM and Erdoğan discussed the safe zone in Syria."


@pytest.fixture(scope="module")
def app():
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return app


@pytest.fixture
def run(app, root):
    def call(*arguments, stdin=None, code=0):
        config = ["--config-dir", str(root / "config")]
        result = CliRunner().invoke(app, ["enrich", *config, *map(str, arguments)], input=stdin)
        assert result.exit_code == code, result.output
        return result.stdout

    return call


def test_a_plain_text_as_json(run, tmp_path):
    file = tmp_path / "article.txt"
    file.write_text(TEXT, "utf-8")
    answer = json.loads(run(file, "--title", "Ankara waits", "--json"))
    assert answer["language"] == "en"
    entities = {entity["id"]: entity for entity in answer["entities"]}
    assert entities["us-european-command"]["type"] == "organisation"
    assert entities["ankara"]["mentions"] == [
        {"start": 0, "end": 6, "surface": "Ankara", "in": "title", "score": 1.0, "why": "name"}
    ]
    (ankara,) = (place for place in answer["places"] if place["id"] == "ankara")
    assert (ankara["kind"], ankara["country"]) == ("city", "TR")
    assert ankara["reasons"][0]["reason"] == "title"
    for entity in answer["entities"]:
        for one in entity["mentions"]:
            part = {"title": "Ankara waits", "text": TEXT}[one["in"]]
            assert part[one["start"] : one["end"]] == one["surface"]
    assert [topic["id"] for topic in answer["topics"]] == ["safe-zone"]


def test_quotations_and_dates_are_seen_from_the_day_it_came_out(run):
    text = "“We have waited long enough,” Erdoğan said on Tuesday."
    answer = json.loads(run("-", "--published", "2019-09-12", "--json", stdin=text))
    assert [one["speaker"] for one in answer["quotes"]] == ["Recep Tayyip Erdoğan"]
    assert [one["value"] for one in answer["dates_mentioned"]] == ["2019-09-10"]
    moment = {"title": "", "text": text, "published_at": "2019-09-05T10:00:00Z"}
    answer = json.loads(run("-", "--json", stdin=json.dumps(moment)))
    assert [one["value"] for one in answer["dates_mentioned"]] == ["2019-09-03"]
    assert answer["failed"] == {}


def test_a_table_for_people(run, tmp_path):
    file = tmp_path / "article.txt"
    file.write_text(TEXT, "utf-8")
    assert "U.S. European Command" in run(file)


def test_a_json_object_on_standard_input(run):
    answer = json.loads(run("-", "--json", stdin=json.dumps({"title": "t", "text": TEXT})))
    assert {entity["id"] for entity in answer["entities"]} >= {"recep-tayyip-erdogan", "syria"}


def test_every_line_of_a_batch_is_answered_in_order(run, tmp_path):
    lines = [
        {"id": "a", "title": "", "text": TEXT, "url": "https://example.org/", "published_at": None},
        {"id": 7, "title": "Nur ein Titel über Syrien", "language": "de"},
        {"id": "c", "title": "", "text": ""},
    ]
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(map(json.dumps, lines)) + "\n\n", "utf-8")
    run("--batch", source, "--out", target)
    answers = [json.loads(line) for line in target.read_text("utf-8").splitlines()]
    assert [answer["id"] for answer in answers] == ["a", 7, "c"]
    assert answers[1]["entities"][0]["id"] == "syria"
    assert answers[2]["entities"] == []


def test_what_the_outlet_says_itself_counts_for_media_topics(run):
    told = {"title": "Quiet day", "text": "Nothing.", "section": "Sport", "keywords": ["Ekonomi"]}
    answer = json.loads(run("-", "--json", stdin=json.dumps(told)))
    found = {topic["name"]: topic["evidence"] for topic in answer["iptc"]}
    assert set(found) == {"sport", "economy, business and finance", "economy"}
    assert found["economy"] == [{"start": 0, "end": 7, "surface": "Ekonomi", "in": "keywords"}]


def test_a_bad_line_is_answered_and_the_exit_code_says_so(run):
    lines = [
        "{",
        json.dumps({"id": "b", "text": 5}),
        json.dumps({"id": "n"}),
        "[]",
        '{"id":"ok","text":"x"}',
    ]
    out = run("--batch", "-", stdin="\n".join(lines), code=1)
    answers = [json.loads(line) for line in out.splitlines()]
    assert [(answer["id"], answer.get("line")) for answer in answers] == [
        (None, 1), ("b", 2), ("n", 3), (None, 4), ("ok", None),
    ]  # fmt: skip
    assert {answer["error"]["reason"] for answer in answers[:4]} == {"bad_line"}


def test_what_an_extraction_ended_is_passed_on_and_counted(app, root):
    lines = [
        {"id": "a", "outcome": "ok", "reason": None, "title": "t", "text": TEXT},
        {"id": "b", "outcome": "dropped", "reason": "too_short", "title": "", "text": ""},
    ]
    config = ["--config-dir", str(root / "config")]

    def run(given):
        text = "\n".join(map(json.dumps, given))
        return CliRunner().invoke(app, ["enrich", *config, "--batch", "-"], input=text)

    done = run(lines)
    assert done.exit_code == 0
    assert json.loads(done.stdout.splitlines()[1]) == {
        "id": "b", "outcome": "dropped", "reason": "too_short",
    }  # fmt: skip
    assert "2 lines: 1 ok, 1 dropped (too_short)" in done.stderr
    dead = run([{"id": "c", "outcome": "dead", "reason": "parser_crash"}])
    assert (dead.exit_code, json.loads(dead.stdout)["reason"]) == (1, "parser_crash")


@pytest.mark.parametrize(
    ("given", "said"),
    [("x.jsonl", "--batch x.jsonl"), ("none.txt", "none.txt: cannot be read: no such file"),
     ("https://a.example/", "give a saved file")],
)  # fmt: skip
def test_wrong_use_says_what_to_do(app, given, said):
    assert said in str(CliRunner().invoke(app, ["enrich", given]).exception)


def test_bytes_that_are_no_text_are_an_error_line(run):
    answer = json.loads(run("--batch", "-", stdin=b'{"id":"x","text":"\xff"}\n', code=1))
    assert answer["line"] == 1


def test_a_batch_is_not_written_over_its_own_lines(run, tmp_path):
    lines = tmp_path / "lines.jsonl"
    lines.write_text('{"id": 1, "text": "Patrols begin."}\n', "utf-8")
    with pytest.raises(UsageError, match="the same file"):
        CliRunner().invoke(
            build(["enrich"]), ["enrich", "--batch", str(lines), "--out", str(lines)],
            catch_exceptions=False,
        )  # fmt: skip
    assert "Patrols begin." in lines.read_text("utf-8")


def test_a_date_that_is_none_is_named_with_its_key(run, tmp_path):
    lines = tmp_path / "lines.jsonl"
    lines.write_text('{"id": 1, "text": "Patrols.", "published_at": "junk"}\n', "utf-8")
    (answer,) = map(json.loads, run("--batch", lines, code=1).splitlines())
    assert "published_at: 'junk' is no date" in json.dumps(answer["error"])


def test_a_file_and_a_batch_together_are_refused(app, root):
    result = CliRunner().invoke(app, ["enrich", "a.txt", "--batch", "b"])
    assert type(result.exception).__name__ == "UsageError"


def test_a_missing_file_is_named(app):
    result = CliRunner().invoke(app, ["enrich", "nowhere.txt"])
    assert "nowhere.txt" in str(result.exception)


@pytest.mark.parametrize("arguments", [("-",), ("--batch", "-")])
def test_a_mistake_in_the_topics_is_the_operators_and_no_lines(app, tmp_path, root, arguments):
    copytree(root / "config", tmp_path / "config")
    (tmp_path / "config" / "topics.toml").write_text("[[topic]]\nid = 1\n", "utf-8")
    line = ["enrich", *arguments, "--config-dir", str(tmp_path / "config")]
    result = CliRunner().invoke(app, line, input='{"text": "x"}')
    assert isinstance(result.exception, ConfigError)
    assert "topics.toml" in str(result.exception)
    assert result.stdout == ""
