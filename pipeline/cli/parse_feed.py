"""`newsline parse-feed`: what a feed file says, without a network or a ledger."""

import json as json_module
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli.given import plain_reason, refuse_address
from pipeline.cli.output import BAD_NEWS, JsonFlag, print_json, print_table
from pipeline.errors import ItemError, Permanent, UsageError
from pipeline.feeds.parse import MAX_BYTES
from pipeline.feeds.parse import parse_feed as parse
from pipeline.fetch.decoding import BodyDecoder
from pipeline.model import DateClaim, Entry, ParsedFeed

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
    json: JsonFlag = False,
) -> None:
    """Parse feed files (RSS, Atom, RDF, JSON Feed, sitemap) and print their entries.

    Exit code 1 if one of them is no feed or cannot be read. With --json one line per file.

    Example: newsline parse-feed saved.xml --url https://example.org/rss --json
    """
    given = read_headers(headers) if headers else ()
    failed = False
    for file in files:
        refuse_address(file)
    for file in files:
        try:
            body = _read(file)
            parsed = parse(
                decoded(body, given), url=url, headers=given, fetched_at=datetime.now(UTC)
            )
        except ItemError as error:
            failed = True
            _print_error(file, error, json=json)
            continue
        if json:
            print_json({"file": file, **feed_as_json(parsed)})
        else:
            _print_feed(file, parsed)
    if failed:
        raise typer.Exit(BAD_NEWS)


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


def decoded(body: bytes, headers: Headers) -> bytes:
    """Remove the content codings that the headers name. Raises ItemError as a fetch would."""
    coding = next((value for name, value in headers if name.lower() == "content-encoding"), None)
    if not coding:
        return body
    decoder = BodyDecoder(coding, max_body_bytes=MAX_BYTES)
    decoder.feed(body)
    return decoder.finish()


def _read(file: str) -> bytes:
    """Read a file or standard input. Raises Permanent: the other files are still parsed."""
    if file == _STDIN:
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise Permanent("file_unreadable", f"cannot be read: {plain_reason(error)}") from None


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


def _print_error(file: str, error: ItemError, *, json: bool) -> None:
    if json:
        print_json({"file": file, "error": {"reason": error.reason, "detail": error.detail}})
    else:
        print_table(file, ("error", "detail"), [(error.reason, error.detail)])


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
    title = f"{file}: {parsed.kind}, {len(rows)} entries: {parsed.title}"
    print_table(title + (f" ({notes})" if notes else ""),
                ("published (UTC)", "title", "link", "flags"), rows)  # fmt: skip
