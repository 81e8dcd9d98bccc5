"""`newsline enrich`: who, where and what a text is about; needs no ledger and no network."""

import asyncio
import codecs
import sys
from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractContextManager, closing, nullcontext
from datetime import date
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

import orjson
import typer

from pipeline.adapters.places.opening import open_places
from pipeline.adapters.workers import ProcessWorkers
from pipeline.cli.given import (
    AHEAD,
    cores,
    in_order,
    plain_reason,
    refuse_address,
    refuse_same,
    summarise,
)
from pipeline.cli.options import ConfigOption, open_config
from pipeline.cli.output import BAD_NEWS, JsonFlag, complain, print_json, print_table
from pipeline.config import ParserSettings, load
from pipeline.errors import ItemError, UsageError
from pipeline.index.said import said
from pipeline.model import Enrichment, Mention, Place, Result, Topic

_REGISTRY = "pipeline.enrich.tasks"
_STANDARD = "-"
_BAD_LINE = "bad_line"
#: Outcomes of `newsline extract` that leave nothing to enrich.
_ENDED = frozenset({Result.DROPPED.value, Result.DEAD.value})


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("enrich")(enrich)


def enrich(
    file: Annotated[
        str,
        typer.Argument(help="Plain text, or a JSON object with title and text; - reads stdin."),
    ] = "",
    *,
    title: Annotated[str, typer.Option(help="Headline of a plain text.")] = "",
    language: Annotated[str, typer.Option(help="What the text is believed to be in: en, tr…")] = "",
    published: Annotated[
        str, typer.Option(help="Day on which it came out, YYYY-MM-DD: dates are seen from there.")
    ] = "",
    batch: Annotated[str, typer.Option(help="JSON lines of texts instead of FILE; or -.")] = "",
    out: Annotated[str, typer.Option(help="Where the lines of --batch go.")] = _STANDARD,
    config_dir: Annotated[
        Path | None,
        typer.Option(
            "--config-dir",
            help="Holds gazetteer/, topics.toml, iptc/. Default: ./config, else the checkout's",
            envvar="NEWSLINE_CONFIG_DIR",
            file_okay=False,
            exists=True,
        ),
    ] = None,
    config: ConfigOption = None,
    json: JsonFlag = False,
) -> None:
    """Find the language, people, organisations, places, topics, quotations and dates of a text.

    Offsets count code points of the given title or text. A batch has one JSON object per line:
    {"id", "title", "text", "language"?, "published_at"?, "section"?, "keywords"?}, the last two as
    the outlet gives them; each is answered in order by a line with its id, a line that cannot be
    read by {"id", "line", "error"}. What `newsline extract` dropped or gave up is passed on with
    its outcome and reason. Exit code 1 if a line was dead or could not be read, or if the one text
    had to be given up.

    Example: newsline enrich article.txt --title "First joint patrol" --json

    Example: newsline enrich --batch articles.jsonl --out enriched.jsonl
    """
    if bool(file) == bool(batch):
        raise UsageError("give either a FILE or --batch LINES, not both and not neither")
    refuse_address(file)
    if file.lower().endswith((".jsonl", ".ndjson")):
        raise UsageError(f"{file} holds lines: use `newsline enrich --batch {file}`")
    file_of_settings, folder = open_config(config, config_dir)
    settings = load(file_of_settings)
    limits, models = settings.parser, settings.enrich.models
    if batch:
        refuse_same(batch, out)
        every_core = limits.model_copy(update={"processes": cores()})
        summarise(asyncio.run(_batch(_Enricher(every_core, folder, models), batch, out)))
        return
    given = _given(file, title, language, published)
    try:
        one_process = limits.model_copy(update={"processes": 1})
        found = asyncio.run(_one(_Enricher(one_process, folder, models), given))
    except ItemError as error:
        complain(f"{file}: {error}")
        raise typer.Exit(BAD_NEWS) from None
    if json:
        print_json(as_json(found))
    else:
        _show(found)


