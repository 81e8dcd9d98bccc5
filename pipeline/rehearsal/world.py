"""What does this address answer at this time? Pure: no socket, no clock of its own, no state."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from pipeline.model import Feed
from pipeline.rehearsal.articles import Article
from pipeline.rehearsal.attachments import MEMBERS_PAGE, small_pdf, square_png
from pipeline.rehearsal.feeds import feed_bytes, month_bytes, settled_at
from pipeline.rehearsal.message import (
    VALIDATORS,
    Answer,
    Request,
    compressed,
    conditional,
    http_date,
    validated,
)
from pipeline.rehearsal.outlets import OUTLETS, Outlet, Validators
from pipeline.rehearsal.pages import article_page, front_page, notice_page
from pipeline.rehearsal.script import Does, Event, Script
from pipeline.rehearsal.sites import Place, Sites

#: Events that put a page of another kind in place of the answer.
_NOTICES = {
    Does.HTML: (200, "challenge"),
    Does.BOT_WALL: (403, "challenge"),
    Does.SOFT_404: (200, "not_found"),
}


class World:
    """The rehearsal news world at one port. Raises ConfigError when its parts do not fit."""

    def __init__(
        self,
        articles: Sequence[Article],
        *,
        outlets: Sequence[Outlet] = OUTLETS,
        script: Script | None = None,
        port: int = 80,
    ) -> None:
        self.script = script or Script()
        self.sites = Sites(outlets, articles, self.script, port)
        self._hosts = {outlet.host: outlet for outlet in outlets}

    def catalogue(self) -> tuple[Feed, ...]:
        """Return every feed of the world as an operator would list it."""
        outlets = self.sites.outlets.values()
        return tuple(feed for outlet in outlets for feed in outlet.catalogue(self.sites.port))

    def answer(self, request: Request, now: datetime) -> Answer:
        """Answer one request at a time of this world."""
        outlet = self._hosts.get(request.host)
        if outlet is None:
            body = b"No such site in the rehearsal world."
            return Answer(421, (("Content-Type", "text/plain"),), body)
        place = self.sites.find(request.host, request.path)
        events = self.script.active(_targets(request, place), now, request.earlier)
        answer = self._shaped(outlet, place, events, request, now)
        return answer.plus(("Date", http_date(now)))

    def _shaped(
        self,
        outlet: Outlet,
        place: Place | None,
        events: Sequence[Event],
        request: Request,
        now: datetime,
    ) -> Answer:
        """Return the healthy answer as the events of the moment change it."""
        seen_at = now
        for event in events:
            instead = self._instead(outlet, place, event, request)
            if instead is not None:
                return instead
            if event.does is Does.STALE:
                seen_at = event.since
        does = {event.does for event in events}
        answer = self._healthy(outlet, place, seen_at, paywalled=Does.PAYWALL in does)
        how = _validators(outlet, place)
        asked = {"if-none-match", "if-modified-since"} & set(request.headers)
        if Does.NOT_MODIFIED in does and asked:
            return Answer(304)
        if Does.TRUNCATED in does:
            # Whoever wrote half a document did not know its validators either.
            half = answer.body[: len(answer.body) * 3 // 5]
            kept = tuple(pair for pair in answer.headers if pair[0] not in VALIDATORS)
            answer = replace(answer, body=half, headers=kept)
        answer = compressed(conditional(answer, request), request, how)
        delay_s = sum((event.delay_s for event in events if event.does is Does.SLOW), 0.0)
        return replace(answer, delay_s=delay_s, cut=Does.CUT in does)

    def _instead(
        self, outlet: Outlet, place: Place | None, event: Event, request: Request
    ) -> Answer | None:
        """Return what an event puts in place of the healthy answer; None: it does not."""
        if event.does in _NOTICES:
            status, notice = _NOTICES[event.does]
            return _html(outlet, status, notice_page(outlet, notice))
        if event.does is Does.EMPTY:
            return Answer(200, (("Content-Type", "application/rss+xml"),))
        if event.does is Does.MOVED and (place is None or request.path != event.to):
            return Answer(event.status, (("Location", self._target(outlet, event)),))
        if event.does is Does.STATUS:
            answer = _html(outlet, event.status, notice_page(outlet, "not_found"))
            wait = event.retry_after_s
            return answer if wait is None else answer.plus(("Retry-After", str(wait)))
        return None

    def _target(self, outlet: Outlet, event: Event) -> str:
        """Return where a `moved` event leads: a path of the host, or an article anywhere."""
        to = event.to or "/"
        if to.startswith("/"):
            return self.sites.origin(outlet) + to
        return self.sites.url(self.sites.articles[to])

    def _healthy(
        self, outlet: Outlet, place: Place | None, now: datetime, *, paywalled: bool
    ) -> Answer:
        """Return what stands at a place, with the validators and headers of its server."""
        if place is None:
            return _not_found(outlet)
        match place.kind:
            case "home" | "section":
                page = front_page(self.sites, outlet, now, section=place.name or None)
                answer = _html(outlet, 200, page)
            case "robots":
                answer = _robots(outlet)
            case "image":
                answer = Answer(200, (("Content-Type", "image/png"),), square_png())
            case "link":
                answer = _link(place)
            case "feed" | "month":
                answer = self._feed(place, now)
            case _:
                answer = self._article(outlet, place, now, paywalled=paywalled)
        return answer

    def _feed(self, place: Place, now: datetime) -> Answer:
        """Return a feed document, or one month of a news sitemap."""
        spec = place.feed
        assert spec is not None, "places of kind feed and month have one"  # noqa: S101
        if place.kind == "month":
            body = month_bytes(self.sites, spec, place.name, now)
        else:
            body = feed_bytes(self.sites, spec, now)
        headers = [("Content-Type", spec.content_type)]
        if spec.max_age_s is not None:
            headers.append(("Cache-Control", f"public, max-age={spec.max_age_s}"))
        answer = Answer(200, tuple(headers), body)
        return validated(answer, spec.validators, settled_at(self.sites, spec, now))

    def _article(self, outlet: Outlet, place: Place, now: datetime, *, paywalled: bool) -> Answer:
        """Return an article's page; 404 before it is published, 404 or 410 after its retraction."""
        article = place.article
        assert article is not None, "places of kind article, amp and mobile have one"  # noqa: S101
        version = article.version(now)
        if version is None:
            gone = article.retracted_at is not None and article.retracted_at <= now
            status = article.retracted_status if gone else 404
            return _html(outlet, status, notice_page(outlet, "not_found"))
        page = article_page(
            self.sites, article, version, now, which=place.kind, paywalled=paywalled
        )
        answer = _html(outlet, 200, page).plus(("Cache-Control", "max-age=60"))
        return validated(answer, outlet.page_validators, self._changed_at(outlet, article, now))

    def _changed_at(self, outlet: Outlet, article: Article, now: datetime) -> datetime:
        """Return when an article's page last changed; its related links change with the site."""
        times = [each.version(now) for each in self.sites.published(outlet, now)]
        newest = max((version.at for version in times if version), default=article.published_at)
        return max(newest, article.published_at)


