"""Which days a text speaks of, seen from the day it was published."""

import time
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.dates.dates import MAX_DATES, find_dates, local_day
from pipeline.enrich.dates.vocabulary import vocabulary_of
from pipeline.enrich.folding import fold
from pipeline.enrich.words import words_of
from pipeline.model import DateClaim

TUESDAY = date(2019, 9, 10)


def dates(text, language="en", published=TUESDAY, country=None):
    parts = {"text": fold(text)}
    words = {part: words_of(folded, 100_000) for part, folded in parts.items()}
    return find_dates(parts, words, language, published=published, country=country)


def values(text, language="en", **known):
    return [one.value for one in dates(text, language, **known)]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("on Sept. 10", "en", "2019-09-10"),
        ("on Aug. 7, 2018,", "en", "2018-08-07"),
        ("the 7th of August", "en", "2019-08-07"),
        ("8 Eylül’de", "tr", "2019-09-08"),
        ("8 Eylülde", "tr", "2019-09-08"),
        ("am 7. August 2019", "de", "2019-08-07"),
        ("١٠ سبتمبر", "ar", "2019-09-10"),
        ("في 12 تشرين الأول 2018", "ar", "2018-10-12"),
        ("le 1er septembre", "fr", "2019-09-01"),
        ("el 10 de septiembre de 2019", "es", "2019-09-10"),
        ("on 2019-09-08", "en", "2019-09-08"),
        ("am 8.9.2019", "de", "2019-09-08"),
        ("in August", "en", "2019-08"),
        ("Ağustos ayında", "tr", "2019-08"),
        ("في أغسطس", "ar", "2019-08"),
        ("im August 2018", "de", "2018-08"),
        ("since 2011", "en", "2011"),
        ("2011 yılında", "tr", "2011"),
    ],
)
def test_absolute_dates(text, language, expected):
    assert values(text, language) == [expected]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("yesterday", "en", "2019-09-09"),
        ("two weeks ago", "en", "2019-W35"),
        ("dün", "tr", "2019-09-09"),
        ("üç gün önce", "tr", "2019-09-07"),
        ("أمس", "ar", "2019-09-09"),
        ("الأسبوع المقبل", "ar", "2019-W38"),
        ("gestern", "de", "2019-09-09"),
        ("vor zwei Monaten", "de", "2019-07"),
        ("hier", "fr", "2019-09-09"),
        ("il y a deux jours", "fr", "2019-09-08"),
        ("la semaine prochaine", "fr", "2019-W38"),
        ("anteayer", "es", "2019-09-08"),
        ("hace un año", "es", "2018"),
    ],
)
def test_relative_dates(text, language, expected):
    assert values(text, language) == [expected]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("He said on Tuesday", "en", "2019-09-10"),  # the day of publication itself
        ("He said on Thursday", "en", "2019-09-05"),
        ("last Tuesday", "en", "2019-09-03"),
        ("next Tuesday", "en", "2019-09-17"),
        ("They will meet on Thursday", "en", "2019-09-12"),
        ("They will see, he said on Thursday", "en", "2019-09-05"),
        ("Perşembe günü görüşecek", "tr", "2019-09-12"),
        ("Perşembe günü konuştu", "tr", "2019-09-05"),
        ("يوم الاثنين", "ar", "2019-09-09"),
        ("am kommenden Montag", "de", "2019-09-16"),
        ("jeudi prochain", "fr", "2019-09-12"),
        ("el próximo lunes", "es", "2019-09-16"),
    ],
)
def test_weekdays_are_past_unless_something_says_otherwise(text, language, expected):
    assert values(text, language) == [expected]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("They march 3,000 strong and may win", "en"),
        ("May I?", "en"),
        ("in the sun on a friday-ish day", "en"),
        ("Am Morgen kamen sie", "de"),
        ("por la mañana", "es"),
        ("Plácido Domingo", "es"),
        ("halk pazar yerinde", "tr"),
        ("il a dix jours", "fr"),
        ("Feb. 30", "en"),
        ("3.000 ve 2019 kişi", "tr"),
        ("on 2019-13-40 and 99/99/2019", "en"),
    ],
)
def test_these_are_no_dates(text, language):
    assert values(text, language) == []


