"""Hostile and broken documents: refused with a reason or read with a flag, never a crash.

The numbers are those of the list of bad inputs that the project keeps for feeds. All inputs are
written or generated here.
"""

import gzip
import time

import pytest
from feed_documents import item, parse, rss
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import ItemError, Permanent
from pipeline.feeds.text import MAX_TITLE_CHARS

CPU_LIMIT_S = 10.0
GOOD = item(1, title="The good neighbour")


def refused(document):
    """Return the reason for which a document is refused, within the time limit."""
    started = time.process_time()
    with pytest.raises(Permanent) as caught:
        parse(document)
    assert time.process_time() - started < CPU_LIMIT_S
    return caught.value.reason


def good_survives(document, **arguments):
    """Return the parsed document after checking that the good neighbour is in it."""
    started = time.process_time()
    parsed = parse(document, **arguments)
    assert time.process_time() - started < CPU_LIMIT_S
    assert "The good neighbour" in [entry.title for entry in parsed.entries]
    return parsed


def with_prolog(prolog, title):
    return f'<?xml version="1.0"?>{prolog}' + rss(item(title=title)).partition("?>")[2]


LAUGHS = "".join(f"<!ENTITY l{n + 1} '{f'&l{n};' * 10}'>" for n in range(9))


@pytest.mark.parametrize(
    ("prolog", "title"),
    [
        (f'<!DOCTYPE rss [<!ENTITY l0 "ha">{LAUGHS}]>', "&l9;"),  # 1
        (f'<!DOCTYPE rss [<!ENTITY q "{"x" * 100_000}">]>', "&q;" * 10_000),  # 2
        ('<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "&x;"),  # 3
        ('<!DOCTYPE rss [<!ENTITY % p SYSTEM "http://127.0.0.1/dtd"> %p;]>', "&x;"),  # 4
        ('<!-- <rss> --><!DOCTYPE rss [<!entity x "y">]>', "&x;"),  # hidden behind a comment
    ],
)
def test_declared_entities_are_refused(prolog, title):
    assert refused(with_prolog(prolog, title)) == "entity_declared"


def test_an_entity_declared_behind_a_false_root_is_never_expanded():
    """Whatever stands before the root, no declaration reaches a parser."""
    hidden = '<!DOCTYPE rss SYSTEM "<rss " [<!ENTITY x "EXPANDED">]>'
    try:
        parsed = parse(with_prolog(hidden, "&x;"))
    except Permanent:
        return
    assert "EXPANDED" not in repr(parsed)


def test_utf_7_is_refused():  # 5
    declared = b'<?xml version="1.0" encoding="utf-7"?><rss version="2.0"></rss>'
    assert refused(declared) == "bad_encoding"


def test_50000_items_are_capped_and_counted():  # 6
    parsed = parse(rss(*(item(n) for n in range(50_000))))
    assert len(parsed.entries) == 1000
    assert parsed.dropped == {"too_many_entries": 49_000}
    assert "too_many_entries" in parsed.warnings


def test_100000_attributes():  # 7
    attributes = " ".join(f"a{n}='1'" for n in range(100_000))
    assert refused(rss(GOOD, f"<x {attributes}/>")) == "too_many_attributes"


def test_depth_200000():  # 8
    assert refused(rss("<d>" * 200_000)) == "too_deep"


def test_a_body_of_32_megabytes():  # 9
    assert refused(b"<rss>" + b" " * 32_000_000 + b"</rss>") == "too_large"


def test_a_plain_doctype_is_accepted():  # 10
    netscape = (
        '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"'
        ' "http://my.netscape.com/publish/formats/rss-0.91.dtd">'
    )
    document = rss(GOOD).replace('<rss version="2.0">', f'{netscape}<rss version="0.91">')
    assert good_survives(document).warnings == ()


def test_a_stylesheet_and_an_xinclude_do_nothing():  # 14
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'
    document = rss(item(2, title="before", more=include), GOOD)
    styled = document.replace("?>", '?><?xml-stylesheet href="file:///etc/passwd"?>', 1)
    assert "root:" not in repr(good_survives(styled))


def test_double_escaping_is_undone_once():  # 15
    parsed = parse(rss(item(title="Fish &amp;amp; chips &amp;lt;fresh&amp;gt;")))
    assert parsed.entries[0].title == "Fish & chips <fresh>"


@pytest.mark.parametrize(
    "title",
    [
        "a &#xD800; b",  # 16
        "a &#x110000; b",  # 17
        f"a &#{'9' * 5000}; b",  # 18
        "a \x00 b",  # 19
        "a \x1b[31m \x02 b",  # 20
        r"a \u0026 \&amp; b",  # 23
        "a <!h<!h b",  # 24
        "<!--" * 200_000,  # 26
        "<" * 1_000_000,  # 27
    ],
    ids=["surrogate", "beyond", "huge", "nul", "escape", "backslash", "decl", "comments", "less"],
)
def test_broken_text_harms_only_itself(title):
    parsed = good_survives(rss(GOOD, item(2, title=title)))
    for entry in parsed.entries:
        assert not set(entry.title) & {"\x00", "\x1b", "\ud800"}
        entry.title.encode()


def test_surrogate_bytes():  # 21
    document = rss(item(2, title="@@"), GOOD).encode().replace(b"@@", b"a \xed\xa0\x80 b")
    good_survives(document)


@pytest.mark.parametrize("label", ["punycode", "undefined", "unicode_escape", "zip", "x\x00y"])
def test_codec_labels_that_are_no_document_encoding(label):  # 22
    good_survives(rss(GOOD).replace("utf-8", label))


def test_geography_that_breaks_the_parser():  # 25
    gml = (
        '<georss:where xmlns:georss="http://www.georss.org/georss"'
        ' xmlns:gml="http://www.opengis.net/gml"><gml:Point srsName="x" srsDimension="NaN">'
        "<gml:pos>NaN 1e999 x</gml:pos></gml:Point></georss:where>"
    )
    good_survives(rss(GOOD, item(2, more=gml)))


def test_missing_and_duplicate_ids():  # 28, 29
    parsed = good_survives(rss(GOOD, *(item(n, guid="same") for n in range(2, 22))))
    assert len({entry.key for entry in parsed.entries}) == 21


def test_long_guid_title_and_category():  # 30, 31, 32
    long = item(
        2, guid="g" * 40_000, title="t" * 40_000, more=f"<category>{'c' * 33_000}</category>"
    )
    entry = good_survives(rss(GOOD, long)).entries[1]
    assert len(entry.key) < 600
    assert len(entry.title) == MAX_TITLE_CHARS
    assert "title_cut" in entry.flags
    assert len(entry.tags[0]) <= 200


def test_3000_categories_and_1500_unknown_elements():  # 33, 34
    many = "".join(f"<category>c{n}</category>" for n in range(3000))
    unknown = "".join(f"<u{n}>x</u{n}>" for n in range(1500))
    entry = good_survives(rss(GOOD, item(2, more=many + unknown))).entries[1]
    assert len(entry.tags) == 50


BAD_DATES = [
    "+99:99", "Tue, 32 Sep 2019 10:00:00 GMT", "Tue, 10 Sep 2019 25:61:00 GMT", "0000-00-00",
    "9999-99-99T99:99:99Z", "-0001-01-01T00:00:00Z", "now", "yesterday", "1", "99999999999999999",
    "Tue, 10 Sep 2019 10:00:00 +9999", "Tue, 10 Foo 2019 10:00:00 GMT", "\u0660", "NaN", "31 Sep",
    "Tue, 10 Sep 1969 10:00:00 GMT",
]  # fmt: skip


@pytest.mark.parametrize("date", BAD_DATES)
def test_bad_dates_are_no_dates(date):  # 35
    entry = good_survives(rss(GOOD, item(2, date=date))).entries[1]
    assert entry.published_at is None
    assert "no_date" in entry.flags


def test_the_year_2099_is_out_of_range():  # 36
    entry = parse(rss(item(date="Thu, 10 Sep 2099 10:00:00 GMT"))).entries[0]
    assert entry.published_at is None
    assert "date_out_of_range" in entry.flags


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "http://u:p@feeds.example/",
     "http://feeds.example/a\r\nX: y", "http://[", "http://[::1", "http://x/" + "a" * 9000,
     "http://exa mple/", "http://feeds.example:99999/"],
)  # fmt: skip
def test_links_that_are_no_web_address(link):  # 37
    entry = good_survives(rss(GOOD, item(2, link=link.replace("&", "&amp;")))).entries[1]
    assert entry.link is None
    assert "bad_link" in entry.flags


