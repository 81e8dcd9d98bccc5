"""What a model takes for names, beside what the lists have: people, organisations and places.

The lists go first: a stretch that they know, or know to be nobody, stays theirs. Of the rest:

    model+list     a person or organisation of the lists, with an initial more ("Donald J. Trump")
    model          a new entity of several words, or a place, keyed by its folded name
    definition     an acronym in brackets behind such an organisation's name, wherever it stands
    model+surname  a surname alone, of one person whom this article names in full; of two: nobody

One name has one kind in an article: the one that the model gives it most often. What GeoNames knows
goes before a model's single words, which it often gets wrong; a single word that only begins
sentences is no name. Places of the lists within the name of an organisation are part of it:
"University of Ankara" is no mention of Ankara.
"""

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.enrich.definitions import find_acronym, find_definitions
from pipeline.enrich.folding import Folded, fold_key
from pipeline.enrich.gazetteer import ORGANISATION, PERSON, PLACE, Gazetteer, Name
from pipeline.enrich.linking import Linker, Span
from pipeline.enrich.models import Found, NameModel
from pipeline.enrich.taken import Taken

VERSION = "2"
_MIN_CHARS, _MAX_CHARS = 2, 100
#: How sure a name of a model is: about three in four are right (docs/entities.md).
_SCORE = 0.75
_NO_WORD = re.compile(r"\W+")
_AROUND = " \t\n\r\u00a0.,;:!?\"'“”‘’()[]…–—-"
_AROUND_QUOTES = " \t\u00a0\"'“”‘’„«»([—–-"
_POSSESSIVE = re.compile(r"['’]s$")
#: Words at the end of a name that only organisations have, folded.
_ORGANISATION = re.compile(
    r" (academy|agency|airlines|airways|army|assembly|association|authority|bank|bureau|cabinet"
    r"|centre|center|club|college|commission|committee|company|congress|council|court|department"
    r"|foundation|front|group|hospital|inc|institute|league|ltd|ministry|movement|network|office"
    r"|organisation|organization|parliament|party|police|press|school|senate|service|society|times"
    r"|tribunal|union|university)$| (party|university|bank|ministry|institute) of "
    r"|^(university|bank|ministry|institute|federation|association) of "
    r"| (ajansi|bakanligi|bankasi|belediyesi|birligi|dernegi|enstitusu|fakultesi|federasyonu"
    r"|gazetesi|holding|kolej|koleji|komutanligi|konseyi|kulubu|kurumu|mahkemesi|meclisi|okulu"
    r"|ordusu|partisi|sirketi|universitesi|vakfi)$"
)
_PEOPLE_OF = re.compile(r"(?P<place>\w{3,}?)l[iu](?:l[ea]r\w*|n[iu]n|den|dan|y[ei]|y[au]|d[ea])?$")
_ARTICLE = re.compile(r"[Tt]he\s+")


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A stretch that a model takes for a name; offsets into the folded text."""

    part: str
    start: int
    end: int
    type: str
    name: str  # as it is shown
    key: str  # folded; of a person without initials

    @property
    def is_whole(self) -> bool:
        """Tell whether it has several words."""
        return " " in self.key


@dataclass(slots=True)
class Named:
    """What a model found in one article."""

    engine: str = ""
    spans: list[Span] = field(default_factory=list)
    names: dict[str, Name] = field(default_factory=dict)  # id → who the spans refer to
    waiting: list[_Candidate] = field(default_factory=list)  # until the places are known
    replaced: set[Span] = field(default_factory=set)  # places that are part of a longer name


class Naming:
    """Adds a model's names. Built once from the lists, then only read."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._titles = gazetteer.words.titles
        self._known = {
            (name.type, _key(spelling, name.type)): name
            for name in gazetteer.names.values()
            for _, spelling in name.spellings()
            if name.type != PLACE and " " in spelling
        }
        self._places = {
            fold_key(spelling)
            for name in gazetteer.names.values() if name.type == PLACE
            for _, spelling in name.spellings()
        }  # fmt: skip

    def begin(self, model: NameModel, linker: Linker, spans: Sequence[Span]) -> Named:
        """Return the people and organisations of several words outside what is linked already."""
        named, taken = Named(model.engine), Taken(linker.parts, spans)
        found = []
        for part, folded in linker.parts.items():
            for one in self._candidates(model, part, folded):
                if taken.overlap(part, one.start, one.end):
                    inner = self._only_places(one, spans)
                    if not inner:
                        continue
                    named.replaced.update(inner)
                found.append(one)
        for one in _of_one_kind(found):
            if one.type != PLACE and one.is_whole:
                self._add(named, one)
            else:
                named.waiting.append(one)
        named.spans += _acronyms(linker, named, spans)
        return named

    def _only_places(self, one: _Candidate, spans: Sequence[Span]) -> list[Span]:
        """Return the places within an organisation's name; none if somebody else is in it."""
        if one.type != ORGANISATION or not _ORGANISATION.search(fold_key(one.name)):
            return []
        inner = [
            span
            for span in spans
            if span.part == one.part and span.start < one.end and one.start < span.end
        ]
        names = (self._gazetteer.names.get(span.entity) for span in inner)
        fit = all(
            name is not None
            and name.type == PLACE
            and one.start <= span.start
            and span.end <= one.end
            and span.end - span.start < one.end - one.start
            for name, span in zip(names, inner, strict=True)
        )
        return inner if fit else []

    def finish(self, named: Named, linker: Linker, spans: Sequence[Span]) -> list[Span]:
        """Return all spans of an article, when those of the places are there."""
        taken = Taken(linker.parts, [*spans, *named.spans])
        surnames = _surnames(named)
        # Every sentence begins with a capital: there a word alone is too often none's name.
        inside = {one.key for one in named.waiting if not _begins(linker.parts[one.part], one)}
        for one in named.waiting:
            if taken.overlap(one.part, one.start, one.end):
                continue
            bearers = surnames.get(one.key, set())
            if bearers:
                named.spans += _borne(one, bearers, named.engine)
            elif (one.is_whole or one.key in inside) and not self._are_people_of(one):
                self._add(named, one)
        return [*(span for span in spans if span.entity), *named.spans]

    def _candidates(self, model: NameModel, part: str, folded: Folded) -> Iterator[_Candidate]:
        text = folded.original
        for found in model.find(text):
            start, end = self._trimmed(text, found)
            name = " ".join(text[start:end].split())
            kind = ORGANISATION if _ORGANISATION.search(fold_key(name)) else found.type
            key = _key(name, kind)
            if not key or not _MIN_CHARS <= len(name) <= _MAX_CHARS or name.islower():
                continue
            first, last = bisect_left(folded.starts, start), bisect_left(folded.starts, end)
            if first < last:
                yield _Candidate(part, first, last, kind, name, key)

    def _trimmed(self, text: str, found: Found) -> tuple[int, int]:
        """Return a stretch without what belongs to no name: "the", titles, "'s", what surrounds."""
        start, words = found.start, text[found.start : found.end].partition("\n\n")[0]
        bare = words.lstrip(_AROUND)
        start, words = start + len(words) - len(bare), bare.rstrip(_AROUND)
        words = _POSSESSIVE.sub("", words)
        if article := _ARTICLE.match(words):
            start, words = start + article.end(), words[article.end() :]
        while found.type == PERSON and " " in words:
            first, _, rest = words.partition(" ")
            if fold_key(first).rstrip(".") not in self._titles:
                break
            start, words = start + len(words) - len(rest.lstrip()), rest.lstrip()
        return start, start + len(words)

    def _are_people_of(self, one: _Candidate) -> bool:
        """Tell whether it is the Turkish word for the people of a place: "Suriyeliler"."""
        found = _PEOPLE_OF.match(one.key)
        return found is not None and found["place"] in self._places

    def _add(self, named: Named, one: _Candidate) -> None:
        known = self._known.get((one.type, one.key))
        id_ = known.id if known else f"named-{one.type}-{_NO_WORD.sub('-', one.key)}"
        named.names.setdefault(id_, known or Name(id_, one.name, one.type, ()))
        named.spans.append(_span(one, id_, named.engine, "model+list" if known else "model"))


