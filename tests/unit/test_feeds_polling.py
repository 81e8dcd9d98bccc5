"""What polls mean over time: validators, waiting, redirects, failures, gaps."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from feed_documents import DAY, HOUR, NOW, SETTINGS, URL, Polls, item, new_state, page, rss

from pipeline.errors import Permanent, Transient
from pipeline.feeds.decide import first_state, validators_to_send
from pipeline.feeds.entries import MAX_VERSIONS
from pipeline.model import Feed, Result

ASKED = (("If-None-Match", 'W/"a"'),)
V1 = (("ETag", 'W/"a"'), ("Last-Modified", "Tue, 10 Sep 2019 10:00:00 GMT"))


def listing(*numbers, **arguments):
    """A page with a feed of numbered items."""
    return page(rss(*(item(n) for n in numbers)), **arguments)


def polled(*answers, **arguments):
    """A feed after these answers, each at its planned time."""
    polls = Polls(**arguments)
    for answer in answers:
        polls.poll(answer)
    return polls


class TestValidators:
    def test_they_are_sent_byte_for_byte(self):
        polls = polled(listing(1, headers=V1))
        sent = validators_to_send(polls.state, NOW + HOUR)
        assert sent == {"etag": 'W/"a"', "last_modified": "Tue, 10 Sep 2019 10:00:00 GMT"}

    def test_a_200_replaces_both_even_by_nothing(self):
        polls = polled(listing(1, headers=V1), listing(1, 2))
        assert (polls.state.etag, polls.state.last_modified) == (None, None)

    def test_a_304_replaces_only_what_it_carries(self):
        polls = polled(listing(1, headers=V1))
        newer = (("Last-Modified", "Tue, 10 Sep 2019 11:00:00 GMT"),)
        result = polls.poll(page(status=304, headers=newer, sent=ASKED))
        assert result.outcome.result is Result.UNCHANGED
        assert result.outcome.reason == "not_modified"
        assert (polls.state.etag, polls.state.last_modified) == ('W/"a"', newer[0][1])
        assert polls.state.last_success_at == polls.now

    def test_a_304_that_nobody_asked_for_is_an_error_and_the_next_request_is_plain(self):
        polls = polled(listing(1, headers=V1))
        result = polls.poll(page(status=304))
        assert (result.outcome.result, result.outcome.reason) == (Result.RETRY, "unexpected_304")
        assert validators_to_send(polls.state, polls.now + HOUR) == {}

    def test_a_server_that_always_says_304_is_found_out_within_a_day(self):
        polls = polled(listing(1, headers=V1))
        while validators_to_send(polls.state, polls.state.next_poll_at):
            polls.poll(page(status=304, sent=ASKED))
        result = polls.poll(listing(1, 2, 3, headers=V1))
        assert polls.now - NOW <= DAY
        assert result.counts["revealed"] == 2
        assert validators_to_send(polls.state, polls.now + HOUR)

    def test_the_same_bytes_under_a_new_etag_are_unchanged(self):
        polls = polled(listing(1, headers=V1))
        result = polls.poll(listing(1, headers=(("ETag", '"b"'),)))
        assert (result.outcome.reason, result.decisions) == ("same_body", ())
        assert polls.state.etag == '"b"'

    def test_half_a_document_leaves_no_validators(self):
        whole = rss(item(1), item(2))
        polls = polled(page(whole[: whole.index("<item><title>Headline number 2")], headers=V1))
        assert (polls.state.etag, polls.state.body_hash) == (None, None)
        assert polls.state.last_success_at == NOW

    def test_no_validators_are_saved_with_html_or_an_empty_feed(self):
        for body in ("<html></html>", rss(), ""):
            polls = polled(page(body, headers=V1))
            assert (polls.state.etag, polls.state.last_success_at) == (None, None)


class TestEntries:
    def test_a_moving_build_date_is_nothing_new(self):
        documents = [
            rss(item(1), channel=f"<lastBuildDate>Tue, 10 Sep 2019 1{n}:00:00 GMT</lastBuildDate>")
            for n in range(2)
        ]
        polls = polled(page(documents[0]))
        result = polls.poll(page(documents[1]))
        assert (result.outcome.reason, result.decisions) == ("same_content", ())
        assert result.seen_keys == ("link:https://feeds.example/news/1",)

    def test_a_corrected_title_is_version_2_of_one_entry(self):
        polls = polled(listing(1))
        result = polls.poll(page(rss(item(1, title="Corrected"))))
        decision = result.decisions[0]
        assert (decision.change, decision.version) == ("changed", 2)
        assert result.counts | {"changed": 1, "new": 0} == result.counts

    def test_a_clock_in_the_summary_makes_no_more_than_24_versions(self):
        polls = Polls()
        for n in range(100):
            polls.poll(page(rss(item(1, more=f"<description>It is {n}</description>"))))
        assert len(polls.decided) == MAX_VERSIONS == 24

    def test_a_half_read_entry_never_overwrites_a_whole_one(self):
        whole = rss(item(1), item(2, more="<description>All of it</description>"))
        polls = polled(page(whole))
        result = polls.poll(page(whole[: whole.index("All of it")]))
        assert result.decisions == ()

    def test_the_whole_copy_completes_a_half_read_entry(self):
        whole = rss(item(1), item(2, date="Tue, 10 Sep 2019 10:00:00 GMT"))
        polls = polled(page(whole[: whole.index("10 Sep")]))
        result = polls.poll(page(whole))
        assert [(d.change, d.entry.published_at is not None) for d in result.decisions] == [
            ("changed", True)
        ]

    def test_what_leaves_the_feed_is_left_alone(self):
        assert polled(listing(1, 2)).poll(listing(2)).decisions == ()

    def test_entries_without_a_usable_link_are_decided_with_their_reason(self):
        result = Polls().poll(page(rss(item(1, link=""), item(2, link="javascript:x"))))
        assert [d.drop_reason for d in result.decisions] == ["no_link", "bad_link"]
        assert all(d.url_id is None and d.url is None for d in result.decisions)

    def test_one_article_in_two_feeds_is_one_url(self):
        links = [f"http://b.example/news/1?at_medium=RSS&at_campaign={n}" for n in ("a", "b")]
        decisions = [
            Polls().poll(page(rss(item(link=link.replace("&", "&amp;"))))).decisions[0]
            for link in links
        ]
        assert decisions[0].url_id == decisions[1].url_id
        assert decisions[0].url == "http://b.example/news/1"
        assert decisions[0].entry.link == links[0]


class TestWaiting:
    @pytest.mark.parametrize(
        ("headers", "delay_s"),
        [
            ({"Cache-Control": "max-age=7200, public", "Age": "600"}, 6600),
            ({"Cache-Control": "no-cache, max-age=9999"}, 3600),
            ({"Cache-Control": "max-age=31536000"}, 86_400),
            ({"Cache-Control": "s-maxage=9999"}, 3600),
            ({"Expires": "0"}, 3600),
            ({"Expires": "Tue, 10 Sep 2019 14:00:00 GMT", "Date": "Tue, 10 Sep 2019 12:00:00 GMT"},
             7200),
            ({"Cache-Control": "max-age=junk"}, 3600),
        ],
    )  # fmt: skip
    def test_the_servers_word_is_a_floor(self, headers, delay_s):
        assert polled(listing(1, headers=headers.items())).delay_s == delay_s
        after_304 = polled(listing(1))
        after_304.poll(page(status=304, sent=ASKED, headers=headers.items()))
        assert after_304.delay_s == max(delay_s, after_304.state.interval_s)

    @pytest.mark.parametrize(
        ("channel", "delay_s"),
        [
            ("<ttl>90</ttl>", 5400),
            ("<ttl>10</ttl>", 3600),
            ("<ttl>100000</ttl>", SETTINGS.max_interval_s),
            ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>12</sy:updateFrequency>",
             7200),
            ("<sy:updatePeriod>always</sy:updatePeriod>", 3600),
            ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>",
             3600),
        ],
    )  # fmt: skip
    def test_the_feeds_own_wish_is_a_floor_too(self, channel, delay_s):
        assert polled(page(rss(item(1), channel=channel))).delay_s == delay_s

    @pytest.mark.parametrize("status", [429, 503, 403])
    @pytest.mark.parametrize(
        ("value", "delay_s"),
        [
            ("120", 120),
            ("Tue, 10 Sep 2019 15:00:00 GMT", 3 * 3600),
            ("soon", 3600),
            ("400000", 48 * 3600),
            ("1" + "0" * 30, 3600),
        ],
    )
    def test_retry_after(self, status, value, delay_s):
        polls = polled(page(status=status, headers=[("Retry-After", value)]))
        assert polls.delay_s == delay_s
        assert polls.state.last_reason == f"http_{status}"

    def test_jitter_adds_up_to_a_tenth(self):
        polls = Polls()
        polls.poll(listing(1), jitter=0.5)
        assert polls.delay_s == 3600 * 1.05

    def test_first_polls_are_spread_over_the_interval(self):
        feed = Feed("f", URL, "p")
        minutes = [
            int((first_state(feed, NOW, n / 1000).next_poll_at - NOW).total_seconds() // 60)
            for n in range(1000)
        ]
        assert max(minutes.count(minute) for minute in set(minutes)) <= 40
        assert max(minutes) < 60

    def test_the_first_interval_is_the_feeds_own_rate(self):
        dates = [(NOW - timedelta(hours=2 * n)).strftime("%a, %d %b %Y %H:%M:%S GMT")
                 for n in range(1, 13)]  # fmt: skip
        documents = rss(*(item(n, date=date) for n, date in enumerate(dates)))
        assert polled(page(documents)).state.interval_s == 2 * 3600


class TestOverlap:
    def test_no_overlap_on_time_is_a_gap(self):
        polls = polled(listing(1, 2))
        result = polls.poll(listing(3, 4))
        assert (result.counts["gap"], polls.state.gaps) == (1, 1)
        assert result.outcome.reason == "gap"
        assert polls.state.interval_s == 1800

    def test_a_first_poll_and_a_late_poll_are_no_gap(self):
        assert "gap" not in Polls().poll(listing(1)).counts
        polls = polled(listing(1))
        result = polls.poll(listing(2), after=5 * HOUR)
        assert ("gap" in result.counts, polls.state.gaps) == (False, 0)
        assert polls.state.interval_s == 3600

    def test_a_poll_after_failures_is_late(self):
        polls = polled(listing(1))
        polls.poll(Transient("deadline"))
        assert "gap" not in polls.poll(listing(2)).counts

    def test_full_overlap_lengthens_by_ten_minutes_at_most(self):
        polls = polled(listing(1, 2))
        intervals = []
        for n in range(6):
            polls.poll(page(rss(item(1), item(2), channel=f"<!-- {n} -->")))
            intervals.append(polls.state.interval_s)
        steps = [later - earlier for earlier, later in pairwise(intervals)]
        assert steps == [600] * 5

    def test_an_early_poll_does_not_lengthen(self):
        polls = polled(listing(1, 2), listing(1, 2), listing(1, 2))
        before = polls.state.interval_s
        polls.poll(listing(1, 2), after=timedelta(minutes=5))
        assert polls.state.interval_s == before

    def test_the_bounds_are_never_left(self):
        quiet, busy = polled(listing(1)), Polls()
        for n in range(200):
            quiet.poll(page(status=304, sent=ASKED))
            busy.poll(listing(2 * n, 2 * n + 1))
            assert quiet.state.interval_s <= SETTINGS.max_interval_s
            assert busy.state.interval_s >= SETTINGS.min_interval_s
        assert quiet.state.interval_s == SETTINGS.max_interval_s
        assert busy.state.interval_s == SETTINGS.min_interval_s

    def test_a_226_is_only_a_part(self):
        polls = polled(listing(1, 2))
        result = polls.poll(listing(3, status=226))
        assert "gap" not in result.counts
        assert polls.state.interval_s == 3600


TARGET = "http://new.example/rss"


class TestRedirects:
    def moved(self, *codes, days, body=None, target=TARGET):
        """A feed after so many days of the same redirects."""
        polls = Polls()
        hops = [(code, target) for code in codes]
        for n in range(days + 1):
            document = body if body is not None else rss(item(n))
            polls.poll(page(document, hops=hops), after=DAY if n else None)
        return polls

    @pytest.mark.parametrize("code", [301, 308])
    def test_a_permanent_one_is_believed_after_seven_days(self, code):
        assert self.moved(code, days=6).state.url == URL
        after = self.moved(code, days=7).state
        assert (after.url, after.host) == (TARGET, "new.example")
        assert after.feed.url == URL

    def test_the_move_is_counted(self):
        polls = self.moved(301, days=6)
        assert polls.poll(listing(9, hops=[(301, TARGET)]), after=DAY).counts["moved"] == 1

    @pytest.mark.parametrize("codes", [(302,), (307,), (301, 302), (303,)])
    def test_others_never(self, codes):
        assert self.moved(*codes, days=30).state.url == URL

    def test_not_when_it_leads_to_html(self):
        polls = self.moved(301, days=30, body="<html>Log in to this network</html>")
        assert (polls.state.url, polls.state.last_reason) == (URL, "not_a_feed")

    def test_another_target_begins_anew(self):
        polls = self.moved(301, days=5)
        polls.poll(listing(99, hops=[(301, "http://third.example/rss")]), after=DAY)
        polls.poll(listing(98, hops=[(301, TARGET)]), after=DAY)
        polls.poll(listing(97, hops=[(301, TARGET)]), after=DAY)
        assert polls.state.url == URL

    def test_https_on_the_same_host_at_once_and_no_entry_twice(self):
        polls = polled(listing(1, 2))
        secure = URL.replace("http:", "https:")
        result = polls.poll(page(rss(item(1), item(2), channel=" "), hops=[(301, secure)]))
        assert (polls.state.url, result.decisions) == (secure, ())


class TestFailures:
    def test_404_for_a_month_is_asked_at_least_daily_and_recovers(self):
        polls = polled(listing(1))
        for _ in range(30):
            polls.poll(page(status=404), jitter=0.99)
            assert polls.delay_s <= 86_400
        assert polls.state.health == "failing"
        polls.poll(listing(1, 2))
        assert (polls.state.health, polls.state.failures) == ("ok", 0.0)

    def test_410_twice_a_day_apart_pauses(self):
        polls = polled(page(status=410))
        assert (polls.state.paused, polls.state.health) == (False, "gone")
        result = polls.poll(page(status=410))
        assert result.outcome.result is Result.DEAD
        assert (polls.state.paused, polls.state.paused_reason) == (True, "gone")
        assert polls.state.next_poll_at is None

    def test_410_twice_in_an_hour_does_not(self):
        polls = polled(page(status=410))
        polls.poll(page(status=410), after=HOUR)
        assert not polls.state.paused

    def test_a_good_answer_in_between_forgets_the_410(self):
        polls = polled(page(status=410), listing(1), page(status=410))
        assert not polls.state.paused

    @pytest.mark.parametrize(
        ("failure", "weight"),
        [
            (Permanent("blocked_address"), 1.0),
            (Transient("tls_expired"), 1.0),
            (Transient("dns_unknown_host"), 1.0),
            (Transient("dns_temporary"), 0.25),
            (Transient("deadline"), 0.5),
            (page(status=500), 0.5),
            (page(status=404), 0.5),
            (page(status=401), 1.0),
            (Transient("host_busy"), 0.0),
        ],
    )
    def test_weights(self, failure, weight):
        assert polled(failure).state.failures == weight

    def test_waiting_grows_with_failures_to_a_day(self):
        polls, delays = Polls(), []
        for _ in range(40):
            polls.poll(Permanent("too_large"))
            delays.append(polls.delay_s)
        assert delays[:3] == [3600, 7200, 10_800]
        assert delays[-1] == 86_400

    def test_a_busy_host_is_not_the_feeds_fault(self):
        polls = polled(listing(1), Transient("host_busy"))
        assert (polls.state.health, polls.delay_s) == ("ok", 60)

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            ("", "empty_body"),
            ("<html>Just a moment...</html>", "not_a_feed"),
            (rss(), "empty_feed"),
        ],
    )
    def test_a_200_that_brings_nothing_is_not_healthy(self, body, reason):
        polls = polled(page(body))
        assert polls.state.last_reason == reason
        assert polls.state.health in {"failing", "empty"}
        assert polls.state.last_success_at is None

    def test_an_empty_feed_counts_up(self):
        polls = polled(page(rss()), page(rss()))
        assert (polls.state.empty_streak, polls.state.health) == (2, "empty")

    def test_an_index_of_sitemaps_says_where_to_look(self):
        body = "<sitemapindex><sitemap><loc>http://feeds.example/news.xml</loc></sitemap></sitemapindex>"
        outcome = Polls().poll(page(body)).outcome
        assert outcome.reason == "sitemap_index"
        assert "http://feeds.example/news.xml" in outcome.detail

    def test_a_feed_without_news_for_a_month_is_stale(self):
        old = rss(item(date="Sat, 10 Aug 2019 10:00:00 GMT"))
        assert polled(page(old)).state.health == "stale"

    def test_every_outcome_but_good_ones_has_a_reason(self):
        state = replace(new_state(), etag='"a"')
        for answer in (Permanent("x"), page(status=500), page(status=304), page(status=999)):
            assert Polls(state).poll(answer).outcome.reason
