"""Several rankings of the same documents made into one. Pure.

Reciprocal rank fusion: the score of a document is the sum of 1 / (k + rank) over the rankings that
name it (Cormack, Clarke and Büttcher, SIGIR 2009). It needs no scores, so words and vectors can be
combined; done here because Elasticsearch asks a licence for its own.
"""

from collections.abc import Sequence

#: From the paper; how much the first places count for more than the next ones.
K = 60
#: How deep each ranking is read: what is found by one of them only, further down, is not missed.
DEPTH = 100


def fuse(rankings: Sequence[Sequence[str]]) -> list[tuple[str, float]]:
    """Return (id, score) of everything ranked anywhere, best first, ties by id."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, article_id in enumerate(dict.fromkeys(ranking), start=1):
            scores[article_id] = scores.get(article_id, 0.0) + 1.0 / (K + rank)
    return sorted(scores.items(), key=lambda one: (-one[1], one[0]))
