"""`newsline parse-feed`: what a feed file says, without a network or a ledger."""

import asyncio
import json as json_module
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.adapters.workers import ProcessWorkers
from pipeline.cli.given import AHEAD, in_order, plain_reason, refuse_address
from pipeline.cli.options import ConfigOption, open_config
from pipeline.cli.output import BAD_NEWS, JsonFlag, print_json, print_table, quantity
from pipeline.config import Config, load
from pipeline.errors import ItemError, Permanent, UsageError
from pipeline.fetch.decoding import BodyDecoder
from pipeline.model import DateClaim, Entry, ParsedFeed

_REGISTRY = "pipeline.feeds.tasks"
_STDIN = "-"
#: Links in a file without --url are relative to something that cannot be fetched by mistake.
_NO_ADDRESS = "http://feed.invalid/"

Headers = Sequence[tuple[str, str]]


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("parse-feed")(parse_feed)


def parse_feed(
    files: Annotated[list[str], typer.Argument(help="Feed files; - is standard input.")],
    url: Annotated[
        str, typer.Option(help="Address the files came from: relative links start there.")
    ] = _NO_ADDRESS,
    headers: Annotated[
        Path | None,
        typer.Option(
            help="Response headers: lines `Name: value`, or a JSON object. Content-Type and"
            " Content-Encoding count.",
            dir_okay=False,
        ),
    ] = None,
    config: ConfigOption = None,
    json: JsonFlag = False,
) -> None:
    """Parse feed files (RSS, Atom, RDF, JSON Feed, sitemap) and print their entries.

    Exit code 1 if one of them is no feed, cannot be read or had to be killed: that harms no other
    one. With --json one line per file, in the order given.

    Example: newsline parse-feed saved.xml --url https://example.org/rss --json
    """
    for file in files:
        refuse_address(file)
    settings = load(open_config(config)[0])
    way = _Way(url, read_headers(headers) if headers else (), settings)
    if asyncio.run(_parse_all(files, way, json=json)):
        raise typer.Exit(BAD_NEWS)


@dataclass(frozen=True, slots=True)
class _Way:
    """How all files of one command are to be read."""

    url: str
    headers: Headers
    settings: Config


async def _parse_all(files: Sequence[str], way: _Way, *, json: bool) -> bool:
    """Print what each file says, in order; tell whether one of them failed."""
    processes = min(len(files), way.settings.parser.processes)
    limits = way.settings.parser.model_copy(update={"processes": processes})
    workers = ProcessWorkers(limits, _REGISTRY)
    failed = False
    try:
        found = in_order((_parse(workers, file, way) for file in files), processes * AHEAD)
        async for file, parsed in found:
            failed = failed or isinstance(parsed, ItemError)
            _print(file, parsed, json=json)
    finally:
        workers.close()
    return failed


async def _parse(
    workers: ProcessWorkers, file: str, way: _Way
) -> tuple[str, ParsedFeed | ItemError]:
    """Return a file's name and what became of it."""
    max_bytes = way.settings.fetch.max_body_bytes
    try:
        body = decoded(_read(file, max_bytes), way.headers, max_bytes=max_bytes)
        parsed: ParsedFeed = await workers.run(
            "parse_feed",
            body=body,
            url=way.url,
            headers=way.headers,
            fetched_at=datetime.now(UTC),
            max_entries=way.settings.poll.max_entries,
        )
    except ItemError as error:
        return file, error
    return file, parsed


