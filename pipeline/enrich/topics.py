"""Says what an article is about, by phrases, with those that said so.

    points = sum over distinct phrases of  weight x (1 + log2(times))    strong 1, weak: see below
             each phrase that stands in the title counts double, and so does a tag of the outlet
           - one for every time that an `against` phrase stands in the article
    score  = points / (points + 1), rounded; a topic is given from 0.5 on, that is one point

So one strong phrase is enough. Weak ones count 0.4 in the project's own taxonomy (three different
ones are enough) and a weak one alone counts nothing, how often it may stand there. `near` lists are
strong phrases made of words that stand within NEAR_CHARS in any order. A topic that `yields_to`
another is not given where that one scores at least as high. What is found for a topic is found for
its parents too, and a topic is given only together with them.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.enrich.entities import mention
from pipeline.enrich.folding import PARAGRAPH, Folded, fold_key
from pipeline.enrich.matching import OPEN_END, Hit, Phrases
from pipeline.enrich.taken import Taken
from pipeline.model import Topic

VERSION = "2"
#: The languages that topics are written down in.
LANGUAGES = ("en", "tr", "ar", "de", "fr", "es")
TEXTS = ("title", "text")
#: Parts in which an outlet says itself what an article is about.
TAGS = ("section", "keywords")
STRONG = 1.0
THRESHOLD = 0.5
#: How far apart the words of a `near` list may stand, in folded characters: about eight words.
NEAR_CHARS = 60
_PLAIN, _AGAINST, _NEAR, _TAG = ("strong", "weak"), "against", "near", "tag"


@dataclass(frozen=True, slots=True)
class TopicRules:
    """What speaks for a topic and against it; the lists are by language."""

    id: str
    name: str
    strong: Mapping[str, Sequence[str]] = field(default_factory=dict)
    weak: Mapping[str, Sequence[str]] = field(default_factory=dict)
    near: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    against: Mapping[str, Sequence[str]] = field(default_factory=dict)
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)  # words of TAGS only
    yields_to: Sequence[str] = ()
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Weighing:
    """How a taxonomy weighs."""

    weak: float = 0.4
    share: float = 0.0  # of the best topic's points, at the same depth: what others need


@dataclass(frozen=True, slots=True)
class _Use:
    """What one phrase does for one topic."""

    topic: str
    language: str
    role: str  # one of _PLAIN, _AGAINST, _TAG, or _NEAR with its list and place in it
    phrase: str
    group: int = 0  # of a near list
    place: int = 0


@dataclass(frozen=True, slots=True)
class _Found:
    """A use that was met, with offsets into a part's folded text."""

    use: _Use
    part: str
    start: int
    end: int


