"""Answers come at once on an index that is no toy, also to what is asked of most of it.

At rest every answer here takes well under a second; the limit allows for a machine that is shared.
"""

import random
import time
from itertools import islice

import pytest
from support_index import ENGINES, EVERY_ENGINE, article

from pipeline.index.mapping import LANGUAGES
from pipeline.index.query import FACETS, Query

LIMIT_S = 3.0
#: Other work on the machine slows down one try, hardly all of them.
TRIES = 3
DOCUMENTS, WORDS, VOCABULARY = 1_000, 300, 3_000


def vocabulary(chance):
    """Return invented words, the most frequent first: short ones."""
    return [
        "".join(chance.choices("abcdefghiklmnoprstuvz", k=3 + max(0, rank.bit_length() - 5)))
        for rank in range(VOCABULARY)
    ]


FREQUENT = vocabulary(random.Random(7))


def articles():
    """Yield articles in every language whose words are as frequent as in real text (Zipf)."""
    chance = random.Random(8)
    weights = [1 / (rank + 2) for rank in range(VOCABULARY)]
    for number in range(DOCUMENTS):
        words = chance.choices(FREQUENT, weights, k=WORDS)
        yield article(
            f"z{number}", " ".join(words[:8]), " ".join(words),
            language=LANGUAGES[number % len(LANGUAGES)], outlet=f"outlet-{number % 50}",
            day=f"2019-09-{1 + number % 28:02d}", people=[f"Person {number % 400}"],
        )  # fmt: skip


@pytest.fixture(scope="module", params=EVERY_ENGINE)
def index(request, tmp_path_factory):
    opened = ENGINES[request.param](tmp_path_factory.mktemp(request.param))
    made = articles()
    while lot := list(islice(made, 250)):
        opened.write(lot, [])
    yield opened
    opened.close()


def any_of(count):
    """Return the most frequent words as alternatives."""
    return " OR ".join(FREQUENT[:count])


ASKED = {
    "the most frequent word": FREQUENT[0],
    "five frequent words": " ".join(FREQUENT[:5]),
    "32 words": " ".join(FREQUENT[:32]),
    "32 alternatives": any_of(32),
    "a phrase of frequent words": f'"{FREQUENT[0]} {FREQUENT[1]}"',
    "prefixes": " ".join(f"{word[:3]}*" for word in FREQUENT[:10]),
    "alternatives without a word": f"{any_of(20)} -{FREQUENT[40]}",
    "everything": "",
}


@pytest.mark.parametrize("claim", ASKED)
@pytest.mark.parametrize("collapse", [False, True], ids=["articles", "stories"])
def test_a_hundred_marked_hits_and_every_facet_at_once(index, claim, collapse):
    query = Query(ASKED[claim], size=100, facets=FACETS, facet_size=100, collapse=collapse)
    tries_s = []
    while len(tries_s) < TRIES and min(tries_s, default=LIMIT_S) >= LIMIT_S:
        start = time.perf_counter()
        page = index.search(query)
        tries_s.append(time.perf_counter() - start)
    assert min(tries_s) < LIMIT_S, tries_s
    if " " not in ASKED[claim]:
        assert page.total > DOCUMENTS / 2
        assert len(page.hits) == 100