def read_headers(path: Path) -> list[tuple[str, str]]:
    """Read a headers file. Raises UsageError when it is neither lines nor a JSON object."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {plain_reason(error)}") from None
    if text.lstrip().startswith("{"):
        try:
            values = json_module.loads(text)
        except ValueError as error:
            raise UsageError(f"{path}: is not valid JSON: {error}") from None
        return [(str(name), str(value)) for name, value in values.items()]
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        name, colon, value = line.partition(":")
        if line.strip() and not line.startswith("HTTP/"):
            if not colon:
                raise UsageError(f"{path}: line {number}: is no `Name: value`")
            found.append((name.strip(), value.strip()))
    return found


def decoded(body: bytes, headers: Headers, *, max_bytes: int) -> bytes:
    """Remove the content codings that the headers name. Raises ItemError as a fetch would."""
    coding = next((value for name, value in headers if name.lower() == "content-encoding"), None)
    if not coding:
        return body
    decoder = BodyDecoder(coding, max_body_bytes=max_bytes)
    decoder.feed(body)
    return decoder.finish()


def _read(file: str, max_bytes: int) -> bytes:
    """Read a file or standard input. Raises Permanent: the other files are still parsed."""
    try:
        with nullcontext(sys.stdin.buffer) if file == _STDIN else Path(file).open("rb") as source:
            body = source.read(max_bytes + 1)
    except OSError as error:
        raise Permanent("file_unreadable", f"cannot be read: {plain_reason(error)}") from None
    if len(body) > max_bytes:
        raise Permanent("too_large", f"more than {max_bytes} bytes")
    return body


def feed_as_json(parsed: ParsedFeed) -> dict[str, Any]:
    """Return a parsed feed as a JSON object."""
    return {
        "kind": parsed.kind,
        "title": parsed.title,
        "language": parsed.language,
        "site_url": parsed.site_url,
        "encoding": parsed.encoding,
        "ttl_s": parsed.ttl_s,
        "hub": parsed.hub,
        "children": list(parsed.children),
        "entries": [_entry_as_json(entry) for entry in parsed.entries],
        "dropped": dict(parsed.dropped),
        "warnings": list(parsed.warnings),
    }


def _entry_as_json(entry: Entry) -> dict[str, Any]:
    return {
        "key": entry.key,
        "guid": entry.guid,
        "title": entry.title,
        "link": entry.link,
        "published_at": entry.published_at.at if entry.published_at else None,
        "updated_at": entry.updated_at.at if entry.updated_at else None,
        "published": _claim(entry.published_at),
        "updated": _claim(entry.updated_at),
        "summary": entry.summary,
        "content": entry.content,
        "authors": list(entry.authors),
        "language": entry.language,
        "tags": list(entry.tags),
        "media": [
            {"url": media.url, "kind": media.kind, "length_bytes": media.length_bytes}
            for media in entry.media
        ],
        "flags": list(entry.flags),
    }


def _claim(claim: DateClaim | None) -> dict[str, Any] | None:
    """Return how precise a date is, who says so, and in which words."""
    if claim is None:
        return None
    return {
        "precision": claim.precision,
        "source": claim.source,
        "raw": claim.raw,
        "flags": list(claim.flags),
    }


def _print(file: str, found: ParsedFeed | ItemError, *, json: bool) -> None:
    if isinstance(found, ItemError):
        if json:
            print_json({"file": file, "error": {"reason": found.reason, "detail": found.detail}})
        else:
            print_table(file, ("error", "detail"), [(found.reason, found.detail)])
    elif json:
        print_json({"file": file, **feed_as_json(found)})
    else:
        _print_feed(file, found)


def _print_feed(file: str, parsed: ParsedFeed) -> None:
    rows = [
        (
            entry.published_at.at.strftime("%Y-%m-%d %H:%M") if entry.published_at else "",
            entry.title,
            entry.link,
            ", ".join(entry.flags),
        )
        for entry in parsed.entries
    ]
    notes = ", ".join([*parsed.warnings, *(f"{n} {why}" for why, n in parsed.dropped.items())])
    title = f"{file}: {parsed.kind}, {quantity(len(rows), 'entry', 'entries')}: {parsed.title}"
    print_table(title + (f" ({notes})" if notes else ""),
                ("published (UTC)", "title", "link", "flags"), rows)  # fmt: skip
