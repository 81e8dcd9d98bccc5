"""The feed doctor: what is wrong with one feed, what to do about it, and what asking it costs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median
from urllib.parse import urlsplit

from pipeline.errors import Exemption, ItemError
from pipeline.feeds.dates import read_unclamped
from pipeline.feeds.failure import status_reason
from pipeline.feeds.redirects import PERMANENT
from pipeline.model import Entry, Feed, FeedKind, Page, ParsedFeed

SLOW_S = 10.0
LARGE_BYTES = 1024 * 1024
_MANY = 0.3  # of the entries: then it is the feed, not an entry


_UNREACHED = "try again later; if it stays so, look for another address (feeds discover)"


class Severity(StrEnum):
    """How bad a finding is."""

    ILL = "ill"  # brings no news, or wrong ones
    WARNING = "warning"  # works, but something should be changed
    NOTE = "note"  # good to know


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found."""

    slug: str
    severity: Severity
    sentence: str
    advice: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What one full request costs both sides."""

    wire_bytes: int
    body_bytes: int
    elapsed_s: float
    entries: int
    conditional: bool  # gives validators, so that most requests can be answered with a 304


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What the doctor says of one feed."""

    feed: Feed
    findings: tuple[Finding, ...]
    cost: Cost | None  # None: no answer at all
    newest_at: datetime | None = None
    exemption: Exemption | None = None  # what our own guard would need to let it through

    @property
    def ill(self) -> bool:
        """Whether the feed needs the operator."""
        return any(finding.severity is Severity.ILL for finding in self.findings)


def diagnose(
    feed: Feed,
    answer: Page | ItemError,
    parsed: ParsedFeed | ItemError | None,
    now: datetime,
    *,
    stale_after_days: float,
) -> Diagnosis:
    """Judge one answer. `parsed` is None when there was nothing to parse."""
    if isinstance(answer, ItemError):
        sentence = f"could not be fetched: {answer.reason} {answer.detail}".strip()
        finding = Finding(answer.reason, Severity.ILL, sentence, _advice(answer))
        return Diagnosis(feed, (finding,), None, exemption=answer.exemption)
    findings = list(_redirects(feed, answer))
    good = isinstance(parsed, ParsedFeed) and 200 <= answer.status < 300  # noqa: PLR2004
    if not good or not isinstance(parsed, ParsedFeed):
        findings.append(_no_feed(answer, parsed))
        return Diagnosis(feed, tuple(findings), _cost(answer, 0))
    newest = _newest(parsed)
    is_stale = newest is not None and now - newest > timedelta(days=stale_after_days)
    found = _content(feed, parsed, newest if is_stale else None, now)
    findings += [*found, *_form(parsed), *_expense(answer)]
    return Diagnosis(feed, tuple(findings), _cost(answer, len(parsed.entries)), newest)


def _advice(error: ItemError) -> str:
    """Say what to do about a feed that could not be asked."""
    if error.exemption is None:
        return _UNREACHED
    setting = ", ".join(error.exemption.lines())
    return (
        f"if it is meant, allow it in pipeline.toml: [fetch] {setting};"
        " else look for a mistake in url"
    )


def _cost(page: Page, entries: int) -> Cost:
    conditional = bool(page.header("etag") or page.header("last-modified"))
    wire = len(page.wire_body)
    return Cost(wire, len(page.body), round(page.elapsed_s, 3), entries, conditional)


def _no_feed(page: Page, parsed: ParsedFeed | ItemError | None) -> Finding:
    """Say why there is no feed in an answer."""
    advice = "look for another address: newsline feeds discover with the outlet's home page"
    if isinstance(parsed, ItemError) and 200 <= page.status < 300:  # noqa: PLR2004
        sentence = f"answers, but with no feed: {parsed.reason} {parsed.detail}".strip()
        return Finding(parsed.reason, Severity.ILL, sentence, advice)
    if page.status in (401, 403):
        advice = "ask the publisher for access; a contact in [fetch] contact may help"
    if page.status in (429, 503):
        advice = "the server is busy or thinks that we ask too often; try again later"
    reason = status_reason(page)
    return Finding(reason, Severity.ILL, f"answers with HTTP {page.status}", advice)


def _redirects(feed: Feed, page: Page) -> Iterator[Finding]:
    if not page.hops:
        return
    statuses = ", ".join(str(hop.status) for hop in page.hops)
    sentence = f"redirects ({statuses}) to {page.final_url}"
    if all(hop.status in PERMANENT for hop in page.hops):
        yield Finding("moved", Severity.WARNING, sentence, f"set url = {page.final_url!r}")
    else:
        yield Finding("redirects", Severity.NOTE, sentence, "nothing: it is not meant to last")
    if urlsplit(page.final_url).scheme == "http" and urlsplit(feed.url).scheme == "https":
        yield Finding("insecure", Severity.WARNING, "redirects from https to http",
                      "tell the publisher")  # fmt: skip