class _Enricher:
    """The enrichers of a configuration folder, in worker processes."""

    def __init__(self, limits: ParserSettings, config_dir: Path, models: tuple[str, ...]) -> None:
        self.processes = limits.processes
        self._workers = ProcessWorkers(limits, _REGISTRY)
        self._config_dir = config_dir
        self._models = models
        self._places = open_places()

    async def enrich(self, given: dict[str, Any]) -> Enrichment:
        """Enrich one text. Raises ItemError, and ConfigError when gazetteer or topics are wrong."""
        found: Enrichment = await self._workers.run(
            "enrich", config_dir=self._config_dir, places=self._places, models=self._models, **given
        )
        return found

    def close(self) -> None:
        """End the processes."""
        self._workers.close()


async def _one(enricher: _Enricher, given: dict[str, Any]) -> Enrichment:
    with closing(enricher):
        return await enricher.enrich(given)


def as_json(found: Enrichment) -> dict[str, Any]:
    """Return an enrichment as JSON values."""
    return {
        "language": found.language,
        "language_score": found.language_score,
        "entities": [
            {
                "id": entity.id,
                "name": entity.name,
                "type": entity.type,
                "engine": entity.engine,
                "mentions": [
                    {**_mention(one), "score": one.score, "why": one.why} for one in entity.mentions
                ],
            }
            for entity in found.entities
        ],
        "places": [_place(place) for place in found.places],
        "topics": [_topic(topic) for topic in found.topics],
        "iptc": [_topic(topic) for topic in found.iptc],
        **said(found),
        "fingerprint": found.fingerprint,
        "versions": dict(found.versions),
        "failed": dict(found.failed),
    }


def _place(place: Place) -> dict[str, Any]:
    reasons = [{"reason": one.reason, **_mention(one.mention)} for one in place.reasons]
    return {
        "id": place.id,
        "name": place.name,
        "kind": place.kind,
        "country": place.country,
        "geonames": place.geonames,
        "parent": place.parent,
        "direction": place.direction,
        "location": place.location,
        "score": place.score,
        "scene": place.scene,
        "reasons": reasons,
    }


def _mention(one: Mention) -> dict[str, Any]:
    return {"start": one.start, "end": one.end, "surface": one.surface, "in": one.part}


def _given(file: str, title: str, language: str, published: str) -> dict[str, Any]:
    """Return what FILE says; what a JSON object says goes before the options."""
    try:
        content = sys.stdin.buffer.read() if file == _STANDARD else Path(file).read_bytes()
        if content.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{"):
            given = _texts(_object(content))
        else:
            given = {"title": "", "text": content.decode("utf-8-sig"), "language": None}
        day = given.get("published") or _day(published)
    except (OSError, ValueError) as error:
        raise UsageError(f"{file}: cannot be read: {plain_reason(error)}") from error
    return {
        **given,
        "title": given["title"] or title,
        "language": given["language"] or language or None,
        "published": day,
    }


def _day(moment: str | None) -> date | None:
    """Return the day of an ISO date or moment; ValueError says what is wrong with it."""
    if not moment:
        return None
    try:
        return date.fromisoformat(moment[: len("YYYY-MM-DD")])
    except ValueError:
        raise ValueError(f"published_at: {moment!r} is no date such as 2019-09-10") from None


async def _batch(enricher: _Enricher, source: str, target: str) -> Counter[tuple[str, str]]:
    """Answer every line in order, a bad one too; return what came out."""
    counts: Counter[tuple[str, str]] = Counter()
    try:
        with (
            closing(enricher),
            _opened(source, "rb") as lines,
            _opened(target, "wb") as sink,
        ):
            answers = (
                _answer(enricher, line, number)
                for number, line in enumerate(lines, start=1)
                if line.strip()
            )
            async for answer in in_order(answers, enricher.processes * AHEAD):
                counts[_ending(answer)] += 1
                sink.write(orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE))
    except OSError as error:
        raise UsageError(f"{error.filename}: cannot be opened: {plain_reason(error)}") from error
    return counts


