"""Fills the templates: escaped without exception, and a name that is missing is a bug."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from pipeline.config import Config
from pipeline.ops import asked, health, reports, show
from pipeline.ops.access import Person
from pipeline.ops.forgery import token_for
from pipeline.ops.sparkline import bars
from pipeline.ops.words import reason_words, stage_words

#: What a redirect after an action says.
DONE = {
    "poll": "It is due now; the next run asks it.",
    "pause": "It is paused, and no longer asked.",
    "resume": "It is asked again, from now on.",
    "address": "It is asked at its new address, from now on.",
    "replay": "They are due again; the next run takes them up.",
}


@dataclass(frozen=True, slots=True)
class Visit:
    """Who looks at a page, when, and from where it is served."""

    root: str  # path at which the application is mounted
    person: Person
    may_act: bool
    now: datetime
    secret: bytes
    config: Config
    done: str  # slug of the action that led here


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("pipeline.ops"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,  # a template of tomorrow's version does not fit today's code
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "text": show.text,
        "short": show.short,
        "number": show.number,
        "span": show.span,
        "moment": show.moment,
        "reason": lambda slug: show.text(reason_words(slug)),
        "stage": stage_words,
        "segment": lambda value: quote(value, safe=""),
    }
    environment.globals |= {
        "share": show.share,
        "bars": bars,
        "standings": health.STANDINGS,
        "a_page": reports.FEEDS_A_PAGE,
        "letters_a_page": reports.LETTERS_A_PAGE,
        "compared": reports.COMPARED,
        "next_poll": health.next_poll,
        "why_interval": health.why_interval,
        "feed_query": asked.feed_query,
        "place_query": asked.place_query,
        "query": lambda **pairs: urlencode({k: v for k, v in pairs.items() if v}),
    }
    return environment


TEMPLATES = _environment()
for _name in TEMPLATES.list_templates(extensions=["j2"]):
    TEMPLATES.get_template(_name)  # all at once, for the same reason


def render(name: str, visit: Visit, status: HTTPStatus, **report: Any) -> Response:  # noqa: ANN401 - each page's own
    """Return a page."""

    def ago(at: datetime | None) -> Markup:
        """Show a time as people say it, with the exact one for machines and for pointing at."""
        if at is None:
            return Markup("<span class=quiet>never</span>")
        exact = show.moment(at)
        return Markup('<time datetime="{}Z" title="{} UTC">{}</time>').format(
            exact.replace(" ", "T"), exact, show.since(at, visit.now)
        )

    page = TEMPLATES.get_template(f"{name}.html.j2")
    body = page.render(
        visit=visit,
        root=visit.root,
        now=visit.now,
        config=visit.config,
        token=token_for(visit.person, visit.now, visit.secret),
        done=DONE.get(visit.done, ""),
        ago=ago,
        page=name,
        **report,
    )
    return HTMLResponse(body, status)
