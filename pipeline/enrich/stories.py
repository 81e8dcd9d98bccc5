"""Which story an article tells: the one whose articles are closest to it, within three days.

Decisions only; the ledger looks up what is compared (pipeline/adapters/ledger/neighbours.py).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from pipeline.work import Relative

#: Two articles further apart tell no one story, however alike: next week's patrol is another.
WINDOW = timedelta(days=3)
#: How close a story's nearest articles are, on average, for an article to join it.
JOIN = 0.25
#: How close a second story must be for the two to become one.
MERGE = 0.30
#: An article that is grouped again stays where it is down to this: ids should not flutter.
STAY = 0.20
#: A story is as close as the mean of so many of its articles: one alone may be a stray. Two stories
#: become one on the word of one article, so more of theirs must be like it.
NEAREST, NEAREST_TO_MERGE = 2, 3
#: A story with more articles is not merged into another: all of them would be indexed again.
MAX_MERGED = 200
#: Articles that a ledger is taken to hold beyond those it does. It keeps the weights of the first
#: thousand like those of the hundred thousandth; a word of many articles stays worth something, for
#: it may be the news of the day.
_BACKGROUND = 20_000


@dataclass(frozen=True, slots=True)
class StoryChoice:
    """Where an article belongs, and which story becomes part of another because of it."""

    story_id: str | None  # None: it begins one
    closeness: float
    shared: tuple[str, ...] = ()  # terms that say so, heaviest first
    merged: str | None = None  # this story's articles move to `story_id`


def rarity(articles: int, total: int) -> float:
    """Return the weight of a term that `articles` of `total` have."""
    return math.log((_BACKGROUND + total) / (1 + articles))


def weigh(terms: Mapping[int, float], counts: Mapping[int, int], total: int) -> dict[int, float]:
    """Return term → weight × rarity."""
    return {term: weight * rarity(counts.get(term, 0), total) for term, weight in terms.items()}


def length(weighted: Mapping[int, float]) -> float:
    """Return the length of a text's vector."""
    return math.sqrt(sum(weight * weight for weight in weighted.values()))


def closeness(shared: float, mine: float, its: float) -> float:
    """Return the cosine of two vectors, 0..1, given their product and their lengths.

    The other's length is the one that it had when it was kept: what is rare changes slowly, and to
    weigh all its terms anew would cost several times the rest.
    """
    return min(1.0, shared / (mine * its)) if shared else 0.0


def choose_story(
    relatives: Sequence[Relative], sizes: Mapping[str, int], current: str | None
) -> StoryChoice:
    """Return the story of an article, given how close articles of other stories are.

    `sizes` is story → its articles, the one in question not counted.
    """
    by_story: dict[str, list[Relative]] = {}
    for relative in sorted(relatives, key=lambda one: (-one.closeness, one.article_id)):
        by_story.setdefault(relative.story_id, []).append(relative)

    def score(story: str, nearest: int) -> float:
        closest = by_story[story]
        count = max(1, min(nearest, sizes.get(story, len(closest))))
        return sum(one.closeness for one in closest[:count]) / count

    scores = {story: score(story, NEAREST) for story in by_story}
    ranked = sorted(scores, key=lambda story: (-scores[story], story))
    if current in scores and scores[current] >= STAY:
        ranked = [current, *(story for story in ranked if story != current)]
    elif not ranked or scores[ranked[0]] < JOIN:
        return StoryChoice(None, scores[ranked[0]] if ranked else 0.0)
    best = ranked[0]
    found = StoryChoice(best, scores[best], by_story[best][0].shared)
    if any(score(story, NEAREST_TO_MERGE) < MERGE for story in ranked[:2]) or len(ranked) == 1:
        return found
    into, merged = sorted((best, ranked[1]), key=lambda story: (-sizes.get(story, 0), story))
    if sizes.get(merged, 0) > MAX_MERGED:
        return found
    return StoryChoice(into, scores[best], by_story[best][0].shared, merged)
