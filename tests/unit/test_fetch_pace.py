from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.config import FetchSettings
from pipeline.fetch.pace import REST_S, next_request_at
from pipeline.fetch.retry_after import MAX_RETRY_AFTER_S, retry_after_s
from pipeline.fetch.user_agent import PRODUCT, user_agent
from pipeline.model import Page

NOW = datetime(2019, 9, 10, 8, 0, tzinfo=UTC)
SETTINGS = FetchSettings(pace_s=2.0)


def answer(status=200, elapsed_s=0.1, **headers):
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    url = "https://a.test/"
    return Page(url, url, status, pairs, b"", b"", (), NOW, elapsed_s)


def wait_s(page, crawl_delay_s=None):
    at = next_request_at(NOW, page, SETTINGS, crawl_delay_s=crawl_delay_s)
    return round((at - NOW).total_seconds(), 3)


def test_starts_are_a_pace_apart():
    assert wait_s(answer(elapsed_s=0.5)) == 1.5


@pytest.mark.parametrize(
    ("asked_s", "expected_s"), [(10, 10), (1, 2), (60, 60), (86_400, 60), (None, 2)]
)
def test_crawl_delay_is_honoured_up_to_a_minute(asked_s, expected_s):
    assert wait_s(answer(elapsed_s=0), crawl_delay_s=asked_s) == expected_s


@pytest.mark.parametrize(("elapsed_s", "expected_s"), [(1, 1), (1.5, 1.5), (8, 8), (300, 60)])
def test_a_slow_host_rests_as_long_as_it_worked(elapsed_s, expected_s):
    assert wait_s(answer(elapsed_s=elapsed_s)) == expected_s


@pytest.mark.parametrize("status", [429, 503, 403])
@pytest.mark.parametrize(
    ("value", "expected_s"),
    [("120", 120), ("Tue, 10 Sep 2019 08:10:00 GMT", 600), ("400000", 172_800), ("0", 1.9)],
)
def test_a_host_that_asks_us_to_wait_gets_that(status, value, expected_s):
    assert wait_s(answer(status, retry_after=value)) == expected_s


@pytest.mark.parametrize(
    ("status", "expected_s"), [(429, REST_S), (503, REST_S), (403, 1.9), (500, 1.9)]
)
def test_a_refusal_that_names_no_time_rests_a_while(status, expected_s):
    assert wait_s(answer(status)) == expected_s
    assert wait_s(answer(status, retry_after="soon")) == expected_s


def test_retry_after_on_a_good_answer_means_nothing():
    assert wait_s(answer(retry_after="3600")) == 1.9


def test_a_host_that_did_not_answer_rests_twice_its_pace():
    assert wait_s(None) == 4
    assert wait_s(None, crawl_delay_s=30) == 60


@pytest.mark.parametrize(
    ("value", "expected_s"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("400000", MAX_RETRY_AFTER_S),
        ("100000000000", MAX_RETRY_AFTER_S),
        ("9" * 100_000, MAX_RETRY_AFTER_S),
        ("Tue, 10 Sep 2019 08:02:00 GMT", 120),
        ("Tuesday, 10-Sep-19 08:02:00 GMT", 120),
        ("Tue Sep 10 08:02:00 2019", 120),
        ("Tue, 10 Sep 2019 07:00:00 GMT", 0),
        ("Tue, 10 Sep 2029 07:00:00 GMT", MAX_RETRY_AFTER_S),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("\u0661\u0662", None),
        ("Tue, 99 Sep 2019 07:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, expected_s):
    assert retry_after_s(value, NOW) == expected_s


@given(st.text())
def test_any_retry_after_is_within_two_days(text):
    wait = retry_after_s(text, NOW)
    assert wait is None or 0 <= wait <= MAX_RETRY_AFTER_S


@given(
    st.integers(100, 599), st.floats(0, 1e6), st.none() | st.floats(0, 1e9), st.none() | st.text()
)
def test_the_next_request_never_comes_before_now_nor_after_two_days(status, took_s, delay_s, text):
    headers = {} if text is None else {"retry_after": text}
    at = next_request_at(NOW, answer(status, took_s, **headers), SETTINGS, crawl_delay_s=delay_s)
    assert NOW <= at <= NOW + timedelta(days=2)


def test_the_user_agent_names_product_version_and_contact():
    assert user_agent(FetchSettings()).startswith(f"{PRODUCT}/")
    assert "(" not in user_agent(FetchSettings())
    with_contact = user_agent(FetchSettings(contact="mailto:news@a.test"))
    assert with_contact == f"{user_agent(FetchSettings())} (+mailto:news@a.test)"


@pytest.mark.parametrize("contact", ["a\r\nX-Forged: 1", "(a)", "ş@a.test", "a b"])
def test_a_contact_that_a_header_cannot_carry_is_a_fault_of_the_settings(contact):
    with pytest.raises(ValidationError, match="must be a plain URL or e-mail address"):
        FetchSettings(contact=contact)