def _targets(request: Request, place: Place | None) -> set[str]:
    """Return the names under which a script speaks of what is asked for."""
    targets = {request.host + request.path}
    if place is not None and place.feed is not None and place.kind == "feed":
        targets.add(place.feed.id)
    if place is not None and place.article is not None:
        targets.add(place.article.id)
    return targets


def _validators(outlet: Outlet, place: Place | None) -> Validators:
    if place is not None and place.feed is not None:
        return place.feed.validators
    return outlet.page_validators


def _html(outlet: Outlet, status: int, body: bytes) -> Answer:
    charset = f"; charset={outlet.encoding}" if outlet.charset_header else ""
    return Answer(status, (("Content-Type", f"text/html{charset}"),), body)


def _not_found(outlet: Outlet) -> Answer:
    status = 200 if outlet.soft_404 else 404
    return _html(outlet, status, notice_page(outlet, "not_found"))


def _robots(outlet: Outlet) -> Answer:
    if outlet.robots is None:
        return _html(outlet, 404, notice_page(outlet, "not_found"))
    return Answer(200, (("Content-Type", "text/plain"),), outlet.robots.encode())


def _link(place: Place) -> Answer:
    """Return what a listed link serves that is no article."""
    serves = place.link.serves if place.link else "nothing"
    if serves == "pdf":
        return Answer(200, (("Content-Type", "application/pdf"),), small_pdf())
    if serves == "image":
        return Answer(200, (("Content-Type", "image/png"),), square_png())
    return Answer(200, (("Content-Type", "text/html; charset=utf-8"),), MEMBERS_PAGE.encode())
