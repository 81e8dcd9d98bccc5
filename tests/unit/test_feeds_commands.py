"""The commands about feeds that need no network."""

import gzip
import json

import pytest
import typer
from feed_documents import item, rss
from typer.testing import CliRunner

from pipeline.cli import feeds as feeds_commands
from pipeline.cli import parse_feed as parse_command
from pipeline.errors import ConfigError, UsageError


@pytest.fixture
def run():
    """Run a command line and return the result; our own errors come through."""
    app = typer.Typer()
    parse_command.register(app)
    feeds_commands.register(app)

    def invoke(*arguments, given=None):
        result = CliRunner().invoke(app, [str(a) for a in arguments], input=given)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


@pytest.fixture
def saved(tmp_path):
    """Write a file and return its path."""

    def write(name, body):
        path = tmp_path / name
        path.write_bytes(body if isinstance(body, bytes) else body.encode())
        return path

    return write


def lines(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_parse_feed_prints_a_line_per_file_and_fails_for_one_that_is_none(run, saved):
    good = saved("good.xml", rss(item(1, date="Tue, 10 Sep 2019 14:05:00 EEST")))
    bad = saved("bad.xml", "<html></html>")
    result = run("parse-feed", good, bad, "--json")
    one, two = lines(result)
    assert (one["file"], one["kind"], one["title"]) == (str(good), "rss", "Example News")
    assert one["entries"][0]["published_at"] == "2019-09-10T11:05:00Z"
    assert one["entries"][0]["title"] == "Headline number 1"
    assert two == {
        "file": str(bad),
        "error": {"reason": "not_a_feed", "detail": two["error"]["detail"]},
    }
    assert result.exit_code == 1


def test_parse_feed_reads_standard_input_and_resolves_links(run):
    result = run(
        "parse-feed", "-", "--json", "--url", "http://a.example/x/", given=rss(item(link="1"))
    )
    assert lines(result)[0]["entries"][0]["link"] == "http://a.example/x/1"
    assert result.exit_code == 0


@pytest.mark.parametrize(
    "headers",
    ["HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Type: text/xml; charset=utf-8\n",
     '{"content-encoding": "gzip", "content-type": "text/xml"}'],
)  # fmt: skip
def test_parse_feed_takes_headers(run, saved, headers):
    body = saved("feed.gz", gzip.compress(rss(item()).encode()))
    result = run("parse-feed", body, "--headers", saved("headers", headers), "--json")
    assert lines(result)[0]["kind"] == "rss"


def test_parse_feed_prints_a_table_for_people(run, saved):
    result = run("parse-feed", saved("f.xml", rss(item(1))))
    assert "Headline" in result.stdout
    assert result.exit_code == 0


def test_a_file_that_cannot_be_read_does_not_take_the_others_with_it(run, saved, tmp_path):
    missing = tmp_path / "none.xml"
    result = run("parse-feed", missing, saved("good.xml", rss(item(1))), "--json")
    one, two = lines(result)
    assert (one["file"], one["error"]["reason"]) == (str(missing), "file_unreadable")
    assert len(two["entries"]) == 1
    assert result.exit_code == 1


def test_wrong_files_are_wrong_use(run, saved):
    with pytest.raises(UsageError, match="line 1"):
        run("parse-feed", saved("f.xml", rss()), "--headers", saved("h", "no header\n"))
    with pytest.raises(UsageError, match="not_opml"):
        run("feeds", "import", saved("x.opml", "<rss/>"))
    with pytest.raises(ConfigError):
        run("feeds", "list", "--feeds", saved("x.toml", "x = 1"))
    with pytest.raises(UsageError, match="no web address"):
        run("feeds", "discover", "ftp://x")


def test_list_import_and_export_go_round(run, saved, root):
    shipped = root / "config" / "feeds.toml"
    listed = lines(run("feeds", "list", "--feeds", shipped, "--json"))
    exported = saved("x.opml", run("feeds", "export", "--feeds", shipped).stdout)
    imported = saved("x.toml", run("feeds", "import", exported).stdout)
    assert lines(run("feeds", "list", "--feeds", imported, "--json")) == listed
    assert str(len(listed)) in run("feeds", "list", "--feeds", imported).stdout


def test_list_keeps_addresses_whole(run, root):
    shipped = root / "config" / "feeds.toml"
    addresses = {one["url"] for one in lines(run("feeds", "list", "--feeds", shipped, "--json"))}
    shown = {line.strip() for line in run("feeds", "list", "--feeds", shipped).stdout.splitlines()}
    assert addresses <= shown


@pytest.mark.parametrize(
    ("host", "publisher"),
    [("www.example.co.uk", "example"), ("10.20.0.7:8080", "10-20-0-7"), ("[fd00::7]", "fd00-7")],
)
def test_import_names_a_publisher_by_its_domain_or_its_whole_address(run, saved, host, publisher):
    outline = f'<opml><body><outline xmlUrl="http://{host}/rss"/></body></opml>'
    taken = saved("x.toml", run("feeds", "import", saved("x.opml", outline)).stdout)
    (listed,) = lines(run("feeds", "list", "--feeds", taken, "--json"))
    assert listed["publisher"] == publisher


def test_import_says_how_many_it_took(run, saved):
    outlines = ('<outline text="F" xmlUrl="http://x.example/f"/>'
                '<outline text="G" xmlUrl="https://www.x.example/f"/>')  # fmt: skip
    result = run("feeds", "import", saved("x.opml", f"<opml><body>{outlines}</body></opml>"))
    assert "1 feed taken; 1 more repeated an address and were merged" in result.stderr
    assert result.exit_code == 0


def test_import_names_what_it_could_not_take(run, saved):
    body = '<opml><body><outline text="F" xmlUrl="javascript:x"/></body></opml>'
    result = run("feeds", "import", saved("x.opml", body))
    assert result.exit_code == 1
    assert "not taken" in result.stderr