def test_a_protocol_relative_link_is_absolute():  # 37
    assert parse(rss(item(link="//other.example/x"))).entries[0].link == "http://other.example/x"


@pytest.mark.parametrize("base", ["javascript:alert(1)//", "file:///etc/", "data:,x"])
def test_a_hostile_base_is_ignored(base):  # 38
    document = rss(GOOD, item(2, link="/rel")).replace("<rss ", f'<rss xml:base="{base}" ')
    assert good_survives(document).entries[1].link == "http://feeds.example/rel"


def test_internal_addresses_are_only_text_here():  # 39, 48: the fetcher's guard refuses them
    hub = '<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="hub" href="http://10.0.0.1/"/>'
    assert good_survives(rss(GOOD, channel=hub)).hub == "http://10.0.0.1/"


XSS = "&lt;script&gt;steal()&lt;/script&gt;&lt;img src=x onerror=steal()&gt;Plain words"


def test_markup_survives_in_no_field():  # 40
    fields = (
        f"<description>{XSS}</description><category>{XSS}</category><author>{XSS}</author>"
        f'<content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/">{XSS}'
        "</content:encoded>"
    )
    entry = good_survives(rss(GOOD, item(2, title=XSS, more=fields), channel=XSS)).entries[1]
    for text in (entry.title, entry.summary, entry.content, *entry.tags, *entry.authors):
        assert "steal" not in text
        assert "Plain words" in text


