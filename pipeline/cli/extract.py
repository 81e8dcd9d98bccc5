"""`newsline extract`: what the extractor makes of saved pages, without a network or a ledger."""

import asyncio
import gzip
import os
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import orjson
import typer
from rich.console import Console
from rich.progress import track

from pipeline.adapters.workers import ProcessWorkers
from pipeline.cli.given import (
    AHEAD,
    cores,
    in_order,
    is_address,
    plain_reason,
    refuse_address,
    refuse_same,
    summarise,
)
from pipeline.cli.options import ConfigOption, open_config
from pipeline.cli.output import BAD_NEWS, JsonFlag, print_json, print_table
from pipeline.config import Config, load
from pipeline.errors import ItemError, Permanent, UsageError
from pipeline.extract.answer import as_answer, as_failure
from pipeline.model import Result

_REGISTRY = "pipeline.extract.tasks"
_STDIN = _STDOUT = "-"
_GZIP = b"\x1f\x8b"


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("extract")(extract)


def extract(  # noqa: PLR0917 - typer passes options by name
    file: Annotated[
        str | None, typer.Argument(help="A page, plain or .gz; - is standard input.")
    ] = None,
    url: Annotated[
        str, typer.Option(help="Where the page came from: without it no canonical URL is believed.")
    ] = "",
    batch: Annotated[
        str | None,
        typer.Option(help='Lines {"id", "path" or "html", "url"}; - is standard input.'),
    ] = None,
    out: Annotated[
        str, typer.Option(help="Where the answers of --batch go; - is standard output.")
    ] = _STDOUT,
    config: ConfigOption = None,
    json: JsonFlag = False,
) -> None:
    """Extract the article of a saved page: text, title, authors, dates, each with its evidence.

    With --batch many pages at once, on all cores: one answer for every line, in the same order,
    also for pages that are dropped or that had to be killed ("outcome" and "reason" say so).
    Exit code 1 when the one page is no article, or when a line of the batch is dead; dropped
    lines are no failure. The counts stand on standard error.

    Example: newsline extract page.html --url https://example.org/story --json
    Example: newsline extract --batch pages.jsonl --out articles.jsonl
    """
    if (file is None) == (batch is None):
        raise UsageError("give one FILE, or --batch with a file of lines; see --help")
    refuse_address(file)
    if url and not is_address(url):
        raise UsageError(f"--url {url!r} is no http(s) address such as https://example.org/story")
    settings = load(open_config(config)[0])
    if batch is not None:
        refuse_same(str(batch), out)
        lines = _read_lines(batch)
        with _writing(out) as sink:
            counts = asyncio.run(_extract_all(lines, sink, settings, cores()))
        summarise(counts)
        return
    answer = asyncio.run(_extract_file(str(file), url, settings))
    if json:
        print_json(answer)
    else:
        _print_article(answer)
    if answer["outcome"] != Result.OK:
        raise typer.Exit(BAD_NEWS)


async def _extract_file(file: str, url: str, settings: Config) -> dict[str, Any]:
    limit = settings.fetch.max_body_bytes
    try:
        body = _read_page(sys.stdin.buffer if file == _STDIN else Path(file), limit)
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from None
    workers = ProcessWorkers(settings.parser.model_copy(update={"processes": 1}), _REGISTRY)
    try:
        return await _extract_one(workers, file, body, settings, url=url)
    finally:
        workers.close()


async def _extract_all(
    lines: list[bytes], sink: BinaryIO, settings: Config, processes: int
) -> Counter[tuple[str, str]]:
    """Answer every line in order; a few are under way for each process. Returns what came out."""
    counts: Counter[tuple[str, str]] = Counter()
    workers = ProcessWorkers(settings.parser.model_copy(update={"processes": processes}), _REGISTRY)
    try:
        answers = (
            _answer_line(workers, number, line, settings)
            for number, line in enumerate(_progress(lines), 1)
            if line.strip()
        )
        async for answer in in_order(answers, processes * AHEAD):
            counts[answer["outcome"], answer["reason"] or ""] += 1
            sink.write(orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE))
    finally:
        workers.close()
    return counts


