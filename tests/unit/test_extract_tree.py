"""The limits within which a page is parsed, and that what is cut is said."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract.tree import (
    MAX_ATTRIBUTES,
    MAX_NODE_CHARS,
    MAX_TAGS,
    is_binary,
    parse,
    within_limits,
)


def text_of(tree):
    return "".join(tree.root.itertext())


def test_an_ordinary_page_passes_unchanged():
    markup = (
        "<html><!-- <p --><script>if (a < b) { x = '<p \"' }</script><p class='a'>Text</p></html>"
    )

    assert within_limits(markup) == (markup, False)
    assert text_of(parse(markup)).endswith("Text")


@pytest.mark.parametrize("depth", [300, 1_900])
def test_deep_pages_keep_all_their_text(depth):
    tree = parse("<div>" * depth + "deep" + "</div>" * depth + "<p>after")

    assert (text_of(tree), tree.flags) == ("deepafter", ())


def test_unclosed_elements_keep_all_their_text():
    tree = parse("<body>" + "<b>x" * 700 + "after")

    assert (text_of(tree), tree.flags) == ("x" * 700 + "after", ())


def test_a_page_deeper_than_the_parser_goes_is_flagged():
    assert parse("<div>" * 20_000 + "deep").flags == ("truncated",)


def test_too_many_tags_are_cut_and_flagged():
    tree = parse("<p>first</p>" + "<br>" * 300_000 + "last")

    assert tree.flags == ("truncated",)
    assert text_of(tree) == "first"


def test_as_many_tags_as_allowed_are_kept():
    markup = "<br>" * MAX_TAGS + "last"

    assert within_limits(markup) == (markup, False)


@pytest.mark.parametrize(
    "opening",
    [
        "<p ",
        "<p x='>' ",
        "<p x='<p ' ",
        "<p x\"='<p ' ",
        "<p\n/",
        '<P title="a\'>" ',
    ],
)
def test_attributes_over_the_limit_are_cut_however_they_hide(opening):
    many = " ".join(f"a{number}=1" for number in range(100_000))
    started_s = time.process_time()

    tree = parse(f"<body>{opening}{many}>inside</p><p>after</body>")

    assert tree.flags == ("truncated",)
    assert max(len(node.attrib) for node in tree.root.iter()) <= MAX_ATTRIBUTES
    assert text_of(tree).endswith("insideafter")
    assert time.process_time() - started_s < 2


@pytest.mark.parametrize(
    ("markup", "kept"),
    [
        ("<p>" + "x" * 12_000_000 + "</p><p>after", "after"),
        ("<p>" + "x" * 12_000_000, "x" * 10),
        ("<p title='" + "x" * 12_000_000 + "'>inside</p><p>after", "insideafter"),
    ],
)
def test_huge_nodes_are_cut_and_what_follows_is_kept(markup, kept):
    tree = parse(markup)

    assert tree.flags == ("truncated",)
    assert text_of(tree).endswith(kept)
    assert len(text_of(tree)) <= MAX_NODE_CHARS + 100


@pytest.mark.parametrize(
    "markup",
    ["<" * 1_000_000, "<!--" * 200_000, '<a "' * 300_000, "<a" * 500_000, "<title>" * 100_000,
     "<script>" + "<" * 1_000_000, "<!h<!h" * 100_000, "<a =" + "= " * 500_000],
)  # fmt: skip
def test_looking_for_limits_is_linear(markup):
    started_s = time.process_time()

    within_limits(markup)

    assert time.process_time() - started_s < 3


@pytest.mark.parametrize("body", [b"%PDF-1.7 x", b"\x89PNG\r\n", b"GIF89a", b"\xff\xd8\xff\xe0"])
def test_other_kinds_of_files_are_known_by_their_first_bytes(body):
    assert is_binary(body)


@given(st.text(alphabet="<>/='\" abp!-\x00&#;", max_size=200))
def test_any_text_is_parsed_and_short_ones_are_never_cut(markup):
    assert within_limits(markup) == (markup, False)
    assert parse(markup).flags == ()
