"""What near copies of a text share: its runs of four words, and the keys they are found by.

A MinHash of 128 values in 64 bands of two, made without the 128 passes that it takes by the book:
eight times over all runs are dealt into 16 bins by a permuted hash, and each bin keeps its
smallest. Two texts share a band by about the square of the share of runs that they have in common;
what is found so is only a candidate, and is held against the text itself by `containment`.
"""

import zlib
from collections.abc import Set as AbstractSet

from pipeline.index.analysis import exact_forms, surfaces

VERSION = "1"
#: Words in a row. Three are often a phrase that anybody writes; of five an edit breaks too many.
RUN_WORDS = 4
#: Letters and digits below which a text has no keys; about 25 English words. What is shorter is
#: a teaser or a notice, and equal on articles that have nothing else in common.
MIN_CHARS = 120
#: Words of a text that are looked at: the longest reports have about as many.
MAX_WORDS = 5_000

_ROUNDS, _BINS = 8, 16
_MASK = (1 << 64) - 1
#: Odd multipliers of 64 bits, one a round, so that each round orders the runs anew.
_MULTIPLIERS = tuple(
    (0x9E3779B97F4A7C15 * (2 * number + 1) ^ 0xD1B54A32D192ED03 >> number) & _MASK | 1
    for number in range(_ROUNDS)
)


def word_runs(text: str) -> frozenset[int]:
    """Return a hash of 32 bits for each run of four words, in whatever script they are written."""
    words = exact_forms(surfaces(text)[:MAX_WORDS])
    if sum(map(len, words)) < MIN_CHARS:
        return frozenset()
    return frozenset(
        zlib.crc32(" ".join(words[at : at + RUN_WORDS]).encode())
        for at in range(max(1, len(words) - RUN_WORDS + 1))
    )


def band_keys(runs: AbstractSet[int]) -> tuple[int, ...]:
    """Return up to 64 keys of 31 bits; near copies have at least one in common."""
    keys = set()
    for number, multiplier in enumerate(_MULTIPLIERS):
        smallest: dict[int, int] = {}
        for run in runs:
            mixed = (run * multiplier & _MASK) >> 28
            place = mixed & (_BINS - 1)
            if mixed < smallest.get(place, _MASK):
                smallest[place] = mixed
        for place in range(0, _BINS, 2):
            if place in smallest and place + 1 in smallest:
                pair = f"{number} {smallest[place]} {smallest[place + 1]}"
                keys.add(zlib.crc32(pair.encode()) >> 1)
    return tuple(sorted(keys))


def containment(one: AbstractSet[int], other: AbstractSet[int]) -> float:
    """Return which share of the shorter text is in the other, 0..1."""
    return len(one & other) / min(len(one), len(other)) if one and other else 0.0


def resemblance(one: AbstractSet[int], other: AbstractSet[int]) -> float:
    """Return the share of all their runs that two texts have in common, 0..1."""
    return len(one & other) / len(one | other) if one and other else 0.0