def test_formulas_control_codes_and_templates_stay_text():  # 41, 42
    title = "=cmd|' /C calc'!A0 %s ${jndi:ldap://x} \x1b[2J\r\nSecond line"
    entry = good_survives(rss(GOOD, item(2, title=title.replace("&", "&amp;")))).entries[1]
    assert entry.title == "=cmd|' /C calc'!A0 %s ${jndi:ldap://x} [2J Second line"


def test_direction_overrides_leave_titles_and_joiners_stay():  # 43
    entry = parse(rss(item(title="\u202eevil\u202c \u2066x\u2069 می\u200cخواهم\u200b"))).entries[0]
    assert entry.title == "evil x می\u200cخواهم"


@pytest.mark.parametrize(
    ("ttl", "expected"),
    [("0", None), ("1e20", None), ("-5", None), ("9" * 20, 365 * 86_400.0), ("10", 600.0)],
)
def test_ttl(ttl, expected):  # 44
    assert parse(rss(GOOD, channel=f"<ttl>{ttl}</ttl>")).ttl_s == expected


def test_an_enclosure_of_10_to_the_24_bytes():  # 45
    more = f'<enclosure url="/a.mp3" type="audio/mpeg" length="1{"0" * 24}"/>'
    media = good_survives(rss(GOOD, item(2, more=more))).entries[1].media[0]
    assert (media.url, media.length_bytes) == ("http://feeds.example/a.mp3", None)


def test_tracking_variants_of_a_link_are_one_entry():  # 47
    links = [f"http://feeds.example/a?utm_source={n}" for n in ("x", "y")]
    parsed = parse(rss(*(item(link=link, title="Same") for link in links)))
    assert len(parsed.entries) == 1
    assert parsed.dropped == {"repeated": 1}


def test_two_documents_in_one():  # 49
    second = rss(item(9, title="From the second")).partition("?>")[2]
    titles = [entry.title for entry in good_survives(rss(GOOD) + second).entries]
    assert titles == ["The good neighbour", "From the second"]


def test_a_document_that_was_cut_off():  # 50
    document = rss(GOOD, item(2, title="The second", date="Tue, 10 Sep 2019 10:00:00 GMT"))
    parsed = good_survives(document[: document.index("10 Sep")])
    assert "truncated" in parsed.warnings
    assert [entry.flags for entry in parsed.entries] == [("no_date",), ("truncated", "no_date")]


def test_half_an_item_without_its_link_waits_for_the_whole_copy():  # 50
    document = rss(GOOD, item(2, title="The second"))
    parsed = good_survives(document[: document.index("news/2")])
    assert len(parsed.entries) == 1
    assert parsed.dropped == {"truncated": 1}


