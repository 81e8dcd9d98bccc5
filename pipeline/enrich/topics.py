"""Says what an article is about, by the phrases of config/topics.toml, with those that said so.

    points = sum over distinct phrases of  weight x (1 + log2(times))   strong 1, weak 0.4
             each phrase that stands in the title counts double
           - one for every time that an `against` phrase stands in the article
    score  = points / (points + 1), rounded; the topic is given from 0.5 on, that is one point

So one strong phrase is enough, and three different weak ones; a weak one alone counts nothing, how
often it may stand there. `near` lists are strong phrases made of words that stand within NEAR_CHARS
in any order. A topic that `yields_to` another is not given where that one scores at least as high.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from pipeline.enrich.config_files import read_toml
from pipeline.enrich.entities import mention
from pipeline.enrich.folding import Folded, fold_key
from pipeline.enrich.gazetteer import LANGUAGES
from pipeline.enrich.matching import OPEN_END, Phrases
from pipeline.enrich.taken import Taken
from pipeline.errors import ConfigError, Fault
from pipeline.model import Topic

VERSION = "1"
STRONG, WEAK = 1.0, 0.4
THRESHOLD = 0.5
#: How far apart the words of a `near` list may stand, in folded characters: about eight words.
NEAR_CHARS = 60
_AGAINST, _NEAR = "against", "near"


class _TopicRecord(BaseModel):
    """One [[topic]] of the file; the lists are by language."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    name: str = Field(min_length=2)
    strong: dict[str, list[str]] = {}
    weak: dict[str, list[str]] = {}
    near: dict[str, list[list[str]]] = {}
    against: dict[str, list[str]] = {}
    yields_to: list[str] = []

    @field_validator("strong", "weak", "near", "against")
    @classmethod
    def _languages(cls, lists: dict[str, list[object]]) -> dict[str, list[object]]:
        unknown = sorted(set(lists) - set(LANGUAGES))
        if unknown:
            raise ValueError(
                f"unknown language {', '.join(unknown)}; known: {', '.join(LANGUAGES)}"
            )
        return lists

    @field_validator("near")
    @classmethod
    def _pairs(cls, lists: dict[str, list[list[str]]]) -> dict[str, list[list[str]]]:
        if any(len(words) < 2 for several in lists.values() for words in several):  # noqa: PLR2004
            raise ValueError("a `near` list needs two phrases or more")
        return lists


class _TopicFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    topic: list[_TopicRecord]


@dataclass(frozen=True, slots=True)
class _Use:
    """What one phrase does for one topic."""

    topic: str
    language: str
    role: str  # "strong", "weak", "against", or "near" with its list and place in it
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
    """The taxonomy, compiled. Immutable once built."""

    def __init__(self, records: Sequence[_TopicRecord]) -> None:
        self._names = {record.id: record.name for record in records}
        self._yields_to = {record.id: record.yields_to for record in records}
        self._near_sizes: dict[tuple[str, str, int], int] = {}
        uses = [use for record in records for use in self._uses(record)]
        self._phrases = Phrases((use.phrase, use) for use in uses)

    @classmethod
    def load(cls, path: Path) -> "Topics":
        """Read and check the file; ConfigError names every fault."""
        faults: list[Fault] = []
        read = read_toml(path, _TopicFile, faults)
        seen: set[str] = set()
        for record in read.topic if read else ():
            if record.id in seen:
                faults.append(Fault(str(path), f"topic[{record.id}]", "this id is used twice"))
            seen.add(record.id)
        for record in read.topic if read else ():
            faults += [
                Fault(str(path), f"topic[{record.id}].yields_to", f"there is no topic {other}")
                for other in record.yields_to
                if other not in seen
            ]
        if faults or read is None:
            raise ConfigError(faults)
        return cls(read.topic)

    def _uses(self, record: _TopicRecord) -> Iterator[_Use]:
        roles = {"strong": record.strong, "weak": record.weak, _AGAINST: record.against}
        for role, lists in roles.items():
            for language, phrases in lists.items():
                yield from (_Use(record.id, language, role, phrase) for phrase in phrases)
        for language, groups in record.near.items():
            for number, words in enumerate(groups):
                self._near_sizes[record.id, language, number] = len(words)
                for place, word in enumerate(words):
                    yield _Use(record.id, language, _NEAR, word, number, place)

    def find(self, parts: Mapping[str, Folded], language: str | None) -> tuple[Topic, ...]:
        """Return the topics of an article, best first, then by id."""
        found: defaultdict[str, list[_Found]] = defaultdict(list)
        for part, folded in parts.items():
            for hit in self._phrases.find(folded, language):
                for use in hit.payloads:
                    if language not in LANGUAGES or use.language == language:
                        found[use.topic].append(_Found(use, part, hit.start, hit.end))
        topics = [self._judge(topic, several, parts) for topic, several in found.items()]
        scores = {topic.id: topic.score for topic in topics if topic.score >= THRESHOLD}
        given = [
            topic
            for topic in topics
            if topic.id in scores
            and all(scores.get(other, 0) < topic.score for other in self._yields_to[topic.id])
        ]
        return tuple(sorted(given, key=lambda topic: (-topic.score, topic.id)))

    def _judge(self, topic: str, found: list[_Found], parts: Mapping[str, Folded]) -> Topic:
        against = _longest((one for one in found if one.use.role == _AGAINST), parts)
        near = [one for one in found if one.use.role == _NEAR]
        plain = [one for one in found if one.use.role in ("strong", "weak")]
        evidence = _longest([*plain, *self._near(near)], parts)
        by_phrase: defaultdict[tuple[str, str], list[_Found]] = defaultdict(list)
        for one in evidence:
            by_phrase[one.use.role, _spelling(one)].append(one)
        if len(by_phrase) == 1 and ("weak", _spelling(evidence[0])) in by_phrase:
            by_phrase.clear()
        points = sum(_points(role, several) for (role, _), several in by_phrase.items())
        points = max(0.0, points - len(against))
        order = {part: number for number, part in enumerate(parts)}
        evidence.sort(key=lambda one: (order[one.part], one.start))
        mentions = tuple(mention(parts, one.part, one.start, one.end) for one in evidence)
        return Topic(topic, self._names[topic], round(points / (points + 1), 3), mentions)

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


def _points(role: str, several: Sequence[_Found]) -> float:
    weight = WEAK if role == "weak" else STRONG
    doubled = 2 if any(one.part == "title" for one in several) else 1
    return weight * doubled * (1 + math.log2(len(several)))


def _spelling(one: _Found) -> str:
    """Return what tells phrases apart: endings and near words in another order do not."""
    if one.use.role == _NEAR:
        return f"{one.use.language} {one.use.group}"
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
