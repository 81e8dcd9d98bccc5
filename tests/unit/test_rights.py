"""What outlets allow, applied to extractions and documents."""

import pytest
from support_ledger import extraction

from pipeline.config import OutletRights, RightsSettings
from pipeline.rights import (
    SNIPPET_CHARS,
    SNIPPET_ONLY,
    as_shown,
    is_hidden,
    is_withheld,
    snippet,
)

LIMITED = RightsSettings(outlets={"herald": OutletRights(text="snippet", tdm="deliver")})
TEXT = "Two armies agreed on patrols. " * 40


def document(outlet="herald", text=TEXT):
    near, far = ({"start": at, "end": at + 3, "surface": "Two", "part": "text"} for at in (0, 900))
    title = {"start": 0, "end": 900, "surface": "Two", "part": "title"}
    return {
        "outlet": outlet,
        "text": text,
        "title": "Two",
        "tdm_reserved": True,
        "flags": ["date_conflict"],
        "quotes": [{"text": "agreed"}],
        "sentences": [0, 30],
        "entities": [{"id": "two", "mentions": [near, far, title]}],
        "topics": [{"id": "t", "evidence": [far]}],
        "iptc_topics": None,
        "dates_mentioned": [near, far],
    }


def test_an_outlet_differs_only_in_what_it_sets():
    rights = RightsSettings(keep_days=30, outlets={"herald": OutletRights(text="snippet")})
    assert (rights.of("herald").text, rights.of("herald").keep_days) == ("snippet", 30)
    assert rights.of("courier") == rights


@pytest.mark.parametrize(
    ("says", "rights", "hidden"),
    [
        (True, RightsSettings(), True),
        (False, RightsSettings(), False),
        (True, RightsSettings(noindex="show"), False),
        (True, RightsSettings(outlets={"herald": OutletRights(noindex="show")}), False),
        (True, RightsSettings(outlets={"courier": OutletRights(noindex="show")}), True),
    ],
)
def test_a_page_that_asks_to_be_left_out_is_hidden_unless_the_operator_says_otherwise(
    says, rights, hidden
):
    assert is_hidden(extraction(noindex=says), "herald", rights) is hidden


def test_a_reservation_is_withheld_unless_the_outlet_has_let_us():
    assert not is_withheld(document(), LIMITED)
    assert is_withheld(document("courier"), LIMITED)
    assert not is_withheld({**document("courier"), "tdm_reserved": False}, LIMITED)


def test_of_a_limited_outlet_only_the_beginning_is_shown_and_nothing_that_quotes_the_rest():
    shown = as_shown(document(), LIMITED)
    assert shown["text"] == snippet(TEXT)
    assert len(shown["text"]) <= SNIPPET_CHARS + 2
    assert TEXT.startswith(shown["text"].removesuffix(" …"))
    assert (shown["quotes"], shown["sentences"], shown["topics"][0]["evidence"]) == ([], [], [])
    assert [one["end"] for one in shown["entities"][0]["mentions"]] == [3, 900]
    assert len(shown["dates_mentioned"]) == 1
    assert shown["flags"] == ["date_conflict", SNIPPET_ONLY]
    assert "agreed" not in str({**shown, "text": ""})


def test_of_all_other_outlets_everything_is_shown():
    assert as_shown(document("courier"), LIMITED) == document("courier")
    assert as_shown({"title": "a field or two"}, LIMITED) == {"title": "a field or two"}


@pytest.mark.parametrize("text", ["", "short", "x" * 1_000, "x" * 299 + " y" * 90])
def test_a_snippet_is_a_beginning(text):
    assert text.startswith(snippet(text).removesuffix(" …"))
    assert len(snippet(text)) <= SNIPPET_CHARS + 2
