"""Many ask at once, while the index is written and made anew."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
from support_index import article
from support_serve import fill, listening, with_settings

from pipeline.adapters.embedded import EmbeddedIndex

ASKERS, SECONDS = 8, 4
PATHS = ("/v1/search?facet=person&q=plain", "/v1/search?sort=newest", "/v1/articles/shoal-1",
         "/v1/entities?kind=person", "/v1/balance", "/health", "/v1/export")  # fmt: skip


def test_nobody_is_refused_while_the_index_is_written_and_made_anew(serving, tmp_path):
    filled = fill(serving)
    filled.index.close()
    until = time.monotonic() + SECONDS
    filled = with_settings(filled, requests_per_minute=1_000_000)
    writer = EmbeddedIndex(tmp_path / "index")  # as another process has it

    def write():
        number = 0
        while time.monotonic() < until:
            number += 1
            writer.write([article(f"new-{number}")], [])
            if number % 5 == 0:
                rebuilt = writer.start_rebuild()
                kept = [writer.find(one) for one, _ in writer.versions()]
                rebuilt.write(kept, [])
                writer.finish_rebuild(rebuilt)

    def ask(first):
        with httpx2.Client(base_url=address, timeout=60) as http:
            statuses, number = set(), first
            while time.monotonic() < until:
                answer = http.get(PATHS[number % len(PATHS)])
                statuses.add((PATHS[number % len(PATHS)], answer.status_code))
                number += 1
        return statuses

    writing = threading.Thread(target=write)
    writing.start()
    with listening(filled) as address, ThreadPoolExecutor(ASKERS) as pool:
        found = set().union(*pool.map(ask, range(ASKERS)))
    writing.join()
    writer.close()
    assert found == {(path, 200) for path in PATHS}