def _ending(answer: dict[str, Any]) -> tuple[str, str]:
    """Return outcome and reason of an answer."""
    if "error" in answer:
        return str(Result.DEAD), answer["error"]["reason"]
    return answer.get("outcome", str(Result.OK)), answer.get("reason") or ""


def _opened(name: str, mode: Literal["rb", "wb"]) -> AbstractContextManager[BinaryIO]:
    """Open a file, or the standard stream for `-`, which stays open."""
    if name != _STANDARD:
        return Path(name).open(mode)
    return nullcontext(sys.stdin.buffer if mode == "rb" else sys.stdout.buffer)


def _topic(topic: Topic) -> dict[str, Any]:
    return {
        "id": topic.id,
        "name": topic.name,
        "score": topic.score,
        "evidence": [_mention(one) for one in topic.evidence],
    }


async def _answer(enricher: _Enricher, line: bytes, number: int) -> dict[str, Any]:
    name = None
    try:
        values = _object(line)
        name = values.get("id")
        if values.get("outcome") in _ENDED:
            return {key: values.get(key) for key in ("id", "outcome", "reason")}
        found = await enricher.enrich(_texts(values))
    except ValueError as error:
        return _failed(name, number, _BAD_LINE, str(error))
    except ItemError as error:
        return _failed(name, number, error.reason, error.detail)
    return {"id": name, **as_json(found)}


def _failed(name: object, number: int, reason: str, detail: str) -> dict[str, Any]:
    return {"id": name, "line": number, "error": {"reason": reason, "detail": detail}}


def _object(line: bytes) -> dict[str, Any]:
    """Return a JSON object; ValueError says what is wrong with it."""
    values = orjson.loads(line.removeprefix(codecs.BOM_UTF8))
    if not isinstance(values, dict):
        raise ValueError("is not a JSON object")  # noqa: TRY004 - one kind of error for a bad line
    return values


def _texts(values: dict[str, Any]) -> dict[str, Any]:
    """Return what the enrichers take; everything else in the object is left alone."""
    strings = ("title", "text", "language", "section", "published_at")
    given = {key: values.get(key) for key in strings}
    for key, value in given.items():
        if value is not None and not isinstance(value, str):
            raise ValueError(f"{key} is not a string")
    if given["title"] is None and given["text"] is None:
        raise ValueError("has neither title nor text")
    keywords = values.get("keywords") or []
    if not isinstance(keywords, list) or not all(isinstance(one, str) for one in keywords):
        raise ValueError("keywords is not a list of strings")
    return {
        "title": given["title"] or "",
        "text": given["text"] or "",
        "language": given["language"],
        "section": given["section"],
        "keywords": keywords,
        "published": _day(given["published_at"]),
    }


def _show(found: Enrichment) -> None:
    typer.echo(f"language: {found.language} ({found.language_score:.2f})")
    entities = [
        (entity.type, entity.name, len(entity.mentions), _surfaces(entity.mentions))
        for entity in found.entities
    ]
    print_table("Entities", ("type", "name", "mentions", "as"), entities)
    places = [
        (place.name, place.kind, place.country or "", f"{place.score:.2f}", f"{place.scene:.2f}",
         ", ".join(one.reason for one in place.reasons))
        for place in found.places
    ]  # fmt: skip
    print_table("Places", ("place", "kind", "country", "score", "scene", "because of"), places)
    for heading, topics in (("Topics", found.topics), ("IPTC Media Topics", found.iptc)):
        rows = [(topic.name, topic.score, _surfaces(topic.evidence)) for topic in topics]
        print_table(heading, ("topic", "score", "because of"), rows)
    quotes = [(one.speaker or "", one.text, one.why) for one in found.quotes]
    print_table("Quotations", ("speaker", "words", "because of"), quotes)
    dates = [(one.value, one.surface, one.why) for one in found.dates]
    print_table("Dates", ("date", "as", "because of"), dates)
    typer.echo(f"key phrases: {', '.join(found.key_phrases)}")


def _surfaces(mentions: Iterable[Mention]) -> str:
    return ", ".join(dict.fromkeys(one.surface for one in mentions))
