"""The routes of the explorer: each reads its address, asks for one report, and fills one page."""

from collections.abc import Callable, Collection, Sequence
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from pipeline.errors import UsageError
from pipeline.index.parse_query import parse_query
from pipeline.keys import KeyScope
from pipeline.model import Document
from pipeline.ops.asked import storable
from pipeline.rights import SNIPPET_ONLY
from pipeline.serve.access import Caller, Served, requires
from pipeline.serve.forms import form_token
from pipeline.serve.pages import articles, atlas, entities, marking, places, results, spans, stories
from pipeline.serve.pages.asked import SORTS, View, address, export_links, toggled, view_of
from pipeline.serve.pages.diffing import Block, Edit
from pipeline.serve.pages.rendering import render
from pipeline.serve.pages.timeline import Point, timeline
from pipeline.serve.pages.understood import understood
from pipeline.serve.pages.volume import Bar, bars_of, drawn

router = APIRouter(include_in_schema=False)
Reader = Annotated[Caller, Depends(requires(KeyScope.SEARCH))]

#: How an article came into its story, in words.
STORY_WORDS = {
    "first": "it began the story",
    "close": "it has much in common with others of it",
    "copy": "its text is a copy of one in it",
    "merged": "its story became part of this one",
    "copied": "another article copied its text",
}


def _page(
    request: Request,
    caller: Caller,
    name: str,
    status: HTTPStatus = HTTPStatus.OK,
    **values: object,
) -> Response:
    return render(name, status, caller=caller, token=form_token(request, caller), **values)


@router.get("/")
def search(request: Request, serving: Served, caller: Reader) -> Response:
    """Show what is found for a view."""
    view = view_of(request.query_params.multi_items())
    found, problem, said = None, "", []
    try:
        said = understood(parse_query(view.text))
        found = results.results_of(serving.index, view)
    except UsageError as error:
        problem = str(error)
    bars = bars_of(found.days, view.since, view.until) if found else []
    link = _days_link(view)
    return _page(
        request,
        caller,
        "search",
        HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK,
        view=view,
        problem=problem,
        said=said,
        results=found,
        bars=bars,
        picture=drawn(bars, link),
        days_link=link,
        sorts=SORTS,
        folded=results.folded_in(found) if found else [],
        chosen=[
            (facet, value, toggled(view, facet, value))
            for facet, values in view.filters.items()
            for value in values
        ],
        exports=export_links(view),
    )


def _days_link(view: View) -> Callable[[Bar], str]:
    """Return what leads from a bar to its days in a view."""
    return lambda bar: "/" + address(view, since=bar.first, until=bar.last)


@router.get("/articles/{article_id}")
def article(request: Request, serving: Served, caller: Reader, article_id: str) -> Response:
    """Show one article; the words of a query that led here are marked, too."""
    revision, asked = (storable(request.query_params.get(name, "")) for name in ("revision", "q"))
    wanted = int(revision) if revision.isascii() and revision.isdigit() else None
    report = articles.article_report(serving.index, serving.ledger, article_id, wanted)
    if report is None:
        return _absent_article(request, serving, caller, article_id)
    document = report.document
    title, body = spans.all_spans(document, report.found, asked)
    return _page(
        request,
        caller,
        "article",
        report=report,
        links=spans.links_of(report.found),
        asked=asked,
        title=marking.marked_line(document["title"] or "(no headline)", title),
        body=marking.marked_paragraphs(document["text"], body),
        pieces=_pieces,
        notes=_notes(document),
        wishes=_wishes(document),
        picture=_picture(report.told) if report.in_story > 1 else None,
    )


def _absent_article(request: Request, serving: Served, caller: Caller, article_id: str) -> Response:
    """Say that an article is not in the index; those who may see the life of any URL see why."""
    life = None
    if caller.may(KeyScope.OPS):
        life = articles.life_of_absent(serving.ledger, article_id)
    words = (
        "It was taken back, or it never came into the index."
        if life is None
        else "The index does not hold it; this is what the ledger knows."
    )
    headline = "This article is not here"
    status = HTTPStatus.NOT_FOUND
    return _page(request, caller, "absent", status, headline=headline, words=words, life=life)


def _pieces(block: Block) -> Markup:
    """Return a paragraph of a difference, without the blank lines behind it."""
    shown = {
        Edit.KEPT: Markup("{}"),
        Edit.OUT: Markup("<del>{}</del>"),
        Edit.IN: Markup("<ins>{}</ins>"),
    }
    texts = [piece.text for piece in block[:-1]] + [block[-1].text.rstrip()]
    return Markup().join(
        shown[piece.edit].format(marking.plain(text))
        for piece, text in zip(block, texts, strict=True)
    )


