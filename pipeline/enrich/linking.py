"""Decides for each phrase found in an article whether it names somebody, and whom."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.enrich.context import Context
from pipeline.enrich.folding import Folded
from pipeline.enrich.gazetteer import ANY_LANGUAGE, LANGUAGES, PERSON, PLACE, Alias, Gazetteer
from pipeline.enrich.matching import Hit, word_before, word_rest
from pipeline.enrich.taken import Taken

#: Small words inside a name: "Asma al-Assad" is about Asma, not about "al".
_PARTICLES = frozenset({"al", "el", "ul", "bin", "ben", "von", "van", "de", "der", "du", "le"})
#: A line with more capitalised words than this is a headline in title case: capitals tell nothing.
_TITLE_CASE = 0.6
_TITLE_CASE_MIN_WORDS = 4
_LINE_CHARS = 200  # a headline is shorter, and a page without line ends is not read again and again
#: The ending of an indefinite Arabic accusative, which names of ours do not take: كوباً is a cup.
_TANWIN = "\u064b"

#: What spoke for a name of the lists, and how sure it makes one.
NAME, IN_CONTEXT, SURNAME, DEFINITION = "name", "name+context", "surname", "definition"
_SCORES = {NAME: 1.0, IN_CONTEXT: 0.95}
#: A surname alone: of the one who was named in full, but another may be meant.
SURNAME_SCORE = 0.9


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one part that is taken; offsets into its folded text."""

    part: str
    start: int
    end: int
    entity: str  # "" when it names nobody we know, or we cannot tell whom
    full_name: bool = False  # of a person: more than the surname
    spelling: str = ""  # the alias that matched
    engine: str = "gazetteer"
    score: float = 1.0  # how sure it is, 0 to 1
    why: str = NAME  # slugs of what spoke for it, with + between


