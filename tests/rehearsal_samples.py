"""A few articles for tests of the rehearsal world, and short ways to ask it things."""

from datetime import UTC, datetime

from pipeline.rehearsal.articles import Article, Version
from pipeline.rehearsal.message import Request
from pipeline.rehearsal.outlets import OUTLETS
from pipeline.rehearsal.script import Script
from pipeline.rehearsal.world import World

SENTENCES = {
    "en": "The council met again on Monday and spoke about the bridge, water & the road “home”.",
    "tr": "Belediye meclisi pazartesi günü köprüyü, suyu ve “eve dönüş” yolunu uzun uzun görüştü.",
    "ar": "اجتمع المجلس يوم الاثنين وبحث موضوع الجسر والماء والطريق إلى البيت.",
    "de": "Der Rat tagte am Montag erneut und sprach über Brücke, Wasser und den Weg „nach Hause“.",
    "fr": "Le conseil s'est réuni lundi et a parlé du pont, de l'eau et du chemin « du retour ».",
}
LANGUAGES = {outlet.slug: outlet.language for outlet in OUTLETS}


def at(text):
    """Read a time; without a zone it is UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def article(outlet, number=1, *, published="2019-09-01T08:00", section="world", edits=(), **more):
    """Return an article; edits are (time, title, paragraphs)."""
    language = LANGUAGES.get(outlet, "en")
    paragraphs = tuple(f"{number}.{n} {SENTENCES[language]}" for n in range(1, 7))
    first = Version(
        at(published), f"{outlet} {number}: {SENTENCES[language][:42].strip()}", paragraphs
    )
    return Article(
        id=more.pop("id", f"{outlet}-{number}"),
        outlet=outlet,
        language=language,
        section=section,
        standfirst=more.pop("standfirst", ""),
        authors=more.pop("authors", ("Deniz Örnek",)),
        keywords=("köprü",),
        versions=(first, *(Version(at(when), title, text) for when, title, text in edits)),
        **more,
    )


def every_outlet():
    """Three articles for each outlet, a day apart."""
    return [
        article(outlet.slug, n, published=f"2019-09-0{n}T08:00")
        for outlet in OUTLETS
        for n in (1, 2, 3)
    ]


def script(*events, links=()):
    """Return a script of events given as dicts; `from` and `until` default to all of 2019."""
    whole = {"from": "2019-01-01T00:00:00Z", "until": "2020-01-01T00:00:00Z"}
    named = [{"name": f"event-{n}", **whole, **event} for n, event in enumerate(events)]
    return Script.model_validate({"event": named, "link": list(links)})


def ask(world, url, now="2019-09-10T12:00", *, earlier=0, **headers):
    """Ask a world for host/path?query; header names are given with underscores."""
    host, _, rest = url.partition("/")
    path, _, query = ("/" + rest).partition("?")
    if not host.endswith(".localhost"):
        host += ".localhost"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return world.answer(Request(host, path, query, named, earlier), at(now))


def ask_feed(world, feed_id, now="2019-09-10T12:00", **more):
    """Ask for a feed by its id."""
    outlet, spec = world.sites.feeds[feed_id]
    return ask(world, outlet.host + spec.path, now, **more)


def ask_page(world, wanted, now="2019-09-10T12:00", which="page", **more):
    """Ask for an article's page."""
    host = world.sites.outlet_of(wanted).host
    return ask(world, host + world.sites.path(wanted, which), now, **more)


def small_world(articles=None, *events, **more):
    """Return a world of some articles and events at port 8080."""
    chosen = every_outlet() if articles is None else articles
    links = more.pop("links", ())
    return World(chosen, script=script(*events, links=links), port=8080, **more)