def _notes(document: Document) -> list[str]:
    """Return what a reader should know before trusting an article."""
    flags = document.get("flags") or ()
    said = {
        "date_conflict": "Signals disagree about when it was published.",
        "enrichment_incomplete": "An enricher failed at it: something may be missing below.",
    }
    notes = [words for flag, words in said.items() if flag in flags]
    if document["text_source"] == "feed":
        notes.append("The page could not be had: this is the feed’s own text.")
    if SNIPPET_ONLY in flags:
        notes.append("Its outlet allows the beginning of the text only; the rest is on its page.")
    if document.get("paywalled"):
        notes.append("The page is behind a paywall: the text may be its beginning only.")
    return notes


def _wishes(document: Document) -> str:
    wishes = [
        words
        for field, words in (
            ("noindex", "asks search engines to leave it out"),
            ("tdm_reserved", "reserves text and data mining"),
        )
        if document[field]
    ]
    return ", ".join(wishes) or "none"


@router.get("/stories/{story_id}")
def story(request: Request, serving: Served, caller: Reader, story_id: str) -> Response:
    """Show one story; an id that ended leads to the story that it became part of."""
    report = stories.story_report(serving.index, serving.ledger, story_id)
    if report is None:
        now = stories.find_story(serving.index, serving.ledger, story_id)
        if now is not None and now != story_id:
            return RedirectResponse(f"/stories/{quote(now, safe='')}", HTTPStatus.SEE_OTHER)
        words = "No article tells it any more, or there never was one."
        status = HTTPStatus.NOT_FOUND
        headline = "This story is not here"
        return _page(request, caller, "absent", status, headline=headline, words=words, life=None)
    picture = timeline(_points(report.documents, report.copies))
    return _page(request, caller, "story", report=report, picture=picture, story_words=STORY_WORDS)


def _picture(told: Sequence[Document]) -> Markup:
    return timeline(_points(told, results.copies_in(told)))


def _points(documents: Sequence[Document], copies: Collection[str]) -> list[Point]:
    """Return who told a story when."""
    return [
        Point(
            document["outlet"],
            stories.told_at(document),
            document["title"],
            f"/articles/{quote(document['article_id'], safe='')}",
            document["article_id"] in copies,
        )
        for document in documents
    ]


@router.get("/entity")
def entity(request: Request, serving: Served, caller: Reader) -> Response:
    """Show one person, organisation or place, named as a facet names it."""
    view = view_of(request.query_params.multi_items())
    kind = next((kind for kind in entities.KINDS if view.filters.get(kind)), "")
    report = None
    if kind:
        name = view.filters[kind][0]
        report = entities.entity_report(serving.index, serving.names(), kind, name)
    if report is None:
        words = "No article names it, and no list has it."
        return _page(
            request, caller, "absent", HTTPStatus.NOT_FOUND,
            headline="Nobody and nothing of that name is known", words=words, life=None,
        )  # fmt: skip
    only = View(filters={kind: (report.name,)})
    link = _days_link(only)
    bars = bars_of(report.days)
    return _page(
        request,
        caller,
        "entity",
        report=report,
        bars=bars,
        picture=drawn(bars, link),
        days_link=link,
        aliases=entities.aliases_of(report.known),
        map=_small_map(report),
    )


def _small_map(report: entities.EntityReport) -> Markup:
    if report.location is None:
        return Markup()
    link = "/" + address(View(filters={report.kind: (report.name,)}))
    point = atlas.Point(report.name, *report.location, report.page.total, link)
    return atlas.world([point], [], whole=False, scale=2.0)


@router.get("/places")
def map_of_places(request: Request, serving: Served, caller: Reader) -> Response:
    """Show where the articles of a view are about."""
    pairs = request.query_params.multi_items()
    view, single = view_of(pairs), dict(pairs)
    of = single["of"] if single.get("of") in places.OF else "place"
    report, problem = None, ""
    try:
        report = places.places_report(serving.index, serving.names(), view, of)
    except UsageError as error:
        problem = str(error)

    def link(spot: places.Spot) -> str:
        return "/" + address(view, filters={**view.filters, of: (spot.name,)})

    spots = report.spots if report else ()
    points = [atlas.Point(s.name, *s.point, s.articles, link(s)) for s in spots if s.point]
    countries = [
        atlas.Country(s.country, s.name, s.articles, link(s))
        for s in spots
        if s.country and not s.point
    ]
    whole = bool(single.get("world"))
    return _page(
        request,
        caller,
        "places",
        HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK,
        view=view,
        of=of,
        report=report,
        problem=problem,
        link=link,
        whole=whole,
        picture=atlas.world(points, countries, whole=whole),
    )