def test_a_date_without_a_year_is_the_one_a_reader_thinks_of():
    assert values("on Dec. 30", published=date(2020, 1, 3)) == ["2019-12-30"]
    assert values("on Jan. 5", published=date(2019, 12, 20)) == ["2020-01-05"]
    assert values("due on Aug. 20", published=TUESDAY) == ["2020-08-20"]


def test_days_and_months_in_digits_are_read_as_in_the_outlet_s_country():
    assert values("9/10/2019", country="US") == ["2019-09-10"]
    assert values("9/10/2019", country="GB") == ["2019-10-09"]
    assert values("9/30/2019", country="GB") == ["2019-09-30"]


def test_without_a_day_of_publication_only_whole_dates_count():
    text = "Yesterday, on Tuesday, Sept. 10, in August and on Aug. 7, 2019, two days ago"
    assert values(text, published=None) == ["2019-08-07"]


def test_the_evidence_is_where_it_says():
    text = "They agreed on Aug. 7, he said last week."
    found = dates(text)
    assert [text[one.start : one.end] for one in found] == ["Aug. 7", "last week"]
    assert [one.why for one in found] == ["absolute+year_assumed", "relative"]
    assert (found[1].precision, found[1].first, found[1].last) == (
        "week", "2019-09-02", "2019-09-08",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("at", "precision", "zone", "expected"),
    [
        (datetime(2019, 9, 10, 22, 30, tzinfo=UTC), "minute", "Europe/Istanbul", "2019-09-11"),
        (datetime(2019, 9, 10, 2, 30, tzinfo=UTC), "minute", "America/New_York", "2019-09-09"),
        (datetime(2019, 9, 10, 2, 30, tzinfo=UTC), "minute", None, "2019-09-10"),
        (datetime(2019, 9, 10, 2, 30, tzinfo=UTC), "minute", "No/Where", "2019-09-10"),
        (datetime(2019, 9, 9, 21, 0, tzinfo=UTC), "day", "Europe/Istanbul", "2019-09-10"),
    ],
)
def test_publication_is_a_day_where_the_outlet_is(at, precision, zone, expected):
    assert local_day(DateClaim(at, precision, "x"), zone) == date.fromisoformat(expected)


def test_nobody_claims_a_day():
    assert local_day(None, "Europe/Istanbul") is None


def test_every_language_has_twelve_months_and_seven_days():
    for language in ("en", "tr", "ar", "de", "fr", "es"):
        openings = [one for several in vocabulary_of(language).openings.values() for one in several]
        months = {one.number for one in openings if one.kind == "month_name"}
        days = {one.number for one in openings if one.kind == "weekday_name"}
        assert (months, days) == (set(range(1, 13)), set(range(7)))


WORDS = [
    "Sept.", "10", "2019", "May", "next", "Tuesday", "will", "ago", "two", "weeks", "in", "hier",
    "أمس", "يوم", "الاثنين", "Montag", "Eylül", "’de", ",", ".", "-", "9999999", "\n\n",
]  # fmt: skip


@given(
    st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join),
    st.sampled_from(["en", "tr", "ar", "de", "fr", "es", None]),
    st.sampled_from([TUESDAY, date(1, 1, 1), date(9999, 12, 31), None]),
)
def test_dates_are_cut_out_of_the_text_and_do_not_overlap(text, language, published):
    until = 0
    for one in dates(text, language, published):
        assert one.start >= until
        assert text[one.start : one.end] == one.surface
        assert one.first <= one.last
        until = one.end


@pytest.mark.parametrize("unit", ["Tuesday ", "Sept. 10 ", "3 days ago ", "1/", "next ", "١"])
def test_a_text_of_nothing_but_dates_is_bounded(unit):
    begin = time.process_time()
    assert len(dates(unit * 100_000)) <= MAX_DATES
    assert time.process_time() - begin < 4  # measured up to 0.6 s