def _begins(folded: Folded, one: _Candidate) -> bool:
    """Tell whether a sentence, a line or a quotation begins with it."""
    before = folded.original[: folded.starts[one.start]].rstrip(_AROUND_QUOTES)
    return not before or before[-1] in ".!?\n:"


def _key(name: str, kind: str) -> str:
    """Return what two spellings of one name have in common; of a person, initials are left out."""
    words = fold_key(name).split()
    if kind == PERSON and len(words) > 2:  # noqa: PLR2004 - first and last name
        words = [word for word in words if len(word.rstrip(".")) > 1] or words
    return " ".join(words)


def _of_one_kind(found: Sequence[_Candidate]) -> list[_Candidate]:
    """Return the candidates, each of the kind that its name has most often in this article."""
    kinds: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in found:
        kinds[one.key][one.type] += 1
    return [replace(one, type=kinds[one.key].most_common(1)[0][0]) for one in found]


def _borne(one: _Candidate, bearers: set[str], engine: str) -> list[Span]:
    """Return a surname as the one person who bears it; of several it is nobody's."""
    return [_span(one, next(iter(bearers)), engine, "model+surname")] if len(bearers) == 1 else []


def _surnames(named: Named) -> Mapping[str, set[str]]:
    """Return surname → who bears it, of those whom the article names in full."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for id_, name in named.names.items():
        if name.type == PERSON:
            found[fold_key(name.name).split()[-1]].add(id_)
    return found


def _acronyms(linker: Linker, named: Named, spans: Sequence[Span]) -> list[Span]:
    """Return where acronyms stand that the article defines by an organisation of the model."""
    wholes = {
        (span.part, linker.parts[span.part].span(span.start, span.end)[1]): span.entity
        for span in named.spans
        if named.names[span.entity].type == ORGANISATION
    }
    found: list[Span] = []
    for part in linker.parts:
        for one in find_definitions(linker, part):
            entity = wholes.get((part, one.end))
            if entity is not None:
                taken = [*spans, *named.spans, *found]
                found += find_acronym(linker, fold_key(one.acronym), entity, taken)
    return [_by(span, named.engine) for span in found]


def _by(span: Span, engine: str) -> Span:
    return Span(
        span.part, span.start, span.end, span.entity, engine=engine, score=_SCORE, why="definition"
    )


def _span(one: _Candidate, entity: str, engine: str, why: str) -> Span:
    return Span(
        one.part, one.start, one.end, entity, full_name=one.is_whole, engine=engine, score=_SCORE,
        why=why,
    )  # fmt: skip