def _content(
    feed: Feed, parsed: ParsedFeed, stale_since: datetime | None, now: datetime
) -> Iterator[Finding]:
    """Judge what the feed lists; `stale_since` is its newest entry, if that is too old."""
    if parsed.kind == "sitemap_index":
        children = ", ".join(parsed.children[:3]) or "none"
        yield Finding("sitemap_index", Severity.WARNING,
                      f"is an index of sitemaps: {children}; the newest are read each time",
                      "put the address of its news sitemap there: fewer requests")  # fmt: skip
        return
    if not parsed.entries:
        yield Finding("empty_feed", Severity.ILL, "is a feed without entries",
                      "look for another address of the same outlet (feeds discover)")  # fmt: skip
        return
    if stale_since is not None:
        days = (now - stale_since).days
        yield Finding("stale", Severity.ILL, f"its newest entry is {days} days old",
                      "look for another address of the same outlet (feeds discover)")  # fmt: skip
    yield from _times(feed, parsed, now)
    linkless = sum(1 for entry in parsed.entries if entry.link is None)
    if linkless:
        severity = Severity.ILL if linkless == len(parsed.entries) else Severity.NOTE
        yield Finding("no_links", severity, f"{linkless} entries have no usable link",
                      "their pages cannot be fetched; they are counted as dropped")  # fmt: skip
    if urlsplit(feed.url).hostname == "news.google.com":
        yield Finding("proxied_links", Severity.WARNING, "its links lead through Google News",
                      "prefer the outlet's own feed or news sitemap")  # fmt: skip
    is_sitemap = parsed.kind == "sitemap"
    if is_sitemap is not (feed.kind is FeedKind.SITEMAP):
        kind = "sitemap" if is_sitemap else "feed"
        yield Finding("wrong_kind", Severity.NOTE, f"is a {parsed.kind}, listed as {feed.kind}",
                      f"set kind = {kind!r}")  # fmt: skip


def _times(feed: Feed, parsed: ParsedFeed, now: datetime) -> Iterator[Finding]:
    """Judge the clocks of a feed."""
    total = len(parsed.entries)
    future = [entry for entry in parsed.entries if "date_future" in entry.flags]
    if len(future) / total > _MANY or (future and _is_newest(future, parsed)):
        ahead_h = round(median(_ahead_s(entry, feed, now) for entry in future) / 3600, 1)
        yield Finding(
            "wrong_zone", Severity.WARNING,
            f"{len(future)} of {total} entries lie in the future, by about {ahead_h} hours",
            "local times are labelled with another zone; dates are clamped to the time of the poll",
        )  # fmt: skip
    dateless = sum(1 for entry in parsed.entries if "no_date" in entry.flags)
    zoneless = sum(1 for entry in parsed.entries if "no_zone" in entry.flags)
    assumed = sum(1 for entry in parsed.entries
                  if entry.published_at and "zone_assumed" in entry.published_at.flags)  # fmt: skip
    if zoneless or (assumed and feed.timezone is None):
        yield Finding("zone_missing", Severity.WARNING, "its dates name no time zone",
                      'set timezone = "…" for this feed, e.g. "Europe/Istanbul"')  # fmt: skip
    elif dateless / total > _MANY:
        yield Finding("no_dates", Severity.NOTE, f"{dateless} of {total} entries have no date",
                      "nothing: the dates of the pages are used")  # fmt: skip


def _is_newest(future: list[Entry], parsed: ParsedFeed) -> bool:
    """Tell whether the first entries listed are those in the future: all new ones will be."""
    return parsed.entries[0] in future and len(future) > 1


def _ahead_s(entry: Entry, feed: Feed, now: datetime) -> float:
    """Return how far ahead of us an entry claims to be, before it was clamped."""
    claim = entry.published_at or entry.updated_at
    if claim is None:
        return 0.0
    found, _ = read_unclamped(claim.raw, source=claim.source, timezone=feed.timezone)
    return (found.at - now).total_seconds() if found else 0.0


def _form(parsed: ParsedFeed) -> Iterator[Finding]:
    """Judge how the document is written."""
    encoding = [name for name in parsed.warnings if name.startswith(("encoding_", "undecodable"))]
    if encoding:
        yield Finding("bad_encoding", Severity.WARNING,
                      f"its encoding is missing or wrong ({', '.join(encoding)}); "
                      f"read as {parsed.encoding}",
                      "look at its titles; set language to help the guess")  # fmt: skip
    damaged = {"malformed_xml", "leading_junk", "control_characters"} & set(parsed.warnings)
    if damaged:
        yield Finding("malformed", Severity.NOTE, f"was mended ({', '.join(sorted(damaged))})",
                      "nothing: every entry was read")  # fmt: skip
    if "truncated" in parsed.warnings:
        yield Finding("truncated", Severity.WARNING, "ends in the middle",
                      "try again; if it stays so, tell the publisher")  # fmt: skip
    if parsed.dropped:
        lost = ", ".join(f"{count} {reason}" for reason, count in parsed.dropped.items())
        yield Finding("entries_dropped", Severity.NOTE, f"lists entries that are not kept: {lost}",
                      "raise poll.max_entries if there are too many")  # fmt: skip


def _expense(page: Page) -> Iterator[Finding]:
    """Judge what asking costs."""
    if not (page.header("etag") or page.header("last-modified")):
        yield Finding("no_validators", Severity.NOTE, "every request transfers all of it",
                      "nothing: its bytes are compared instead")  # fmt: skip
    if page.elapsed_s > SLOW_S:
        yield Finding("slow", Severity.WARNING, f"took {page.elapsed_s:.0f} s",
                      "try again; a slow feed holds up its host's other feeds")  # fmt: skip
    if len(page.body) > LARGE_BYTES:
        yield Finding("large", Severity.NOTE, f"has {len(page.body) / 1e6:.1f} MB",
                      "prefer a feed of one section")  # fmt: skip


def _newest(parsed: ParsedFeed) -> datetime | None:
    claims = (claim for entry in parsed.entries for claim in (entry.published_at, entry.updated_at))
    return max(
        (claim.at for claim in claims if claim and "future" not in claim.flags), default=None
    )
