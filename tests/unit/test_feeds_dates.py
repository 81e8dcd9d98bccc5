"""Publication times: the instant, its precision, and no time rather than a made-up one."""

from datetime import UTC, datetime, timedelta

import pytest
from feed_documents import NOW, item, parse, rss
from hypothesis import given
from hypothesis import strategies as st

from pipeline.feeds.dates import EARLIEST, LATEST_AHEAD, read_date

ISTANBUL = "Europe/Istanbul"


def read(raw, timezone=None, language=None, now=NOW + timedelta(days=3650)):
    return read_date(raw, source="pubDate", fetched_at=now, timezone=timezone, language=language)


def at(raw, timezone=None, language=None):
    claim, fault = read(raw, timezone, language)
    assert claim is not None, fault
    return claim.at.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Tue, 10 Sep 2019 14:05:00 EEST", "2019-09-10T11:05:00Z"),
        ("Tue, 10 Sep 2019 14:05:00 EET", "2019-09-10T12:05:00Z"),
        ("Tue, 10 Sep 2019 14:05:00 TRT", "2019-09-10T11:05:00Z"),
        ("Tue, 10 Sep 2019 14:05:00 EST", "2019-09-10T19:05:00Z"),
        ("Tue, 10 Sep 2019 14:05:00 CEST", "2019-09-10T12:05:00Z"),
        ("Tue, 10 Sep 2019 14:05:00 +0300", "2019-09-10T11:05:00Z"),
        ("Tue, 10 Sep 2019 14:05:00 +03", "2019-09-10T11:05:00Z"),
        ("Tue, 10 Sep 2019 14:05:00 +03:00", "2019-09-10T11:05:00Z"),
        ("Tue, 10 Sep 2019 14:05:00 GMT", "2019-09-10T14:05:00Z"),
        ("Tue, 10 Sep 19 14:05:00 GMT", "2019-09-10T14:05:00Z"),
        ("Thu,28 Jul 2022 4:35:5 GMT+9", "2022-07-27T19:35:05Z"),
        ("mer, 16 nov 2022 00:38:15 +0100", "2022-11-15T23:38:15Z"),
        ("Sal, 10 Eyl 2019 14:05:00 +0300", "2019-09-10T11:05:00Z"),
        ("Di, 10 Dez 2019 14:05:00 +0100", "2019-12-10T13:05:00Z"),
        ("1568113500", "2019-09-10T11:05:00Z"),
        ("1568113500000", "2019-09-10T11:05:00Z"),
        ("2019-09-10T14:05:00+03:00", "2019-09-10T11:05:00Z"),
        ("2019-09-10T14:05:00.123456+0300", "2019-09-10T11:05:00Z"),
        ("2019-09-10 14:05:00 +0300", "2019-09-10T11:05:00Z"),
        ("2019-09-10T14:05Z", "2019-09-10T14:05:00Z"),
        ("20190910T140500Z", "2019-09-10T14:05:00Z"),
        ("Tue Sep 10 14:05:00 EDT 2019", "2019-09-10T18:05:00Z"),
        ("Sept. 10, 2019 14:05 EST", "2019-09-10T19:05:00Z"),
        ("Tue, 10 Sep 2019 23:59:60 GMT", "2019-09-10T23:59:59Z"),
        ("10 Sep 2019 14:05 Europe/Istanbul", "2019-09-10T11:05:00Z"),
    ],
)
def test_a_time_with_its_zone(raw, expected):
    assert at(raw) == expected


@pytest.mark.parametrize(
    ("raw", "timezone", "language", "expected"),
    [
        ("10 Eylül 2019 14:05", ISTANBUL, "tr", "2019-09-10T11:05:00Z"),
        ("10.09.2019 14:05", ISTANBUL, "tr", "2019-09-10T11:05:00Z"),
        ("10 Ağustos 2019 Cumartesi 14:05", ISTANBUL, "tr", "2019-08-10T11:05:00Z"),
        ("Dienstag, 10. September 2019, 14:05 Uhr", "Europe/Berlin", "de", "2019-09-10T12:05:00Z"),
        ("10. März 2019 14:05", "Europe/Berlin", "de", "2019-03-10T13:05:00Z"),
        ("mardi 10 septembre 2019 à 14h05", "Europe/Paris", "fr", "2019-09-10T12:05:00Z"),
        ("10 août 2019 14:05", "Europe/Paris", "fr", "2019-08-10T12:05:00Z"),
        ("10 سبتمبر 2019 14:05", "Asia/Riyadh", "ar", "2019-09-10T11:05:00Z"),
        ("10 أيلول 2019 14:05", "Asia/Beirut", "ar", "2019-09-10T11:05:00Z"),
        ("١٠ سبتمبر ٢٠١٩ 14:05", "Asia/Riyadh", "ar", "2019-09-10T11:05:00Z"),
        ("10 كانون الثاني 2019 14:05", "Asia/Beirut", "ar", "2019-01-10T12:05:00Z"),
        ("10 de septiembre de 2019 14:05", "Europe/Madrid", "es", "2019-09-10T12:05:00Z"),
        ("9/10/2019 2:05 PM", "America/New_York", "en", "2019-09-10T18:05:00Z"),
        ("10/09/2019 14:05", "Europe/London", "en", "2019-09-10T13:05:00Z"),
        ("Tue, 10 Sep 2019 14:05:00 GMT", "Europe/London", "en", "2019-09-10T14:05:00Z"),
        ("Tue, 10 Sep 2019 14:05:00 BST", "Europe/London", "en", "2019-09-10T13:05:00Z"),
        ("Sat, Dec 16 2023 02:02:33 PM", "America/New_York", "en", "2023-12-16T19:02:33Z"),
        ("Tue, 10 Sep 2019 14:05:00 IST", "Asia/Jerusalem", "en", "2019-09-10T11:05:00Z"),
        ("Tue, 10 Sep 2019 14:05:00 IST", "Asia/Kolkata", "en", "2019-09-10T08:35:00Z"),
        ("Tue, 10 Sep 2019 14:05:00 IST", None, "en", "2019-09-10T08:35:00Z"),
        ("10 בספטמבר 2019 14:05", "Asia/Jerusalem", "he", "2019-09-10T11:05:00Z"),
    ],
)
def test_local_times_are_read_in_the_feeds_zone(raw, timezone, language, expected):
    assert at(raw, timezone, language) == expected