class Linker:
    """Links the phrases of one article; knows its parts, language and context."""

    def __init__(
        self, gazetteer: Gazetteer, parts: Mapping[str, Folded], language: str | None
    ) -> None:
        self.gazetteer = gazetteer
        self.parts = parts
        # A language without aliases of its own, or none at all: every spelling is tried.
        self.language = language if language in LANGUAGES else None
        self._context = Context(parts.values())

    def link(self) -> list[Span]:
        """Return the spans taken by names; the longest takes its place first, none overlap."""
        taken = Taken(self.parts)
        spans = [span for part in self.parts for span in self._link_part(part, taken)]
        return [self._guard(span, taken) for span in spans]

    def _link_part(self, part: str, taken: Taken) -> Iterator[Span]:
        hits = self.gazetteer.phrases.find(self.parts[part], self.language)
        for hit in sorted(hits, key=lambda hit: (hit.start - hit.end, hit.start)):
            if not taken.overlap(part, hit.start, hit.end):
                span = self._choose(part, hit)
                if span:
                    taken.add([span])
                    yield span

    def _choose(self, part: str, hit: Hit[Alias]) -> Span | None:
        """Return who is meant; a span without entity when several are; None when nobody is."""
        folded = self.parts[part]
        start, end = folded.span(hit.start, hit.end)
        surface = folded.original[start:end]
        if _TANWIN in surface[-2:]:
            return None
        fitting = [alias for alias in hit.payloads if self._fits(alias, surface, part, hit)]
        chosen, why = _spelled_alone(fitting, surface), NAME
        if not chosen:
            chosen, why = self._in_context(fitting)
        if not chosen:
            return None
        if len(chosen) > 1:
            return Span(part, hit.start, hit.end, "")
        (entity, alias), *_ = chosen.items()
        return Span(
            part, hit.start, hit.end, entity, alias.full_name, alias.spelling,
            score=_SCORES[why], why=why,
        )  # fmt: skip

    def _in_context(self, fitting: Sequence[Alias]) -> tuple[dict[str, Alias], str]:
        """Return the entities that the context allows; one that it asks for goes before others."""
        allowed: dict[str, Alias] = {}
        wanted: dict[str, Alias] = {}
        for alias in fitting:
            rule = self.gazetteer.rule_for(alias.entity, alias.spelling)
            if self._context.allows(rule):
                allowed.setdefault(alias.entity, alias)
                if rule and rule.needs:
                    wanted.setdefault(alias.entity, alias)
        return (wanted, IN_CONTEXT) if len(wanted) == 1 else (allowed, NAME)

    def _fits(self, alias: Alias, surface: str, part: str, hit: Hit[Alias]) -> bool:
        if self.language and alias.language not in (ANY_LANGUAGE, self.language):
            return False
        if not alias.fits(surface):
            return False
        if alias.acronym and self.parts[part].text[hit.start : hit.end] in (
            self.gazetteer.words.capital_words
        ):
            return any(char.islower() for char in _line(self.parts[part], hit.start))
        return True

    def _guard(self, span: Span, taken: Taken) -> Span:
        """Take the entity from a span that is part of somebody else's name."""
        name = self.gazetteer.names.get(span.entity)
        if name is None or " " in self.parts[span.part].text[span.start : span.end]:
            return span
        foreign = False
        if name.type == PERSON:
            foreign = not span.full_name and self.another_first_name(span, taken)
        elif name.type == PLACE:
            foreign = self._is_personal_name(span, taken)
        return Span(span.part, span.start, span.end, "") if foreign else span

    def another_first_name(self, span: Span, taken: Taken) -> bool:
        """Tell whether a surname follows a word that makes it another person's: "Karen Pence"."""
        folded = self.parts[span.part]
        start, word = _word_before(folded, span.start)
        if not word or not folded.original[folded.starts[start]].isupper():
            return False
        words = self.gazetteer.words
        if word in words.given_names:
            return True
        if word in words.titles or word in words.function_words:
            return False
        if taken.overlap(span.part, start, start + len(word)):
            return False
        # German writes every noun with a capital; in a title-cased line everybody does.
        return self.language != "de" and not in_title_case(folded, span.start)

    def _is_personal_name(self, span: Span, taken: Taken) -> bool:
        """Tell whether a place is a surname ("Michael Jordan") or a first name ("Jordan Ayew")."""
        folded = self.parts[span.part]
        words = self.gazetteer.words
        start, word = _word_before(folded, span.start)
        capital = bool(word) and folded.original[folded.starts[start]].isupper()
        if capital and word in words.given_names:
            return not taken.overlap(span.part, start, start + len(word))
        if folded.text[span.start : span.end] not in words.given_names or self.language == "de":
            return False
        after = span.end + 1
        word = word_rest(folded.text, after)
        if not word or folded.text[span.end] != " ":
            return False
        return (
            folded.original[folded.starts[after]].isupper()
            and word not in words.titles
            and word not in words.function_words
            and not taken.overlap(span.part, after, after + len(word))
            and not in_title_case(folded, span.start)
        )


def _spelled_alone(fitting: Sequence[Alias], surface: str) -> dict[str, Alias]:
    """Return the one of several entities that is spelled just so, e.g. with its Arabic vowels."""
    exact = {alias.entity: alias for alias in fitting if alias.spelling == surface}
    several = len({alias.entity for alias in fitting}) > 1
    return exact if several and len(exact) == 1 else {}


def _word_before(folded: Folded, position: int) -> tuple[int, str]:
    """Return start and text of the word before, with nothing but a space and particles between."""
    text = folded.text
    while position > 0 and text[position - 1] == " ":
        word = word_before(text, position - 1)
        position -= 1 + len(word)
        if word not in _PARTICLES:
            return position, word
    return position, ""


def _line(folded: Folded, position: int) -> str:
    """Return the original line around a place in the folded text, _LINE_CHARS each way at most."""
    at, _ = folded.span(position, position + 1)
    before = folded.original[max(0, at - _LINE_CHARS) : at].rpartition("\n")[2]
    after = folded.original[at : at + _LINE_CHARS].partition("\n")[0]
    return before + after


def in_title_case(folded: Folded, position: int) -> bool:
    """Tell whether a place stands in a line where nearly every word has a capital."""
    words = [word for word in _line(folded, position).split() if word[0].isalpha()]
    capitals = sum(word[0].isupper() for word in words)
    return len(words) >= _TITLE_CASE_MIN_WORDS and capitals > _TITLE_CASE * len(words)
