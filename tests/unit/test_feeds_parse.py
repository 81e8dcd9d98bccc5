"""What documents of every format give."""

import json

import pytest
from feed_documents import item, parse, rss

from pipeline.errors import Permanent

ATOM = '<feed xmlns="http://www.w3.org/2005/Atom">{}</feed>'


def atom(inner):
    return ATOM.format(f"<entry><id>1</id>{inner}</entry>")


def first(document, **arguments):
    return parse(document, **arguments).entries[0]


@pytest.mark.parametrize(
    ("damage", "title", "warning"),
    [
        (lambda x: x.replace("@@", "AT&T & co"), "AT&T & co", "malformed_xml"),
        (lambda x: x.replace("@@", "a&nbsp;b &eacute;"), "a b é", "malformed_xml"),
        (lambda x: x.replace("@@", "a\x0bb"), "ab", "control_characters"),
        (lambda x: "\n\n" + x.replace("@@", "A"), "A", "leading_junk"),
        (lambda x: "<br />\n<b>Warning</b>: x on line 3\n" + x.replace("@@", "A"), "A",
         "leading_junk"),
        (lambda x: x.replace("@@</title>", "A"), "A", "malformed_xml"),
        (lambda x: x.replace("</channel>", "").replace("@@", "A"), "A", "malformed_xml"),
        (lambda x: x.replace("@@", "A").replace("<rss ", "<rss x='1' x='2' "), "A",
         "malformed_xml"),
        (lambda x: x.replace("@@", "A<media:x/>"), "A", "undeclared_namespace"),
    ],
)  # fmt: skip
def test_damage_is_mended_and_said(damage, title, warning):
    parsed = parse(damage(rss(item(1, title="@@"), item(2))))
    assert [entry.title for entry in parsed.entries] == [title, "Headline number 2"]
    assert parsed.entries[1].link == "http://feeds.example/news/2"
    assert warning in parsed.warnings


def test_a_sound_document_has_no_warnings():
    assert parse(rss(item(1, title="AT&amp;T"))).warnings == ()


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("/rel", "http://feeds.example/rel"),
        ("rel", "http://feeds.example/news/rel"),
        ("//other.example/x", "http://other.example/x"),
        ("http://other.example/x?utm_source=a#part", "http://other.example/x?utm_source=a#part"),
    ],
)
def test_links_are_absolute_by_the_final_address_and_as_given(link, expected):
    assert first(rss(item(link=link))).link == expected


def test_xml_base_is_honoured():
    based = rss(item(link="rel")).replace("<rss ", '<rss xml:base="http://b.example/x/" ')
    assert first(based).link == "http://b.example/x/rel"
    relative = rss(item(link="rel")).replace("<rss ", '<rss xml:base="/x/" ')
    assert first(relative).link == "http://feeds.example/x/rel"


def test_feedburners_original_link_is_preferred():
    more = (
        '<f:origLink xmlns:f="http://rssnamespace.org/feedburner/ext/1.0">http://o.example/1'
        "</f:origLink>"
    )
    assert first(rss(item(link="http://feedproxy.example/~r/1", more=more))).link == (
        "http://o.example/1"
    )


def test_atom_says_what_is_text_and_what_is_html():
    assert first(atom('<title type="text">1 &lt;b&gt; 2</title>')).title == "1 <b> 2"
    assert first(atom('<title type="html">1 &lt;b&gt;2&lt;/b&gt;</title>')).title == "1 2"
    xhtml = '<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">1 <i>2</i></div></title>'
    assert first(atom(xhtml)).title == "1 2"


def test_atom_links():
    links = (
        '<link rel="edit" href="http://x.example/edit"/><link href="/post"/>'
        '<link rel="enclosure" href="/a.mp3" type="audio/mpeg" length="5"/>'
    )
    entry = first(atom(links))
    assert entry.link == "http://feeds.example/post"
    assert (entry.media[0].url, entry.media[0].length_bytes) == ("http://feeds.example/a.mp3", 5)


def test_full_text_summary_authors_tags_and_media():
    more = (
        "<description>&lt;p&gt;Short.&lt;/p&gt;</description>"
        '<content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/">'
        "<![CDATA[<h2>Part</h2><p>One<br>two</p><script>x()</script>]]></content:encoded>"
        '<dc:creator xmlns:dc="http://purl.org/dc/elements/1.1/">Ann Other</dc:creator>'
        "<author>b@feeds.example (Ben Writer)</author><category>World</category>"
        '<media:content xmlns:media="http://search.yahoo.com/mrss/" url="/p.jpg" type="image/jpeg"'
        ' fileSize="9"><media:title>Caption</media:title></media:content>'
    )
    entry = first(rss(item(more=more)))
    assert entry.summary == "Short."
    assert entry.content == "Part\n\nOne\n\ntwo"
    assert entry.authors == ("Ann Other", "Ben Writer")
    assert entry.tags == ("World",)
    assert entry.media[0].url == "http://feeds.example/p.jpg"
    assert entry.title == "Headline number 1"


