"""`newsline extract`: one page for people, many for scripts."""

import gzip

import orjson
import pytest
import typer
from typer.testing import CliRunner

from pipeline.cli.extract import register
from pipeline.cli.root import build
from pipeline.errors import UsageError

SENTENCE = "The first joint patrol along the border strip ended on Tuesday, said an officer there."
ARTICLE = (
    "<html lang='en'><head><title>First patrol ends</title>"
    "<meta property='article:published_time' content='2019-09-10T23:30:00-04:00'></head>"
    "<body><article><h1>First patrol ends</h1>"
    + "".join(f"<p>{SENTENCE} ({number})</p>" for number in range(5))
    + "</article></body></html>"
)
KEYS = {
    "id", "outcome", "reason", "title", "text", "authors", "published_at", "modified_at",
    "language", "canonical_url", "evidence",
}  # fmt: skip


@pytest.fixture
def newsline():
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)

    def run(*arguments, **options):
        result = CliRunner().invoke(app, ["extract", *map(str, arguments)], **options)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def article(tmp_path):
    path = tmp_path / "page.html"
    path.write_text(ARTICLE, "utf-8")
    return path


def test_one_page_as_json(newsline, article):
    result = newsline(article, "--url", "https://harbour-times.example/x", "--json")

    answer = orjson.loads(result.stdout)
    assert result.exit_code == 0
    assert answer.keys() >= KEYS
    assert (answer["outcome"], answer["title"]) == ("ok", "First patrol ends")
    assert answer["published_at"] == "2019-09-10T23:30:00-04:00"
    assert answer["evidence"]["title"]["signal"] == "h1"


def test_one_page_for_people(newsline, article):
    result = newsline(article)

    assert result.exit_code == 0
    assert "First patrol ends" in result.stdout
    assert SENTENCE in result.stdout


def test_a_page_from_standard_input(newsline):
    result = newsline("-", "--json", input=ARTICLE.encode())

    assert orjson.loads(result.stdout)["outcome"] == "ok"


def test_a_packed_page_from_standard_input(newsline):
    answer = orjson.loads(newsline("-", "--json", input=gzip.compress(ARTICLE.encode())).stdout)

    assert (answer["outcome"], answer["title"]) == ("ok", "First patrol ends")


def test_one_page_that_is_no_article_is_bad_news(newsline, tmp_path):
    path = tmp_path / "wall.html"
    path.write_text("<title>Just a moment...</title><p>Checking.</p>")

    result = newsline(path, "--json")

    assert result.exit_code == 1
    assert orjson.loads(result.stdout)["reason"] == "blocked_page"


def test_a_batch_answers_every_line_in_order(newsline, article, tmp_path):
    packed = tmp_path / "page.html.gz"
    packed.write_bytes(gzip.compress(ARTICLE.encode()))
    broken = tmp_path / "broken.html.gz"
    broken.write_bytes(gzip.compress(ARTICLE.encode())[:-20])
    bomb = tmp_path / "bomb.html.gz"
    bomb.write_bytes(gzip.compress(b" " * 30_000_000))
    lines = [
        orjson.dumps({"id": "plain", "path": str(article), "url": "https://a.example/x"}),
        orjson.dumps({"id": 2, "path": str(packed)}),
        orjson.dumps({"id": "html", "html": ARTICLE}),
        b"",
        orjson.dumps({"id": "short", "html": "<p>Nothing.</p>"}),
        orjson.dumps({"id": "missing", "path": str(tmp_path / "none.html")}),
        orjson.dumps({"id": "broken", "path": str(broken)}),
        orjson.dumps({"id": "bomb", "path": str(bomb)}),
        orjson.dumps({"id": "neither"}),
        b"{not json",
        b"[]",
        orjson.dumps({"id": "plain", "html": ARTICLE, "url": 7}),
    ]
    given, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    given.write_bytes(b"\n".join(lines))

    result = newsline("--batch", given, "--out", out)

    answers = [orjson.loads(line) for line in out.read_bytes().splitlines()]
    assert result.exit_code == 1
    assert "11 lines: 4 ok, 3 dead (bad_line)" in result.stderr
    assert [(answer["id"], answer["outcome"], answer["reason"]) for answer in answers] == [
        ("plain", "ok", None),
        (2, "ok", None),
        ("html", "ok", None),
        ("short", "dropped", "too_short"),
        ("missing", "dead", "file_unreadable"),
        ("broken", "dead", "file_unreadable"),
        ("bomb", "dead", "page_too_large"),
        ("neither", "dead", "bad_line"),
        (None, "dead", "bad_line"),
        (None, "dead", "bad_line"),
        ("plain", "ok", None),
    ]
    assert all(answer.keys() >= KEYS for answer in answers)


def test_a_batch_from_standard_input_to_standard_output(newsline):
    line = orjson.dumps({"id": "a", "html": ARTICLE}) + b"\n"

    result = newsline("--batch", "-", "--out", "-", input=line * 3)

    assert [orjson.loads(line)["id"] for line in result.stdout_bytes.splitlines()] == ["a"] * 3


def test_an_output_that_cannot_be_finished_leaves_nothing_behind(newsline, tmp_path, monkeypatch):
    given, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    given.write_bytes(orjson.dumps({"id": "a", "html": ARTICLE}))
    out.write_text("from before")
    monkeypatch.setattr("pipeline.cli.extract.as_answer", lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        newsline("--batch", given, "--out", out)

    assert out.read_text() == "from before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


def test_a_batch_is_not_written_over_its_own_lines(tmp_path):
    lines = tmp_path / "lines.jsonl"
    lines.write_text('{"id": 1, "html": "<p>Patrols begin.</p>"}\n', "utf-8")
    words = ["extract", "--batch", str(lines), "--out", str(lines)]
    with pytest.raises(UsageError, match="the same file"):
        CliRunner().invoke(build(words), words, catch_exceptions=False)
    assert "Patrols begin." in lines.read_text("utf-8")


def test_a_batch_with_dropped_pages_only_is_no_failure(newsline):
    result = newsline("--batch", "-", input=orjson.dumps({"id": "a", "html": "<p>Nothing.</p>"}))

    assert result.exit_code == 0
    assert "1 lines: 1 dropped (too_short)" in result.stderr


def test_addresses_are_no_files_and_files_no_addresses(newsline, article):
    with pytest.raises(UsageError, match="give a saved file"):
        newsline("https://example.org/story")
    with pytest.raises(UsageError, match=r"no http\(s\) address"):
        newsline(article, "--url", "foo")


@pytest.mark.parametrize(
    "arguments",
    [(), ("a.html", "--batch", "b.jsonl"), ("no-such.html",), ("--batch", "no-such.jsonl")],
)
def test_wrong_use_says_what_to_do(newsline, arguments):
    with pytest.raises(UsageError, match=r"give one FILE|cannot be read"):
        newsline(*arguments)