async def _answer_line(
    workers: ProcessWorkers, number: int, line: bytes, settings: Config
) -> dict[str, Any]:
    """Answer one line; whatever is wrong with it is the answer."""
    try:
        item = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return as_failure(None, Permanent("bad_line", f"line {number} is no JSON: {error}"))
    if not isinstance(item, dict):
        return as_failure(None, Permanent("bad_line", f"line {number} is no object"))
    item_id, url = item.get("id"), item.get("url")
    try:
        body, content_type = _body_of(item, number, settings.fetch.max_body_bytes)
    except ItemError as error:
        return as_failure(item_id, error)
    address = url if isinstance(url, str) else ""
    return await _extract_one(
        workers, item_id, body, settings, url=address, content_type=content_type
    )


def _body_of(item: dict[str, Any], number: int, limit: int) -> tuple[bytes, str | None]:
    """Return the page of a line and its content type, which is known for text given as "html"."""
    html, path = item.get("html"), item.get("path")
    if isinstance(html, str):
        return html.encode(), "text/html; charset=utf-8"
    if not isinstance(path, str):
        raise Permanent("bad_line", f'line {number} has neither "path" nor "html"')
    try:
        return _read_page(Path(path), limit), None
    except (OSError, ValueError) as error:
        why = plain_reason(error)
        raise Permanent("file_unreadable", f"{path}: cannot be read: {why}") from None


async def _extract_one(
    workers: ProcessWorkers,
    item_id: object,
    body: bytes,
    settings: Config,
    *,
    url: str,
    content_type: str | None = None,
) -> dict[str, Any]:
    limit = settings.fetch.max_body_bytes
    if len(body) > limit:
        return as_failure(item_id, Permanent("page_too_large", f"over {limit:,} bytes"))
    try:
        extraction = await workers.run(
            "extract_page",
            body=body,
            url=url,
            content_type=content_type,
            fetched_at=datetime.now(UTC),
            settings=settings.extract,
        )
    except ItemError as error:
        return as_failure(item_id, error)
    return as_answer(item_id, extraction)


def _read_page(source: Path | BinaryIO, limit: int) -> bytes:
    """Read a page, unpacked if it is gzip, up to one byte over the limit. Raises OSError."""
    with source.open("rb") if isinstance(source, Path) else nullcontext(source) as plain:
        body = plain.read(limit + 1)
    if not body.startswith(_GZIP):
        return body
    try:
        with gzip.GzipFile(fileobj=BytesIO(body)) as unpacked:
            return unpacked.read(limit + 1)
    except (EOFError, zlib.error) as error:
        raise OSError(0, f"broken gzip: {error}") from None


def _read_lines(batch: str) -> list[bytes]:
    try:
        whole = sys.stdin.buffer.read() if batch == _STDIN else Path(batch).read_bytes()
    except OSError as error:
        raise UsageError(f"{batch}: cannot be read: {error.strerror}") from None
    return whole.split(b"\n")


@contextmanager
def _writing(out: str) -> Iterator[BinaryIO]:
    """Open the output; a file appears under its name only when it is whole."""
    if out == _STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(out)
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise UsageError(f"{out}: cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as sink:
            yield sink
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _progress(lines: list[bytes]) -> Iterable[bytes]:
    """Show a bar on a terminal, nothing otherwise."""
    errors = Console(stderr=True)
    return track(
        lines, "Extracting", console=errors, transient=True, disable=not errors.is_terminal
    )


def _print_article(answer: dict[str, Any]) -> None:
    evidence = answer["evidence"]
    names = ("title", "authors", "published_at", "modified_at", "language", "canonical_url")
    rows = [("outcome", answer["outcome"], answer["reason"] or "")]
    for name in names:
        value = answer[name]
        shown = ", ".join(value) if isinstance(value, list) else value or ""
        rows.append((name, shown, evidence.get(name, {}).get("signal", "")))
    print_table(str(answer["id"]), ("field", "value", "from"), rows)
    sys.stdout.write("\n" + answer["text"] + "\n")