def test_what_the_feed_says_of_itself():
    parsed = parse(rss(item(), channel="<language>tr-TR</language><ttl>10</ttl>"))
    assert (parsed.kind, parsed.title, parsed.site_url) == (
        "rss", "Example News", "http://feeds.example/",
    )  # fmt: skip
    assert (parsed.ttl_s, parsed.entries[0].language) == (600, "tr")


def test_rdf():
    document = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        ' xmlns="http://purl.org/rss/1.0/"><channel rdf:about="x"><title>T</title></channel>'
        '<item rdf:about="http://r.example/1"><title>A</title><link>http://r.example/1</link>'
        "</item></rdf:RDF>"
    )
    parsed = parse(document)
    assert (parsed.kind, parsed.entries[0].guid) == ("rdf", "http://r.example/1")


def json_feed(*items, **more):
    version = "https://jsonfeed.org/version/1.1"
    return json.dumps({"version": version, "title": "J", "items": items} | more)


def test_json_feed():
    parsed = parse(
        json_feed(
            {
                "id": "a", "url": "/1", "title": "T", "content_text": "is <b> text",
                "date_published": "2019-09-10T14:05:00+03:00", "tags": ["x", 1],
                "authors": [{"name": "Ann"}], "image": "/i.png",
            },
            {"id": 3.1415, "content_html": "<p>is <b>bold</b></p>"},
            {"url": "http://feeds.example/no-id"},
            "no item",
        )
    )  # fmt: skip
    one, two = parsed.entries
    assert (parsed.kind, parsed.dropped) == ("json", {"no_id": 2})
    assert (one.content, one.link, one.tags) == ("is <b> text", "http://feeds.example/1", ("x",))
    assert one.published_at.at.hour == 11
    assert one.media[0].url == "http://feeds.example/i.png"
    assert (two.guid, two.content) == ("3.1415", "is bold")


def test_json_feed_is_capped():
    parsed = parse(json_feed(*({"id": str(n)} for n in range(20))), max_entries=5)
    assert (len(parsed.entries), parsed.dropped) == (5, {"too_many_entries": 15})


NEWS_SITEMAP = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
 xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><loc>http://feeds.example/a?x=1&amp;y=2</loc><lastmod>2019-09-10T11:00:00Z</lastmod>
<news:news><news:publication><news:name>Example</news:name><news:language>en</news:language>
</news:publication><news:publication_date>2019-09-10T10:00:00Z</news:publication_date>
<news:title>Zone agreed</news:title><news:keywords>Syria, Turkey</news:keywords></news:news>
<image:image><image:loc>http://feeds.example/i.jpg</image:loc></image:image></url>
<url><loc>http://feeds.example/b</loc></url></urlset>"""


def test_news_sitemap():
    parsed = parse(NEWS_SITEMAP)
    one, two = parsed.entries
    assert (parsed.kind, parsed.title) == ("sitemap", "Example")
    assert (one.title, one.link) == ("Zone agreed", "http://feeds.example/a?x=1&y=2")
    assert (one.published_at.source, one.updated_at.source) == ("news:publication_date", "lastmod")
    assert (one.tags, one.language) == (("Syria", "Turkey"), "en")
    assert one.media[0].url == "http://feeds.example/i.jpg"
    assert (two.title, two.published_at) == ("", None)


def test_sitemap_index_names_its_children():
    index = "<sitemapindex><sitemap><loc>/n.xml</loc></sitemap></sitemapindex>"
    parsed = parse(index)
    assert (parsed.kind, parsed.children) == ("sitemap_index", ("http://feeds.example/n.xml",))


def test_only_as_many_entries_as_wanted_and_the_tail_is_still_read():
    document = rss(*(item(n) for n in range(9))).replace("</channel>", "<ttl>7</ttl></channel>")
    parsed = parse(document, max_entries=4)
    assert [entry.link[-1] for entry in parsed.entries] == list("0123")
    assert (parsed.ttl_s, parsed.dropped) == (420, {"too_many_entries": 5})


def test_an_empty_item_is_counted():
    parsed = parse(rss(item(), "<item></item>"))
    assert (len(parsed.entries), parsed.dropped) == (1, {"empty_entry": 1})


def test_other_xml_is_not_a_feed():
    with pytest.raises(Permanent, match="not_a_feed"):
        parse("<opml version='2.0'><body/></opml>")
