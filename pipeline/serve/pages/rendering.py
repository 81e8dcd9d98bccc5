"""Fills the templates of the explorer: escaped without exception, and a missing name is a bug."""

from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from pipeline.model import Document
from pipeline.ops import show
from pipeline.ops.words import reason_words
from pipeline.serve.pages import asked, marking, timeline, volume
from pipeline.serve.pages.diffing import Edit, is_kept

#: What a facet is called, one and several.
FACET_WORDS = {
    "topic": ("Topic", "Topics"),
    "person": ("Person", "People"),
    "organisation": ("Organisation", "Organisations"),
    "place": ("Place", "Places named"),
    "scene": ("Scene", "Where it happened"),
    "outlet": ("Outlet", "Outlets"),
    "language": ("Language", "Languages"),
    "iptc": ("IPTC topic", "IPTC Media Topics"),
    "key_phrases": ("Key phrase", "Key phrases"),
    "country": ("Country of outlet", "Countries of outlets"),
    "section": ("Section", "Sections"),
    "author": ("Author", "Authors"),
    "day": ("Day", "Days"),
    "story_id": ("Story", "Stories"),
}
LANGUAGES = {
    "ar": "Arabic", "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish",
    "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hu": "Hungarian",
    "it": "Italian", "ku": "Kurdish", "nl": "Dutch", "no": "Norwegian", "pl": "Polish",
    "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "ta": "Tamil",
    "tr": "Turkish", "uk": "Ukrainian", "zh": "Chinese",
}  # fmt: skip
_LEAD_CHARS = 220


def _environment() -> Environment:
    environment = Environment(
        loader=ChoiceLoader(
            [
                PackageLoader("pipeline.serve.pages"),
                PrefixLoader({"ops": PackageLoader("pipeline.ops")}),
            ]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "text": show.text,
        "short": show.short,
        "number": show.number,
        "moment": show.moment,
        "reason": lambda slug: show.text(reason_words(slug)),
        "segment": lambda value: quote(value, safe=""),
        "fragment": marking.marked_fragment,
        "web": web_address,
        "value": shown_value,
    }
    environment.globals |= {
        "facet_words": FACET_WORDS,
        "address": asked.address,
        "toggled": asked.toggled,
        "pairs_of": asked.pairs_of,
        "clock": clock,
        "published": published,
        "lead": lead,
        "query": lambda **pairs: urlencode({k: v for k, v in pairs.items() if v}),
        "is_kept": is_kept,
        "Edit": Edit,
        "axis": volume.axis,
        "summary": volume.summary,
        "max_rows": timeline.MAX_ROWS,
    }
    return environment


def web_address(url: str | None) -> str:
    """Return an address that a link may lead to; nothing for any other scheme."""
    return url if url and url.lower().startswith(("https://", "http://")) else ""


def shown_value(value: str, facet: str) -> str:
    """Return a value of a facet as people read it."""
    return LANGUAGES.get(value, value) if facet == "language" else show.text(value, 120)


def clock(at: datetime | str) -> Markup:
    """Return a time to the minute, UTC, exact for machines."""
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    exact = show.moment(moment)
    return Markup('<time datetime="{}Z">{}</time>').format(exact.replace(" ", "T"), exact[:16])


def published(document: Document) -> Markup:
    """Return when the publisher says it was published, as precisely as it says so."""
    if not document.get("published_at"):
        return Markup("no date claimed")
    if document["published_at_precision"] == "day":
        return Markup('<time datetime="{0}">{0}</time>').format(document["day"])
    return clock(document["published_at"])


def lead(document: Document) -> str:
    """Return the beginning of an article's text."""
    text = " ".join(document["text"][: 2 * _LEAD_CHARS].split())
    return text if len(text) <= _LEAD_CHARS else text[:_LEAD_CHARS].rsplit(" ", 1)[0] + " …"


TEMPLATES = _environment()
for _name in TEMPLATES.list_templates(extensions=["j2"]):
    if not _name.startswith("ops/"):
        TEMPLATES.get_template(_name)  # all at once: tomorrow's do not fit today's code


def render(
    name: str,
    status: HTTPStatus = HTTPStatus.OK,
    **values: Any,  # noqa: ANN401 - each page's own
) -> Response:
    """Return a page."""
    page = TEMPLATES.get_template(f"{name}.html.j2")
    return HTMLResponse(page.render(page=name, **values), status)