def test_html_empty_and_compressed_bodies():  # 51, 52, 53
    assert refused("<!DOCTYPE html><html><title>Just a moment...</title></html>") == "not_a_feed"
    assert refused("<html><body><rss></rss></body></html>") == "not_a_feed"
    assert refused("") == refused(" \n\t") == refused("\ufeff \n") == "empty_body"
    assert refused(gzip.compress(rss(GOOD).encode())) == "compressed_body"
    assert refused("plain words") == "not_a_feed"
    assert refused("<note><to>you</to></note>") == "not_a_feed"
    assert refused('{"items": "no list"}') == "not_a_feed"
    assert refused('{"version": "https://jsonfeed.org/version/1.1"') == "parse_error"
    assert refused("[" * 200_000) == "too_deep"


def test_a_neighbour_that_breaks_feedparser_is_dropped_alone(monkeypatch):
    """Fuzzing finds new ways to make feedparser raise; whichever it is, one item is lost."""
    import feedparser  # noqa: PLC0415 - only to make its parser fail

    real = feedparser.parse

    def fragile(source, **arguments):
        text = source.getvalue()
        if b"poison" in text:
            raise KeyError("poison")
        return real(source, **arguments)

    monkeypatch.setattr("pipeline.feeds.syndication.feedparser.parse", fragile)
    parsed = good_survives(rss(GOOD, item(2, title="poison"), item(3)))
    assert len(parsed.entries) == 2
    assert parsed.dropped == {"parse_error": 1}


@pytest.mark.parametrize(
    "bomb",
    ["<!h" * 300_000, "<a<" * 300_000, "<![CDATA[" * 100_000, "&" * 1_000_000, "</a>" * 300_000,
     "<?" * 300_000, "<a '" * 200_000, "<b>" * 200, "]]>" * 100_000],
    ids=["decl", "open", "cdata", "amp", "close", "pi", "quote", "bold", "cdend"],
)  # fmt: skip
def test_other_bombs_keep_to_the_time_limit(bomb):
    good_survives(rss(GOOD, item(2, title="x", more=f"<description>{bomb}</description>")))


@pytest.mark.parametrize("head", ["<!--", "<?", "<!DOCTYPE ", "<", "\n", "<!ENTITY"])
def test_bombs_before_the_root_keep_to_the_time_limit(head):
    started = time.process_time()
    with pytest.raises(Permanent):
        parse(head * 500_000)
    assert time.process_time() - started < CPU_LIMIT_S


def test_3_megabytes_of_3000_items_take_less_than_5_seconds():
    body = "&lt;p&gt;Some &lt;b&gt;bold&lt;/b&gt; words &amp;amp; more.&lt;/p&gt;" * 14
    date = "Tue, 10 Sep 2019 10:00:00 GMT"
    document = rss(
        *(item(n, date=date, more=f"<description>{body}</description>") for n in range(3000))
    )
    assert len(document) > 3_000_000
    started = time.process_time()
    parsed = parse(document, max_entries=3000)
    assert time.process_time() - started < 5
    assert len(parsed.entries) == 3000


FRAGMENTS = st.sampled_from(
    ["<item>", "</item>", "<title>", "</title>", "<link>", "</link>", "<guid>", "</guid>", "<a b='",
     "'", '"', "&", "&amp;", "&#x41;", "&nbsp;", "<![CDATA[", "]]>", "<!--", "-->", "<?x", "?>",
     "<br>", "<entry xmlns='x:y'>", "</channel>", "</rss>", "<pubDate>", "2019-09-10", "http://a/b",
     "word", "\x00", "é", "<dc:date>", "<media:content url='x'/>", "<rss>", "<!DOCTYPE", ">", "<"]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(FRAGMENTS, max_size=30))
def test_no_mixture_of_markup_raises_anything_but_an_item_error(fragments):
    document = '<rss version="2.0"><channel>' + "".join(fragments) + "</channel></rss>"
    try:
        parsed = parse(document)
    except ItemError:
        return
    assert len({entry.key for entry in parsed.entries}) == len(parsed.entries)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_an_item_error(noise):
    for body in (noise, b"<rss>" + noise + b"</rss>", b'{"items":[' + noise + b"]}"):
        try:
            parse(body)
        except ItemError as error:
            assert error.reason.replace("_", "").isalnum()  # noqa: PT017 - either end is right
