"""Builders of feed documents, pages and states for tests. Every sentence is invented."""

import hashlib
from datetime import UTC, datetime, timedelta

from pipeline.config import PollSettings
from pipeline.errors import ItemError
from pipeline.feeds.decide import decide_poll, first_state
from pipeline.feeds.parse import parse_feed
from pipeline.model import Feed, Hop, Page

NOW = datetime(2019, 9, 10, 12, 0, tzinfo=UTC)
URL = "http://feeds.example/news/rss.xml"
SETTINGS = PollSettings()
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def item(number=1, *, title=None, link=None, guid=None, date=None, more=""):
    """One RSS item; what is "" is left out."""
    title = f"Headline number {number}" if title is None else title
    link = f"http://feeds.example/news/{number}" if link is None else link
    parts = [
        f"<title>{title}</title>" if title else "",
        f"<link>{link}</link>" if link else "",
        f"<guid>{guid}</guid>" if guid else "",
        f"<pubDate>{date}</pubDate>" if date else "",
        more,
    ]
    return f"<item>{''.join(parts)}</item>"


def rss(*items, channel=""):
    """An RSS document of items (text)."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel>'
        f"<title>Example News</title><link>http://feeds.example/</link>{channel}"
        f"{''.join(items)}</channel></rss>"
    )


def parse(document, **arguments):
    """Parse text or bytes with the usual circumstances."""
    body = document.encode() if isinstance(document, str) else document
    return parse_feed(body, **({"url": URL, "fetched_at": NOW} | arguments))


def page(body="", *, status=200, headers=(), url=URL, final=None, hops=(), sent=(), at=NOW):
    """An exchange; `hops` are (status, to)."""
    chain, here = [], url
    for code, to in hops:
        chain.append(Hop(here, code, to))
        here = to
    raw = body.encode() if isinstance(body, str) else body
    return Page(
        url=url,
        final_url=final or here,
        status=status,
        headers=tuple(headers),
        body=raw,
        wire_body=raw,
        request_headers=tuple(sent),
        fetched_at=at,
        elapsed_s=0.1,
        hops=tuple(chain),
    )


def new_state(**changes):
    """The state of a feed that was never polled."""
    feed = Feed(**({"feed_id": "example", "url": URL, "publisher": "example"} | changes))
    return first_state(feed, NOW, 0.0)


class Polls:
    """A feed over time: keeps its state and what it knows, as the ledger would."""

    def __init__(self, state=None, *, settings=SETTINGS):
        self.state = state or new_state()
        self.settings = settings
        self.now = NOW
        self.known = {}
        self.decided = []

    def poll(self, answer, *, after=None, parsed="parse", jitter=0.0):
        """Take an answer at the planned time (or `after` a span) and return the result."""
        if after is not None:
            self.now += after
        elif self.state.last_poll_at and self.state.next_poll_at:
            self.now = self.state.next_poll_at
        if parsed == "parse":
            ok = isinstance(answer, Page) and 200 <= answer.status < 300
            parsed = self._parse(answer) if ok else None
        result = decide_poll(
            self.state, answer, parsed, self.known, self.now, self.settings, jitter
        )
        self.state = result.state
        for decision in result.decisions:
            self.known[decision.entry.key] = (decision.entry.content_hash, decision.version)
        self.decided += result.decisions
        return result

    def _parse(self, answer):
        if hashlib.sha256(answer.body).hexdigest() == self.state.body_hash:
            return None
        try:
            return parse(answer.body, url=answer.final_url, fetched_at=self.now)
        except ItemError as error:
            return error

    @property
    def delay_s(self):
        """How long until the next poll."""
        return (self.state.next_poll_at - self.now).total_seconds()
