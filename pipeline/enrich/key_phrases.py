"""The few phrases that an article keeps coming back to, without the names that are facets already.

A candidate is one to four words with nothing between them, no stop word and no name in it, that
stand in the text more than once, or in title and text; single words have to come back more often
and are left out where a phrase has them. Once at least nothing may go on before or behind, so that
it is no fragment. It weighs by how often it stands, over how much of the text, how early, how long.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.enrich.folding import Folded
from pipeline.enrich.quotes.reporting import reporting_of
from pipeline.enrich.story_terms import stop_words
from pipeline.enrich.words import Word
from pipeline.model import Entity

VERSION = "1"
MAX_PHRASES = 8
_MAX_WORDS = 4
_MIN_CHARS, _MAX_CHARS = 3, 30  # of a word; a longer one is an address or a page without spaces
_MIN_COUNT, _MIN_COUNT_ALONE = 2, 4
_TITLE_COUNT = 2  # standing in the title is worth as much as so many times in the text
_BLOCKS = 8  # of equal size, for telling how much of a text a phrase goes through
_LENGTH_WEIGHTS = (0.0, 1.0, 1.6, 2.2, 2.2)  # by number of words
_STEM_CHARS = {"tr": 5, "de": 7}  # letters that endings leave alone; 6 elsewhere
#: Where the verb follows without a word between, what goes on behind says nothing.
_VERB_LAST = frozenset({"tr"})
_TURKISH_SMALL = {"I": "ı", "İ": "i"}
_ARABIC_HEAD = re.compile(r"(?:[وف]?[بكل]?ال|[وف]?لل)(?=\w{3})")


@dataclass(slots=True)
class _Phrase:
    """One candidate and where it stands."""

    words: int
    count: int = 0
    in_title: bool = False
    is_whole: bool = False  # stood between stop words, names or marks
    first: float = 1.0  # share of the text before it
    blocks: set[int] = field(default_factory=set)
    surfaces: dict[str, int] = field(default_factory=dict)

    def add(self, folded: Folded, words: Sequence[Word], *, whole: bool, in_title: bool) -> None:
        """Count one place where it stands; `whole`: nothing goes on before or behind."""
        if in_title:
            self.in_title = True
        else:
            share = words[0].start / len(folded.text)
            self.count += 1
            self.is_whole |= whole
            self.first = min(self.first, share)
            self.blocks.add(int(_BLOCKS * share))
        start, end = folded.span(words[0].start, words[-1].end)
        surface = folded.original[start:end]
        self.surfaces[surface] = self.surfaces.get(surface, 0) + 1

    def score(self) -> float:
        """Return how much it says about the article."""
        spread = len(self.blocks) / _BLOCKS
        count = self.count + _TITLE_COUNT * self.in_title
        return count * (1 + spread) * (1.5 - self.first) * _LENGTH_WEIGHTS[self.words]


def find_key_phrases(
    parts: Mapping[str, Folded],
    words: Mapping[str, Sequence[Word]],
    entities: Iterable[Entity],
    language: str | None,
) -> tuple[str, ...]:
    """Return at most MAX_PHRASES of them, best first."""
    stop = stop_words() | reporting_of(language).said
    names: dict[str, list[tuple[int, int]]] = {part: [] for part in parts}
    for entity in entities:
        for one in entity.mentions:
            names[one.part].append((one.start, one.end))
    runs = [
        (part, run, tuple(_stem(word.text, language) for word in run))
        for part, folded in parts.items()
        for run in _runs(folded, words[part], stop, sorted(names[part]))
    ]
    several = Counter(stem for _, _, stems in runs for stem in stems)
    found: dict[tuple[str, ...], _Phrase] = {}
    for part, run, stems in runs:
        folded = parts[part]
        for first, last in _stretches(stems, several):
            phrase = found.setdefault(stems[first : last + 1], _Phrase(last - first + 1))
            whole = first == 0 and (last + 1 == len(run) or language in _VERB_LAST)
            phrase.add(folded, run[first : last + 1], whole=whole, in_title=part == "title")
    return _best(found, language)


def _runs(
    folded: Folded, words: Sequence[Word], stop: frozenset[str], names: Sequence[tuple[int, int]]
) -> Iterator[list[Word]]:
    """Yield runs of words that could be part of a phrase."""
    run: list[Word] = []
    for word in words:
        if run and folded.text[run[-1].end : word.start] != " ":
            yield run
            run = []
        if _may_stand(word, stop) and not _is_named(folded, word, names):
            run.append(word)
        elif run:
            yield run
            run = []
    yield run


def _may_stand(word: Word, stop: frozenset[str]) -> bool:
    return (
        _MIN_CHARS <= len(word.text) <= _MAX_CHARS and word.text not in stop and word.text.isalpha()
    )


def _is_named(folded: Folded, word: Word, names: Sequence[tuple[int, int]]) -> bool:
    start = folded.starts[word.start]
    at = bisect_right(names, (start, len(folded.original))) - 1
    return at >= 0 and start < names[at][1]


def _stretches(stems: Sequence[str], several: Mapping[str, int]) -> Iterator[tuple[int, int]]:
    """Yield first and last word of what may come back: no word in it stands only once."""
    for first in range(len(stems)):
        for last in range(first, min(len(stems), first + _MAX_WORDS)):
            if several[stems[last]] == 1:
                break
            yield first, last


def _stem(word: str, language: str | None) -> str:
    """Return what the forms of a word share."""
    if language == "ar":
        return _ARABIC_HEAD.sub("", word, count=1)
    return word[: _STEM_CHARS.get(language or "", 6)].rstrip("s") or word


def _best(found: Mapping[tuple[str, ...], _Phrase], language: str | None) -> tuple[str, ...]:
    """Return the heaviest; none of them is part of another, or the other way round."""
    counted = [(stems, phrase) for stems, phrase in found.items() if _comes_back(phrase)]
    counted.sort(key=lambda one: (one[1].words == 1, -one[1].score(), one[0]))
    kept: list[tuple[str, ...]] = []
    for stems, _ in counted:
        if len(kept) == MAX_PHRASES:
            break
        if not any(_holds(one, stems) or _holds(stems, one) for one in kept):
            kept.append(stems)
    return tuple(_surface(found[stems], language) for stems in kept)


def _comes_back(phrase: _Phrase) -> bool:
    least = _MIN_COUNT if phrase.words > 1 else _MIN_COUNT_ALONE
    return phrase.is_whole and phrase.count + phrase.in_title >= least


def _holds(whole: Sequence[str], part: Sequence[str]) -> bool:
    """Tell whether two phrases share their words, so that one says what the other does."""
    return set(part) <= set(whole)


def _surface(phrase: _Phrase, language: str | None) -> str:
    """Return the plainest form: the shortest, then the one with the fewest capitals.

    A capital that only the beginning of a sentence gave is taken away.
    """
    best = min(
        phrase.surfaces.items(),
        key=lambda one: (len(one[0]), sum(map(str.isupper, one[0])), -one[1], one[0]),
    )[0]
    if best[0].isupper() and any(one[0].islower() for one in phrase.surfaces):
        small = _TURKISH_SMALL.get(best[0]) if language == "tr" else None
        best = (small or best[0].lower()) + best[1:]
    return " ".join(best.split())