@pytest.mark.parametrize(
    ("raw", "precision", "flags"),
    [
        ("2019-09-10T14:05:00Z", "second", ()),
        ("2019-09-10T14:05Z", "minute", ()),
        ("2019-09-10", "day", ("zone_assumed",)),
        ("2019-09-10 14:05:00", "second", ("zone_assumed",)),
        ("Tue, 10 Sep 2019 14:05:00", "second", ("zone_assumed",)),
    ],
)
def test_precision_and_assumed_zones_are_said(raw, precision, flags):
    claim, _ = read(raw)
    assert (claim.precision, claim.flags) == (precision, flags)


def test_a_day_begins_at_midnight_where_the_outlet_is():
    claim, _ = read("2019-09-10", ISTANBUL)
    assert claim.at == datetime(2019, 9, 9, 21, tzinfo=UTC)


def test_a_free_form_without_any_zone_is_no_instant():
    assert read("Sat, Dec 16 2023 02:02:33 PM") == (None, "no_zone")


@pytest.mark.parametrize("raw", ["31 Sep", "31 Sep 2019", "yesterday", "2 saat önce", "+99:99",
                                 "Tue, 10 Sep 2019 14:05 +99:99", "soon"])  # fmt: skip
def test_what_is_no_date_is_none(raw):
    assert read(raw, ISTANBUL, "tr") == (None, "bad_date")


def test_nothing_said_is_no_fault():
    assert read(None) == read("  ") == (None, None)


def test_the_window():
    assert read("1989-12-31T23:59:59Z") == (None, "date_out_of_range")
    assert read("1990-01-01T00:00:00Z")[1] is None
    late = (NOW + LATEST_AHEAD + timedelta(minutes=1)).isoformat()
    assert read(late, now=NOW) == (None, "date_out_of_range")


def test_local_time_labelled_gmt_is_clamped_and_flagged():
    claim, fault = read("Tue, 10 Sep 2019 15:00:00 GMT", now=NOW)
    assert (claim.at, claim.flags, fault) == (NOW, ("future",), "date_future")
    assert claim.raw == "Tue, 10 Sep 2019 15:00:00 GMT"


def test_a_fast_clock_is_tolerated():
    assert read("Tue, 10 Sep 2019 12:14:00 GMT", now=NOW)[1] is None


def test_an_entry_without_a_date_gets_none_and_never_now():
    entry = parse(rss(item())).entries[0]
    assert (entry.published_at, entry.flags) == (None, ("no_date",))


def test_dublin_core_date_is_when_rss_was_published():
    date = '<dc:date xmlns:dc="http://purl.org/dc/elements/1.1/">2019-09-10T11:05:00Z</dc:date>'
    entry = parse(rss(item(more=date))).entries[0]
    assert (entry.published_at.source, entry.updated_at) == ("dc:date", None)


def test_atom_keeps_published_and_updated_apart():
    document = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><title>T</title>'
        "<updated>2019-09-10T11:05:00Z</updated></entry></feed>"
    )
    entry = parse(document).entries[0]
    assert (entry.published_at, entry.updated_at.source) == (None, "updated")


@given(st.text(max_size=60))
def test_any_text_gives_a_time_in_the_window_or_none(text):
    claim, _ = read(text, ISTANBUL, now=NOW)
    assert claim is None or EARLIEST <= claim.at <= NOW + timedelta(minutes=15)


@given(st.datetimes(datetime(1990, 1, 2), datetime(2019, 9, 9)))  # noqa: DTZ001 - zone put on below
def test_iso_and_rfc_822_round_trip(naive):
    moment = naive.replace(microsecond=0, tzinfo=UTC)
    assert read(moment.isoformat())[0].at == moment
    assert read(moment.strftime("%a, %d %b %Y %H:%M:%S +0000"))[0].at == moment
