"""Real feeds of public projects, each with the result that its own project or its text demands."""

import json
from datetime import UTC, datetime

import pytest

from pipeline.cli.parse_feed import decoded
from pipeline.errors import Permanent
from pipeline.feeds.discover import declared
from pipeline.feeds.opml import read_opml, write_opml
from pipeline.feeds.parse import MAX_BYTES, parse_feed

pytestmark = pytest.mark.corpora
NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def read(corpora):
    """Parse one file of the corpus as if it had been served."""

    def parse(path, headers=(), url="http://example.com/feed"):
        body = decoded((corpora / "feeds" / path).read_bytes(), headers, max_bytes=MAX_BYTES)
        return parse_feed(body, url=url, headers=headers, fetched_at=NOW)

    return parse


MINIFLUX = "miniflux/parser/testdata"


@pytest.mark.parametrize(
    ("path", "kind", "entries"),
    [
        ("mediacloud/real-korean-times.rss", "rss", 195),
        (f"{MINIFLUX}/urdu_UTF8.xml", "rss", 26),
        (f"{MINIFLUX}/encoding_WINDOWS-1251.xml", "rss", 50),
        (f"{MINIFLUX}/encoding_ISO-8859-1.xml", "rss", 40),
        (f"{MINIFLUX}/no_encoding_ISO-8859-1.xml", "rss", 10),
        (f"{MINIFLUX}/rdf_UTF8.xml", "rdf", 60),
        (f"{MINIFLUX}/small_atom.xml", "atom", 20),
        ("miniflux/encoding/testdata/koi8r.xml", "rss", 2),
        ("miniflux/encoding/testdata/windows-1252-incorrect-prolog.xml", "rss", 0),
        ("feedbin/atom.xml", "atom", 5),
        ("feedbin/atom_update.xml", "atom", 1),
        ("node-feedparser/guid-dupes.xml", "rss", 1),
        ("reader/data/full.atom", "atom", 5),
        ("reader/data/full.rss", "rss", 5),
        ("reader/data/empty.rss", "rss", 1),
        ("reader/data/full.json", "json", 2),
        ("feedkit/feed1_1.json", "json", 2),
    ],
)
def test_kind_and_number_of_entries(read, path, kind, entries):
    parsed = read(path)
    assert (parsed.kind, len(parsed.entries)) == (kind, entries)
    assert len({entry.key for entry in parsed.entries}) == entries


def test_korea_times_dates_and_links(read):
    entries = read("mediacloud/real-korean-times.rss").entries
    assert entries[0].published_at.at == datetime(2022, 7, 27, 19, 35, 5, tzinfo=UTC)
    assert all(entry.published_at for entry in entries)
    assert all(entry.link.endswith("?fl") for entry in entries)


def test_urdu_titles_are_intact_and_ids_are_links(read):
    entries = read(f"{MINIFLUX}/urdu_UTF8.xml").entries
    assert all(any("\u0600" <= char <= "\u06ff" for char in entry.title) for entry in entries)
    assert all(entry.guid == entry.link for entry in entries)


def test_cyrillic_titles(read):
    for path in (f"{MINIFLUX}/encoding_WINDOWS-1251.xml", "miniflux/encoding/testdata/koi8r.xml"):
        for entry in read(path).entries:
            assert any("\u0400" <= char <= "\u04ff" for char in entry.title)


def test_undeclared_latin_1_is_a_warning_and_reads_right(read):
    parsed = read(f"{MINIFLUX}/no_encoding_ISO-8859-1.xml")
    text = " ".join(entry.title + entry.summary for entry in parsed.entries)
    assert "encoding_guessed" in parsed.warnings
    assert "\ufffd" not in text
    assert "é" in text


def test_rdf_without_guids_and_dates_is_known_by_its_links(read):
    for entry in read(f"{MINIFLUX}/rdf_UTF8.xml").entries:
        assert entry.guid is None
        assert entry.published_at is None
        assert "wt_mc=" in entry.link
        assert entry.key.startswith("link:")
        assert "wt_mc" not in entry.key


def test_feedbin_ids_are_paths_and_a_leading_blank_line_costs_nothing(read):
    assert all(entry.guid.startswith("/") for entry in read("feedbin/atom.xml").entries)
    updated = read("feedbin/atom_update.xml")
    assert updated.warnings == ("leading_junk",)
    assert updated.entries[0].guid == "/2024/04/25/custom-newsletter-addresses"


def test_feedburner_feed_with_a_guid_twice(read):
    parsed = read("node-feedparser/guid-dupes.xml")
    assert [entry.guid for entry in parsed.entries] == ["http://www.braingle.com/50366.html"]
    assert parsed.ttl_s == 300 * 60
    assert parsed.hub == "http://pubsubhubbub.appspot.com/"


