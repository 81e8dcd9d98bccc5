"""What is quoted, and who says it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.enrichers import Enrichers
from pipeline.enrich.quotes.marks import MAX_CHARS, quoted
from pipeline.enrich.quotes.quotes import MAX_QUOTES, find_quotes
from pipeline.enrich.quotes.reporting import reporting_of
from pipeline.enrich.sentences import sentence_starts


@pytest.fixture(scope="module")
def enrichers(root):
    return Enrichers.load(root / "config")


@pytest.fixture(scope="module")
def quotes(enrichers):
    def find(text, language="en"):
        return enrichers.enrich(title="", text=text, language=language).quotes

    return find


def marked(text):
    return [text[one.start : one.end] for one in quoted(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He said “all is well”, twice.", ["all is well"]),
        ('"One," she said. "Two."', ["One,", "Two."]),
        ("„Ja, gern“, sagte er.", ["Ja, gern"]),
        ("»Ja, gern«, sagte er.", ["Ja, gern"]),
        ("« Oui », dit-il.", ["Oui"]),
        ("‹Ja, gern›, sagte er.", ["Ja, gern"]),
        ("‘We don’t know,’ he said.", ["We don’t know,"]),
        ("‚Ja, gern‘, sagte er.", ["Ja, gern"]),
        ("قال ”لا نعرف“ ثم ذهب", ["لا نعرف"]),
    ],
)
def test_every_style_of_quotation_marks(text, expected):
    assert marked(text) == expected


def test_a_quotation_keeps_the_one_inside_it():
    assert marked("“He told me ‘go now’ and left,” she said.") == ["He told me ‘go now’ and left,"]
    assert marked("« Il a dit « non » hier »") == ["Il a dit « non » hier"]


def test_apostrophes_and_inches_are_no_marks():
    assert marked("Ankara’da the workers’ party didn’t sell 5' boards at 10\" each.") == []


def test_a_mark_without_its_other_half_ends_with_the_paragraph():
    assert marked("“All is lost.\n\nThe “other one” is not.") == ["other one"]


def test_a_paragraph_that_opens_anew_goes_on_with_the_quotation():
    assert marked("“All is well.\n\n“All is lost,” he said.") == ["All is well.", "All is lost,"]


def test_a_page_that_lost_a_mark_is_not_one_long_quotation():
    assert marked("“" + "word " * MAX_CHARS + "”") == []


@pytest.mark.parametrize(
    "text",
    [
        "The army calls it “Operation Peace Spring” now.",
        "The “zone” is small, Erdoğan said.",
        "The so-called “safe zone” is small.",
        "She has read “War and Peace” twice.",
    ],
)
def test_names_and_words_kept_at_a_distance_are_no_quotations(quotes, text):
    assert quotes(text) == ()


def test_the_evidence_is_where_it_says(quotes):
    text = "“Nobody asked us at all,” Erdoğan told reporters."
    (quote,) = quotes(text)
    assert text[quote.start : quote.end] == quote.text == "Nobody asked us at all,"
    assert (quote.speaker, quote.speaker_id) == ("Recep Tayyip Erdoğan", "recep-tayyip-erdogan")
    assert (quote.speaker_at.surface, quote.verb.surface) == ("Erdoğan", "told")
    assert text[quote.verb.start : quote.verb.end] == "told"
    assert quote.why == "subject_verb"


def test_who_is_in_no_gazetteer_is_named_as_in_the_text(quotes):
    text = "Laura Whitfield stayed. “There was no water at all,” Whitfield said."
    (quote,) = quotes(text)
    assert (quote.speaker, quote.speaker_id) == ("Laura Whitfield", None)
    assert quote.speaker_at.surface == "Whitfield"


def test_a_month_beside_a_verb_is_nobody(enrichers):
    text = "Anfang Oktober sagte jemand: „Wir wissen davon gar nichts.“"
    (quote,) = enrichers.enrich(title="", text=text, language="de").quotes
    assert quote.speaker is None


def test_a_verb_of_another_clause_does_not_count(quotes):
    text = "The road, “a way to nowhere for us all”, was closed after Erdoğan told his guests so."
    (quote,) = quotes(text)
    assert quote.speaker is None
    text = "Mike Pence said it “was late for all of us” when Erdoğan told him."
    (quote,) = quotes(text)
    assert quote.speaker == "Mike Pence"


def test_a_sentence_between_two_quotations_parts_them(quotes):
    text = "“We know it,” Erdoğan said. A baker came. “I have sold bread here for years.”"
    assert [one.speaker for one in quotes(text)] == ["Recep Tayyip Erdoğan", None]


def test_a_title_or_a_country_before_a_name_does_not_speak(quotes):
    (quote,) = quotes("“We will see what comes,” said U.S. Defense Secretary Laura Whitfield.")
    assert quote.speaker == "Laura Whitfield"


def test_a_pronoun_is_whoever_spoke_last(quotes):
    text = "Erdoğan said it was late. “We have waited long enough,” he added."
    assert [one.speaker for one in quotes(text)] == ["Recep Tayyip Erdoğan"]


def test_a_pronoun_that_may_be_two_people_is_nobody(quotes):
    text = "Erdoğan said it was late. Mike Pence listened. “We have waited enough,” he added."
    (quote,) = quotes(text)
    assert quote.speaker is None
    assert quote.why.endswith("+unknown")


def test_after_somebody_unnamed_a_pronoun_is_nobody(quotes):
    text = "“We know it,” Erdoğan said. “I saw it too,” a baker said.\n\n“It was late,” he added."
    assert [one.speaker for one in quotes(text)] == ["Recep Tayyip Erdoğan", None, None]


def test_a_place_after_a_preposition_does_not_speak(quotes):
    (quote,) = quotes("“We are going home now,” a baker said in Ankara.")
    assert quote.speaker is None


def test_a_quotation_without_a_verb_needs_words_enough(quotes):
    assert quotes("The talks saw “grave delays” there.") == ()
    (quote,) = quotes("On the wall stood “we are going home in the spring”.")
    assert (quote.speaker, quote.verb, quote.why) == (None, None, "no_verb")


def test_every_language_has_words_of_saying():
    for language in ("en", "tr", "ar", "de", "fr", "es"):
        words = reporting_of(language)
        assert len(words.said) > 25
        assert words.oblique
    assert reporting_of("xx") == reporting_of("en")


@given(
    st.text(alphabet='“”"„«»‘’ Ab said,.\n', max_size=120),
    st.sampled_from(["en", "tr", "ar", "de", "fr", "es", None]),
)
def test_quotations_are_cut_out_of_the_text_and_do_not_overlap(enrichers, text, language):
    words = enrichers._gazetteer.words
    found = find_quotes(text, sentence_starts(text, language), (), language, words)
    until = 0
    for one in found:
        assert one.start >= until
        assert text[one.start : one.end] == one.text
        until = one.end


@pytest.mark.parametrize(
    "unit",
    ['"', "“", "“”", '” "', "‘a ", "« ", "“a b c d”, ", "“a b” x ", "“Ab cd ef gh,” Xy said. ",
     "« a b c d » a-t-il dit ", "\n\n“"],
)  # fmt: skip
def test_a_megabyte_of_marks_is_read_in_bounded_time(enrichers, unit):
    text = (unit * (1_000_000 // len(unit) + 1))[:1_000_000]
    starts = sentence_starts(text, "en")
    begin = time.process_time()
    found = find_quotes(text, starts, (), "en", enrichers._gazetteer.words)
    assert time.process_time() - begin < 4  # measured up to 0.6 s
    assert len(found) <= MAX_QUOTES
