"""The catalogue in TOML and OPML: strict in, lossless out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError, Permanent
from pipeline.feeds.catalogue import load_catalogue, read_catalogue, write_catalogue
from pipeline.feeds.opml import MAX_DEPTH, read_opml, slug, write_opml
from pipeline.model import Feed, FeedKind

GOOD = '[[feed]]\nid = "a"\nurl = "http://a.example/rss"\npublisher = "a"\n'


def faults(text):
    with pytest.raises(ConfigError) as caught:
        read_catalogue(text, "feeds.toml")
    return {(fault.key, fault.problem) for fault in caught.value.faults}


def test_the_shipped_catalogue_is_sound(root):
    feeds = load_catalogue(root / "config" / "feeds.toml")
    assert len(feeds) > 50
    assert all(feed.language and feed.country and feed.timezone for feed in feeds)
    assert {"en", "tr", "ar"} <= {feed.language for feed in feeds}


def test_every_fault_is_reported_at_once():
    text = GOOD + (
        '[[feed]]\nid = "b"\nurl = "ftp://x"\npublisher = "B!"\ntimezone = "Mars"\ncolour = "red"\n'
        '[[feed]]\nurl = "http://c.example/"\npublisher = "c"\nlanguage = "english"\nkind = "x"\n'
        '[[feed]]\nid = "a"\nurl = "https://www.a.example/rss/"\npublisher = "a"\n[other]\n'
    )
    found = faults(text)
    keys = {key for key, _ in found}
    assert keys == {
        "feed.b.url", "feed.b.publisher", "feed.b.timezone", "feed.b.colour", "feed.#3.id",
        "feed.#3.language", "feed.#3.kind", "feed.a.id", "other",
    }  # fmt: skip


def test_an_address_listed_twice_is_a_fault():
    again = GOOD.replace('id = "a"', 'id = "b"').replace("http://", "https://www.")
    assert faults(GOOD + again) == {("feed.b.url", "is the address of 'a' too")}


def test_duplicates_are_reported_with_the_other_faults():
    again = GOOD + 'language = "english"\ncolour = "red"\n'
    assert {key for key, _ in faults(GOOD + again)} == {
        "feed.a.id", "feed.a.language", "feed.a.colour",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('country = "UK"', "did you mean 'GB'?"),
        ('country = "tr"', "did you mean 'TR'?"),
        ('country = "ZZ"', "two capitals"),
        ('language = "en-GB"', "did you mean 'en'?"),
        ('language = "xx"', "two small letters"),
        ('kind = "rss"', 'must be "feed" or "sitemap"'),
        ("title = 7", "must be text in quotation marks"),
    ],
)
def test_faults_are_said_in_plain_words(line, problem):
    ((_, said),) = faults(GOOD + line + "\n")
    assert problem in said


def test_a_name_that_is_no_slug_is_said_in_plain_words():
    ((key, said),) = faults(GOOD.replace('publisher = "a"', 'publisher = "BBC World"'))
    assert key == "feed.a.publisher"
    assert said.startswith("must be lower-case letters, digits and hyphens")


@pytest.mark.parametrize("text", ["", "feed = 1", "[[feed]", "feed = ['x']"])
def test_what_is_no_catalogue_is_a_fault(text):
    assert faults(text)


def test_a_missing_file_is_a_fault(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load_catalogue(tmp_path / "none.toml")


texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20)
names = texts.map(str.strip).filter(bool)
plain_names = names.filter(lambda name: not set(name) & set("/,"))
slugs = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)
feeds = st.builds(
    Feed,
    feed_id=slugs.map(slug).filter(bool),
    url=slugs.map(lambda name: f"https://example.org/{name}?a=1&b=2"),
    publisher=slugs,
    title=names,
    language=st.sampled_from([None, "en", "tr"]),
    country=st.sampled_from([None, "TR"]),
    timezone=st.sampled_from([None, "Europe/Istanbul"]),
    section=st.none() | names,
    kind=st.sampled_from(FeedKind),
    site_url=st.sampled_from([None, "https://example.org/"]),
    notes=texts.map(str.strip),
    categories=st.lists(
        st.lists(plain_names, min_size=1, max_size=3).map(tuple), max_size=2, unique=True
    ).map(tuple),
    extra=st.dictionaries(st.sampled_from(["version", "custom"]), names, max_size=2),
)
catalogues = st.lists(
    feeds, min_size=1, max_size=5, unique_by=(lambda f: f.feed_id, lambda f: f.url)
).map(tuple)


@given(catalogues)
def test_toml_round_trip(catalogue):
    assert read_catalogue(write_catalogue(catalogue), "x") == catalogue


@given(catalogues)
def test_opml_round_trip(catalogue):
    """Folders come together on the way, so only the order may change."""
    found = read_opml(write_opml(catalogue).encode())
    assert found.faults == ()
    assert sorted(found.feeds, key=str) == sorted(catalogue, key=str)


def opml(body, declaration='<?xml version="1.0" encoding="UTF-8"?>'):
    return f'{declaration}<opml version="2.0"><head/><body>{body}</body></opml>'.encode()


def test_folders_and_category_attribute_are_category_paths():
    body = (
        '<outline text="A"><outline text="B"><outline text="F" xmlUrl="http://x.example/f"'
        ' category="/C/D,E"/></outline></outline>'
    )
    assert read_opml(opml(body)).feeds[0].categories == (("A", "B"), ("C", "D"), ("E",))


def test_one_address_twice_is_merged():
    body = (
        '<outline text="A"><outline text="F" xmlUrl="http://x.example/f"/></outline>'
        '<outline text="B"><outline text="G" xmlUrl="https://www.x.example/f"/></outline>'
    )
    found = read_opml(opml(body))
    assert (len(found.feeds), found.merged) == (1, 1)
    assert found.feeds[0].categories == (("A",), ("B",))


def test_odd_spellings_are_read():
    body = '<OUTLINE TEXT="F &amp; co" TYPE="atom" XMLURL="http://x.example/f" Custom="1"/>'
    found = read_opml(opml(body, '<?xml version="1.0" encoding="utf8"?>')).feeds[0]
    assert (found.title, found.extra) == ("F & co", {"TYPE": "atom", "Custom": "1"})


def test_undefined_entities_and_bare_ampersands_are_read():
    body = '<outline text="a &nope; b & c" xmlUrl="http://x.example/f?a=1&b=2"/>'
    found = read_opml(opml(body)).feeds[0]
    assert (found.title, found.url) == ("a &nope; b & c", "http://x.example/f?a=1&b=2")


def test_folders_that_are_too_deep_are_named_not_followed():
    deep = '<outline text="f">' * (MAX_DEPTH + 1)
    inner = '<outline text="F" xmlUrl="http://x.example/f"/>' + "</outline>" * (MAX_DEPTH + 1)
    found = read_opml(opml(deep + inner))
    assert (found.feeds, len(found.faults)) == ((), 1)


def test_outlines_without_a_usable_address_are_named():
    found = read_opml(opml('<outline text="F" xmlUrl="file:///x"/>'))
    assert found.feeds == ()
    assert "F" in found.faults[0]


def test_feeds_of_the_same_title_get_ids_of_their_own():
    body = "".join(f'<outline text="Şehir" xmlUrl="http://x.example/{n}"/>' for n in range(3))
    assert [f.feed_id for f in read_opml(opml(body)).feeds] == ["sehir", "sehir-2", "sehir-3"]


@pytest.mark.parametrize("body", [b"", b"<rss/>", b"plain"])
def test_what_is_no_opml_is_said(body):
    with pytest.raises(Permanent, match="not_opml"):
        read_opml(body)


def test_entities_are_refused_here_too():
    declared = '<!DOCTYPE opml [<!ENTITY x "y">]>'
    with pytest.raises(Permanent, match="entity_declared"):
        read_opml(opml("", declared))