def test_items_without_a_link_are_kept(read):
    assert any("no_link" in entry.flags for entry in read("reader/data/full.rss").entries)
    only = read("reader/data/empty.rss").entries[0]
    assert (only.guid, only.link, only.title) == ("7bd204c6-1655-4c27-aeee-53f933c5395f", None, "")


@pytest.mark.parametrize(
    ("path", "link"),
    [
        ("reader/data/relative.rss", "http://example.com/blog/post/1"),
        ("reader/data/relative.atom", "http://example.com/entries/entry.html"),
    ],
)
def test_relative_links_and_scripts(read, path, link):
    entry = read(path).entries[0]
    assert entry.link == link
    assert entry.content == "content"


def test_invalid_json_feed(read):
    entries = read("reader/data/invalid.json").entries
    assert entries[1].guid == "3.1415"
    assert entries[0].link is None


def test_encoding_by_http_header_and_by_mark(read):
    text_xml = [("Content-type", "text/xml")]
    parsed = read("feedparser/encoding/http_text_xml_default.xml", text_xml)
    assert (parsed.encoding, parsed.warnings) == ("us-ascii", ())
    charset = [("Content-type", 'application/rss+xml;charset= "us-ascii"')]
    name = "feedparser/encoding/http_application_rss_xml_charset_overrides_encoding.xml"
    parsed = read(name, charset)
    assert (parsed.encoding, parsed.warnings) == ("us-ascii", ())
    assert read("feedparser/encoding/utf-16le-bom.xml").encoding == "utf-16-le"


def test_damaged_files(read):
    guessed = read("feedparser/illformed/chardet/gb2312.xml")
    assert guessed.entries[0].title == "不归移民漫画系列：专业工作"
    undeclared = read("feedparser/illformed/undeclared_namespace.xml")
    assert (undeclared.kind, "malformed_xml" in undeclared.warnings) == ("rss", True)
    assert (
        "encoding_mismatch"
        in read("miniflux/encoding/testdata/windows-1252-incorrect-prolog.xml").warnings
    )


def test_gzip_is_read_when_labelled_and_refused_when_not(read):
    assert read("feedparser/compression/gzip.gz", [("Content-Encoding", "gzip")]).kind == "atom"
    with pytest.raises(Permanent, match="compressed_body"):
        read("feedparser/compression/gzip.gz")


@pytest.mark.parametrize(
    "name",
    ["atom/atom_xml_base", "rss1/rss_1.0_iso8859", "rss2/rss_2.0_nbcny", "rss2/rss_2.0_spiegel"],
)
def test_feed_rs_expectations(read, corpora, name):
    expected = json.loads((corpora / "feeds/feed-rs" / f"{name}.serde.json").read_text("utf-8"))
    parsed = read(f"feed-rs/{name}.xml")
    assert parsed.title == expected["title"]["content"]
    assert len(parsed.entries) == len(expected["entries"])
    for entry, wanted in zip(parsed.entries, expected["entries"], strict=True):
        # Where an item has no id of its own (RSS 1.0) theirs is a hash that they made.
        assert entry.guid == wanted["id"] or len(wanted["id"]) == 32
        assert entry.title == wanted["title"]["content"]
        published = datetime.fromisoformat(wanted["published"]) if wanted["published"] else None
        assert (entry.published_at and entry.published_at.at) == published
        links = [link["href"] for link in wanted["links"]]
        # Their parser names no link where the id is one; ours takes a permanent id as the link.
        assert entry.link in (links or [entry.guid])


def test_autodiscovery_finds_exactly_one_feed(corpora):
    page = (corpora / "feeds/rsparser/inessential.html").read_bytes()
    found = declared(page, "http://inessential.com/")
    assert [candidate.url for candidate in found] == ["http://inessential.com/xml/rss.xml"]


def test_html_is_not_a_feed(read):
    with pytest.raises(Permanent, match="not_a_feed"):
        read("node-feedparser/notafeed.html")


def test_opml(corpora):
    def opml(path):
        return read_opml((corpora / "feeds" / path).read_bytes())

    assert len(opml("feedvalidator/testcases/opml/clean/subscriptionList.opml").feeds) == 13
    nested = opml("listparser/opml/categories/hier-2-nested.xml").feeds
    assert [feed.categories for feed in nested] == [(("grouping1", "grouping2"),)]
    assert opml("listparser/malformed/undefined-entity-text.xml").feeds == ()


def test_121_feeds_import_without_a_fault_and_survive_the_round_trip(corpora):
    imported = read_opml((corpora / "news-feeds.opml").read_bytes())
    assert (len(imported.feeds), imported.faults, imported.merged) == (121, (), 0)
    assert read_opml(write_opml(imported.feeds).encode()).feeds == imported.feeds
