"""Texts with marks: whatever they hold, they read as written, and nothing in them acts."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from pipeline.serve.pages.marking import (
    Span,
    marked_fragment,
    marked_line,
    marked_paragraphs,
    plain,
)

TEXTS = st.text(
    st.one_of(
        st.sampled_from("<>&\"'\n\r\t a⟦⟧\u202e\u2066\u200f\U000e0041\x1b\x85"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\x00"),
    ),
    max_size=60,
)
KINDS = st.sampled_from(["person", "place", "topic", "quote"])
PLACES = st.integers(min_value=-5, max_value=70)
SPANS = st.lists(
    st.builds(Span, PLACES, PLACES, KINDS, TEXTS, key=st.sampled_from(["", "k1", "k2"]),
              href=st.sampled_from(["", "/entity?person=a&b"])),
    max_size=8,
)  # fmt: skip


class Read(HTMLParser):
    """What a browser makes of it: the text, the elements, which are all closed in order."""

    def __init__(self, markup):
        super().__init__()
        self.text, self.tags, self.open, self.ids = "", [], [], []
        self.feed(str(markup))
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def handle_comment(self, data):
        raise AssertionError(data)


@given(TEXTS, SPANS)
def test_the_text_is_always_the_text(text, spans):
    for markup in (marked_paragraphs(text, spans), marked_line(text, spans)):
        read = Read(markup)
        assert read.text == text
        assert {tag for tag, _ in read.tags} <= {"p", "mark", "a", "span", "bdi"}
        assert len(read.ids) == len(set(read.ids))


@given(TEXTS)
def test_a_fragment_loses_nothing_but_its_marks(fragment):
    read = Read(marked_fragment(fragment))
    strip = str.maketrans(dict.fromkeys("⟦⟧"))
    assert read.text.translate(strip) == fragment.translate(strip)
    assert {tag for tag, _ in read.tags} <= {"mark", "bdi"}


def test_marks_that_overlap_say_both_where_they_do():
    spans = [Span(0, 8, "topic", "Topic: patrols"), Span(4, 13, "person", "Person: Ada")]
    marks = [
        (attrs["class"], attrs["title"])
        for tag, attrs in Read(marked_line("the patrol of Ada", spans)).tags
        if tag == "mark"
    ]
    assert marks == [
        ("topic", "Topic: patrols"),
        ("topic person", "Topic: patrols; Person: Ada"),
        ("person", "Person: Ada"),
    ]


def test_the_shortest_of_several_links_leads_on():
    spans = [Span(0, 14, "place", "", href="/whole"), Span(9, 14, "place", "", href="/part")]
    links = [a["href"] for tag, a in Read(marked_line("northern Syria", spans)).tags if tag == "a"]
    assert links == ["/whole", "/part"]


def test_a_mark_that_crosses_paragraphs_goes_on_in_the_next():
    markup = marked_paragraphs("one\n\ntwo", [Span(1, 7, "quote", "said", key="q")])
    assert markup == (
        '<p dir="auto">o<mark class="quote" title="said" id="q">ne</mark></p>\n\n'
        '<p dir="auto"><mark class="quote" title="said">tw</mark>o</p>'
    )


def test_what_turns_or_hides_text_is_shut_in_and_shown():
    markup = plain("a\u202eb")
    assert markup == (
        'a<bdi class="hidden" data-code="U+202E" title="U+202E, right-to-left override">'
        "\u202e</bdi>b"
    )
    assert plain("می\u200cخواهم") == "می\u200cخواهم"


def test_a_fragment_has_its_finds_marked():
    assert marked_fragment("…the ⟦safe⟧ <b>zone⟧") == "…the <mark>safe</mark> &lt;b&gt;zone⟧"
