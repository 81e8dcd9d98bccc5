"""What a page's JSON-LD says about its article. Tolerant of broken blocks, bounded in all ways."""

import html
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml.html import HtmlElement

from pipeline.extract.plain import one_line

#: A block longer than this is no metadata; real ones stay under 100 kB.
_MAX_BLOCK_CHARS = 1_000_000
_MAX_BLOCKS = 50
#: Objects looked at in all; guards against wide graphs.
_MAX_OBJECTS = 2_000
_RAW_CONTROLS = re.compile(r"[\x00-\x1f]+")

_ARTICLE_TYPES = frozenset(
    {
        "article", "newsarticle", "reportagenewsarticle", "analysisnewsarticle",
        "backgroundnewsarticle", "opinionnewsarticle", "reviewnewsarticle", "askpublicnewsarticle",
        "advertisercontentarticle", "satiricalarticle", "liveblogposting", "blogposting",
        "socialmediaposting", "report", "techarticle", "scholarlyarticle",
    }
)  # fmt: skip
#: Looked at when no article is there: some sites put the dates on the page object.
_PAGE_TYPES = frozenset({"webpage", "itempage", "videoobject"})


@dataclass(frozen=True, slots=True)
class Story:
    """The claims of one JSON-LD article; empty when the page has none."""

    found: bool = False
    headline: str | None = None
    published: str | None = None
    modified: str | None = None
    authors: tuple[str, ...] = ()
    publisher: str | None = None
    section: str | None = None
    keywords: tuple[str, ...] = ()
    description: str | None = None
    image: str | None = None
    language: str | None = None
    free: bool | None = None  # isAccessibleForFree
    flags: tuple[str, ...] = field(default_factory=tuple)


def read_story(root: HtmlElement) -> Story:
    """Return what the page's JSON-LD says of its main article.

    Of several articles (a page may list others) the one with most of headline, date and author
    wins, the first of equals.
    """
    flags: list[str] = []
    objects = list(_objects(_blocks(root, flags)))
    articles = [item for item in objects if _types(item) & _ARTICLE_TYPES]
    if articles:
        best = max(articles, key=_completeness)
        return _story(best, objects, found=True, flags=tuple(flags))
    pages = [item for item in objects if _types(item) & _PAGE_TYPES]
    page = max(pages, key=_completeness, default={})
    return _story(page, objects, found=False, flags=tuple(flags))


def _blocks(root: HtmlElement, flags: list[str]) -> Iterator[Any]:
    """Parse each block; a broken or deep one is flagged and passed over."""
    scripts = (node for node in root.iter("script") if "ld+json" in (node.get("type") or ""))
    for count, script in enumerate(scripts):
        text = script.text or ""
        if count == _MAX_BLOCKS or len(text) > _MAX_BLOCK_CHARS:
            flags.append("json_ld_too_large")
            return
        try:
            yield _loads(text)
        except (ValueError, RecursionError):
            flags.append("json_ld_broken")


def _loads(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """Parse JSON as sites write it: raw line breaks in strings, CDATA, a trailing semicolon."""
    text = _RAW_CONTROLS.sub(" ", text).strip()
    text = text.removeprefix("//<![CDATA[").removeprefix("<![CDATA[").removesuffix(";")
    text = text.removesuffix("//]]>").removesuffix("]]>").strip()
    return json.loads(text)


def _objects(blocks: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Walk blocks, lists, @graph and main entities, breadth first, without recursion."""
    queue = deque(blocks)
    for _ in range(_MAX_OBJECTS):
        if not queue:
            return
        item = queue.popleft()
        if isinstance(item, list):
            queue.extend(item)
        elif isinstance(item, dict):
            yield item
            for key in ("@graph", "mainEntity", "mainEntityOfPage"):
                if isinstance(item.get(key), (list, dict)):
                    queue.append(item[key])


def _types(item: dict[str, Any]) -> frozenset[str]:
    kinds = item.get("@type")
    many = kinds if isinstance(kinds, list) else [kinds]
    return frozenset(kind.rsplit("/", 1)[-1].lower() for kind in many[:20] if isinstance(kind, str))


def _completeness(item: dict[str, Any]) -> int:
    return sum(bool(item.get(key)) for key in ("headline", "datePublished", "author"))


def _story(
    item: dict[str, Any], objects: list[dict[str, Any]], *, found: bool, flags: tuple[str, ...]
) -> Story:
    return Story(
        found=found,
        headline=_text(item.get("headline") or (item.get("name") if found else None)),
        published=_text(item.get("datePublished") or item.get("dateCreated")),
        modified=_text(item.get("dateModified")),
        authors=tuple(_names(item.get("author"), objects)),
        publisher=next(_names(item.get("publisher"), objects), None),
        section=_text(item.get("articleSection")),
        keywords=tuple(_keywords(item.get("keywords"))),
        description=_text(item.get("description")),
        image=_url(item.get("image")),
        language=_text(item.get("inLanguage")),
        free=_boolean(item.get("isAccessibleForFree")),
        flags=flags,
    )


def _text(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """Return the first plain text in a value; entities that were escaped twice are undone."""
    if isinstance(value, list):
        return next((text for item in value[:20] if (text := _text(item))), None)
    if isinstance(value, dict):
        return _text(value.get("@value") or value.get("name"))
    return one_line(html.unescape(value)) or None if isinstance(value, str) else None


def _names(value: Any, objects: list[dict[str, Any]]) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Yield the names of people or organisations, following one @id into the graph."""
    for item in (value if isinstance(value, list) else [value])[:50]:
        person = item
        if isinstance(item, dict) and "name" not in item and "@id" in item:
            person = next(
                (other for other in objects if other.get("@id") == item["@id"] and "name" in other),
                item,
            )
        named = person.get("name") if isinstance(person, dict) else person
        for name in (named if isinstance(named, list) else [named])[:50]:
            if text := _text(name):
                yield text


def _keywords(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    many = value.split(",") if isinstance(value, str) else value
    for item in many[:100] if isinstance(many, list) else ():
        if text := _text(item):
            yield text


def _url(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("url") or value.get("contentUrl")
    return _text(value)


def _boolean(value: Any) -> bool | None:  # noqa: ANN401 - any JSON value
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(str(value).strip().lower())
