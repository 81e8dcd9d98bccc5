"""Pages per second of HttpFetcher against a bare httpx2 loop, on one loopback server, in one run.

    python bench/fetch.py [--pages 2000] [--concurrency 8] [--json]

The server answers from a process of its own with one gzip page of about 60 kB. Both sides keep
connections alive, unpack the body, and take turns, so that what else the machine does hits both.
What HttpFetcher does more: guard, limits, truncation check, wire bytes and headers kept, redirects.
"""

import argparse
import asyncio
import gzip
import json
import multiprocessing
import statistics
import time
from multiprocessing.connection import Connection

import httpx2

from pipeline.adapters.clock import SystemClock
from pipeline.adapters.http import HttpFetcher
from pipeline.config import FetchSettings
from pipeline.ports import FetchKind

PARAGRAPH = "<p>Paragraph {} says something that the last one did not say, at some length.</p>\n"
ROUNDS = 5


def page() -> bytes:
    """Return a response of a page of about 60 kB."""
    text = "".join(PARAGRAPH.format(number) for number in range(750))
    body = gzip.compress(f"<!doctype html><html><body>{text}</body></html>".encode())
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Encoding: gzip\r\n"
        f'ETag: "bench"\r\nContent-Length: {len(body)}\r\n\r\n'
    )
    return head.encode() + body


class Answering(asyncio.Protocol):
    """Answers every request head with the same bytes."""

    response = page()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        self.transport = transport
        self.received = b""

    def data_received(self, data: bytes) -> None:
        """Answer each whole head."""
        *heads, self.received = (self.received + data).split(b"\r\n\r\n")
        for _ in heads:
            self.transport.write(self.response)  # type: ignore[attr-defined]


def serve(port: Connection) -> None:
    """Run the server and say on which port."""

    async def go() -> None:
        server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(go())


async def drain(get, url: str, pages: int, concurrency: int) -> float:
    """Fetch `pages` pages with `concurrency` tasks and return pages per second."""
    left = iter(range(pages))

    async def work() -> None:
        for number in left:
            await get(f"{url}/{number}")

    started_s = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(concurrency)))
    return pages / (time.perf_counter() - started_s)


async def compare(port: int, pages: int, concurrency: int) -> list[tuple[float, float]]:
    """Return (HttpFetcher, httpx2) pages per second of each round; one more round warms up."""
    url = f"http://127.0.0.1:{port}"
    settings = FetchSettings(allow_private=("127.0.0.0/8",), concurrency=concurrency)
    fetcher = HttpFetcher(settings, SystemClock())
    limits = httpx2.Limits(max_keepalive_connections=concurrency)
    async with httpx2.AsyncClient(trust_env=False, limits=limits) as client:

        async def ours(address: str) -> None:
            assert len((await fetcher.get(address, FetchKind.PAGE)).body) > 50_000

        async def bare(address: str) -> None:
            assert len((await client.get(address)).content) > 50_000

        rounds = [
            (
                await drain(ours, url, pages, concurrency),
                await drain(bare, url, pages, concurrency),
            )
            for _ in range(ROUNDS + 1)
        ]
    await fetcher.aclose()
    return rounds[1:]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pages", type=int, default=2000, help="per round and side")
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(there,), daemon=True)
    server.start()
    try:
        rounds = asyncio.run(compare(here.recv(), arguments.pages, arguments.concurrency))
    finally:
        server.terminate()
        server.join()
    figures = {
        "pages": arguments.pages,
        "concurrency": arguments.concurrency,
        "http_fetcher_pages_per_s": round(statistics.median(ours for ours, _ in rounds)),
        "httpx2_pages_per_s": round(statistics.median(bare for _, bare in rounds)),
        "ratio": round(statistics.median(ours / bare for ours, bare in rounds), 2),
    }
    if arguments.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:>26}  {value}")


if __name__ == "__main__":
    main()