class Topics:
    """A taxonomy, compiled. Immutable once built."""

    def __init__(self, rules: Sequence[TopicRules], weighing: Weighing = Weighing()) -> None:
        self._names = {rule.id: rule.name for rule in rules}
        self._yields_to = {rule.id: rule.yields_to for rule in rules}
        self._weighing = weighing
        parents = {rule.id: rule.parent for rule in rules}
        self._lineage = {rule.id: tuple(_lineage(rule.id, parents)) for rule in rules}
        self._near_sizes: dict[tuple[str, str, int], int] = {}
        uses = [use for rule in rules for use in self._uses(rule)]
        self._phrases = Phrases((use.phrase, use) for use in uses)

    def _uses(self, rule: TopicRules) -> Iterator[_Use]:
        roles = {"strong": rule.strong, "weak": rule.weak, _AGAINST: rule.against, _TAG: rule.tags}
        for role, lists in roles.items():
            for language, phrases in lists.items():
                yield from (_Use(rule.id, language, role, phrase) for phrase in phrases)
        for language, groups in rule.near.items():
            for number, words in enumerate(groups):
                self._near_sizes[rule.id, language, number] = len(words)
                for place, word in enumerate(words):
                    yield _Use(rule.id, language, _NEAR, word, number, place)

    def find(self, parts: Mapping[str, Folded], language: str | None) -> tuple[Topic, ...]:
        """Return the topics of an article, best first, then by id.

        `parts` are "title" and "text" and, where the outlet says something, "section" and
        "keywords" (a blank line between two), folded.
        """
        found: defaultdict[str, list[_Found]] = defaultdict(list)
        for part, folded in parts.items():
            for hit in self._phrases.find(folded, language):
                for one in _met(hit, part, folded, language):
                    for topic in self._lineage[one.use.topic]:
                        found[topic].append(one)
        judged = {topic: self._judge(several, parts) for topic, several in found.items()}
        given = self._given({topic: points for topic, (points, _) in judged.items()})
        topics = [
            Topic(topic, self._names[topic], _score(points),
                  tuple(mention(parts, one.part, one.start, one.end) for one in evidence))
            for topic, (points, evidence) in judged.items()
            if topic in given
        ]  # fmt: skip
        return tuple(sorted(topics, key=lambda topic: (-topic.score, topic.id)))

    def _given(self, points: Mapping[str, float]) -> set[str]:
        """Return what has enough points, alone and beside others of its depth, and its parents."""
        enough = {topic: one for topic, one in points.items() if _score(one) >= THRESHOLD}
        most: defaultdict[int, float] = defaultdict(float)
        for topic, one in enough.items():
            depth = len(self._lineage[topic])
            most[depth] = max(most[depth], one)
        return {
            above
            for topic, one in enough.items()
            if one >= self._weighing.share * most[len(self._lineage[topic])]
            and enough.keys() >= set(self._lineage[topic])
            and all(enough.get(other, 0) < one for other in self._yields_to[topic])
            for above in self._lineage[topic]
        }

    def _judge(
        self, found: list[_Found], parts: Mapping[str, Folded]
    ) -> tuple[float, list[_Found]]:
        """Return the points of a topic and what they were given for, as it stands in the text."""
        against = _longest((one for one in found if one.use.role == _AGAINST), parts)
        near = [one for one in found if one.use.role == _NEAR]
        plain = [one for one in found if one.use.role in (*_PLAIN, _TAG)]
        evidence = _longest([*plain, *self._near(near)], parts)
        by_phrase: defaultdict[tuple[str, str], list[_Found]] = defaultdict(list)
        for one in evidence:
            by_phrase[one.use.role, _spelling(one)].append(one)
        if len(by_phrase) == 1 and evidence[0].use.role == "weak":
            by_phrase.clear()
        points = sum(self._points(role, several) for (role, _), several in by_phrase.items())
        order = {part: number for number, part in enumerate(parts)}
        evidence.sort(key=lambda one: (order[one.part], one.start))
        return max(0.0, points - len(against)), evidence

    def _points(self, role: str, several: Sequence[_Found]) -> float:
        weight = self._weighing.weak if role == "weak" else STRONG
        doubled = 2 if role == _TAG or any(one.part == "title" for one in several) else 1
        return weight * doubled * (1 + math.log2(len(several)))

    def _near(self, found: Sequence[_Found]) -> Iterator[_Found]:
        """Yield stretches that hold every phrase of a near list close together."""
        groups: defaultdict[tuple[str, str, int, str], list[_Found]] = defaultdict(list)
        for one in found:
            groups[one.use.topic, one.use.language, one.use.group, one.part].append(one)
        for (topic, language, number, part), several in groups.items():
            several.sort(key=lambda one: one.start)
            wanted = self._near_sizes[topic, language, number]
            last: dict[int, _Found] = {}
            for one in several:
                last[one.use.place] = one
                start = min(other.start for other in last.values())
                if len(last) == wanted and one.end - start <= NEAR_CHARS:
                    yield _Found(one.use, part, start, one.end)
                    last.clear()


def _score(points: float) -> float:
    return round(points / (points + 1), 3)


def _lineage(topic: str, parents: Mapping[str, str | None]) -> Iterator[str]:
    """Yield a topic and what stands above it."""
    one: str | None = topic
    while one is not None:
        yield one
        one = parents[one]


def _met(hit: Hit[_Use], part: str, folded: Folded, language: str | None) -> Iterator[_Found]:
    """Yield what a hit says: in a tag of the outlet any language, but the tag as a whole."""
    if part in TAGS:
        before, after = folded.text[: hit.start][-1:], folded.text[hit.end :][:1]
        if before in ("", PARAGRAPH) and after in ("", PARAGRAPH):
            for use in hit.payloads:
                if use.role in (*_PLAIN, _TAG):
                    yield _Found(replace(use, role=_TAG), part, hit.start, hit.end)
        return
    for use in hit.payloads:
        if use.role != _TAG and (language not in LANGUAGES or use.language == language):
            yield _Found(use, part, hit.start, hit.end)


def _spelling(one: _Found) -> str:
    """Return what tells phrases apart: endings and near words in another order do not."""
    if one.use.role == _NEAR:
        return f"{one.use.topic} {one.use.language} {one.use.group}"
    return fold_key(one.use.phrase.removesuffix(OPEN_END))


def _longest(found: Iterable[_Found], parts: Mapping[str, Folded]) -> list[_Found]:
    """Return what is left when every stretch is counted once, for the longest phrase on it."""
    taken = Taken(parts)
    kept = []
    for one in sorted(found, key=lambda one: (one.start - one.end, one.start)):
        if not taken.overlap(one.part, one.start, one.end):
            taken.add([one])
            kept.append(one)
    return kept
