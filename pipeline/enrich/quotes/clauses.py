"""A stretch of text outside quotation marks: its verbs of saying, who may be their subject."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.enrich.dates.vocabulary import vocabulary_of
from pipeline.enrich.folding import fold_key
from pipeline.enrich.gazetteer import Words as NameWords
from pipeline.enrich.quotes.reporting import Reporting
from pipeline.enrich.story_terms import stop_words

PERSON_PRONOUN, THING = "person_pronoun", "thing"  # kinds of subjects that stand for another
NAME = "name"  # kind of a subject that nobody knows, known by its capitals
_WORD = re.compile(r"[^\W_]+")
_APOSTROPHES = "'’"
ALONE = "verb_alone"  # why there is no subject: hardly anything stands beside the verb
_ALONE_WORDS = 3
_NEAR_WORDS = 3  # between a verb and its subject: "a spokesman for"
_TITLE_WORDS = 4  # between a country or ministry and the one who speaks for it
_CLITICS_ALONE = re.compile("[وف]?")


@dataclass(frozen=True, slots=True)
class Named:
    """Where somebody is named: offsets into the original text."""

    start: int
    end: int
    kind: str  # "person" | "organisation" | "place" | NAME | PERSON_PRONOUN | THING
    name: str
    entity: str | None = None  # id


@dataclass(frozen=True, slots=True)
class Word:
    """One word of the original text."""

    start: int
    end: int
    key: str  # folded


@dataclass(frozen=True, slots=True)
class Reading:
    """A text, the names in it in order, and the words by which it is read."""

    text: str
    named: Sequence[Named]
    words: Reporting
    name_words: NameWords
    language: str | None


class Clause:
    """The words of text[start:end] and the names in it."""

    def __init__(self, reading: Reading, span: tuple[int, int], *, opens: bool = False) -> None:
        """Read a stretch; `opens`: a sentence begins with it, whose first capital tells nothing."""
        self._text, self._words = reading.text, reading.words
        self._language, self._name_words = reading.language, reading.name_words
        self._opens = opens
        self.tokens = [
            Word(match.start(), match.end(), fold_key(match[0]))
            for match in _WORD.finditer(self._text, *span)
        ]
        first, last = (bisect_left(reading.named, at, key=lambda one: one.start) for at in span)
        known = list(reading.named[first:last])
        self._candidates = sorted(
            [*known, *self._unknown(known), *self._pronouns(known)], key=lambda one: one.start
        )

    def verbs(self) -> list[Word]:
        """Return the verbs of saying, in order."""
        return [word for word in self.tokens if self.is_said(word)]

    def is_said(self, word: Word) -> bool:
        """Tell whether a word reports speech; in Arabic "and" may stand before it.

        Not within a compound: "so-called".
        """
        if self._text[word.start - 1 : word.start] == "-":
            return False
        if word.key in self._words.said or word.key in self._words.citing:
            return True
        return self._language == "ar" and word.key[:1] in "وف" and word.key[1:] in self._words.said

    def subject(self, verb: Word) -> tuple[Named | None, str]:
        """Return who says it and why: beside the verb rather than far from it."""
        before = [one for one in self._candidates if one.end <= verb.start]
        after = [one for one in self._candidates if one.start >= verb.end]
        if verb.key in self._words.citing or verb.key in self._words.after:
            return self._cited(verb, after), "cited"
        if self._language == "ar" and after and self._is_near(verb, after[0]):
            return self._upgraded(after), "verb_subject"
        if before and self._touches(before[-1], verb) and not self._is_oblique(before[-1]):
            return before[-1], "subject_verb"
        if after and self._is_near(verb, after[0]) and not self._is_oblique(after[0]):
            return self._upgraded(after), "verb_subject"
        subjects = [one for one in before if not self._is_oblique(one)]
        if subjects:
            return self._upgraded(before[before.index(subjects[0]) :]), "subject_before"
        alone = self.tokens[0] is verb and len(self.tokens) <= _ALONE_WORDS
        return (None, ALONE) if alone else self._spoken_for([*before, *after])

    def _cited(self, verb: Word, after: Sequence[Named]) -> Named | None:
        """Return who follows "according to" or "so"; only the first takes a preposition."""
        if not after or not self._is_near(verb, after[0]):
            return None
        wrong = verb.key in self._words.after and self._is_oblique(after[0])
        return None if wrong else self._upgraded(after)

    def first_subject(self) -> Named | None:
        """Return who is named first and is no object: of a clause whose verb stands elsewhere."""
        subjects = [one for one in self._candidates if not self._is_oblique(one)]
        if not subjects:
            return self._spoken_for(self._candidates)[0]
        return self._upgraded(self._candidates[self._candidates.index(subjects[0]) :])

    def last_subject(self) -> Named | None:
        """Return who is named last, if it is no object."""
        last = self._candidates[-1] if self._candidates else None
        return None if last is None or self._is_oblique(last) else last

    def has_subject(self) -> bool:
        """Tell whether anybody is named who could be a subject, known or not."""
        return any(not self._is_oblique(one) for one in self._candidates)

    def _spoken_for(self, several: Sequence[Named]) -> tuple[Named | None, str]:
        """Return whom a spokesman or a statement speaks for."""
        for one in several:
            for word in self._words_before(one.start, _TITLE_WORDS):
                if word.key in self._words.spoken:
                    return one, "spoken_for"
        return None, "no_subject"

    def _upgraded(self, several: Sequence[Named]) -> Named:
        """Return the first, or the person right behind it: "U.S. Defense Secretary Mark Esper"."""
        first = several[0]
        if first.kind in ("place", "organisation"):
            for one in several[1:]:
                between = self._between(first.end, one.start)
                if between is None or len(between) > _TITLE_WORDS:
                    break
                if any(self.is_said(word) or word.key in self._words.oblique for word in between):
                    break
                if one.kind in ("person", NAME):
                    return one
        return first

    def _is_near(self, verb: Word, one: Named) -> bool:
        between = self._between(verb.end, one.start)
        return between is not None and len(between) <= _NEAR_WORDS

    def _touches(self, one: Named, verb: Word) -> bool:
        between = self._between(one.end, verb.start)
        return between is not None and all(word.key in self._words.loose for word in between)

    def _between(self, start: int, end: int) -> list[Word] | None:
        """Return the words between two places; None when punctuation stands there as well."""
        if any(char in ",;:.!?،؛–—()\n" for char in self._text[start:end]):
            return None
        return [word for word in self.tokens if start <= word.start and word.end <= end]

    def _words_before(self, start: int, count: int) -> list[Word]:
        at = bisect_left(self.tokens, start, key=lambda word: word.start)
        return self.tokens[max(0, at - count) : at]

    def _is_oblique(self, one: Named) -> bool:
        """Tell whether a name stands after a preposition or has a case ending."""
        if one.kind == PERSON_PRONOUN:
            return False
        before = self._words_before(one.start, 2)
        if any(word.key in self._words.spoken for word in before[-1:]):
            return False
        if before and before[-1].key in self._words.loose:
            before = before[:-1]
        if before and before[-1].key in self._words.oblique:
            return True
        if one.end < len(self._text) and self._has_ending(one):
            return True
        return self._language == "ar" and self._has_clitic(one)

    def _has_ending(self, one: Named) -> bool:
        after = self._text[one.end : one.end + 2]
        if after[0] in _APOSTROPHES:
            return after[1:].isalpha()
        return self._language == "tr" and after[0].isalpha()

    def _has_clitic(self, one: Named) -> bool:
        start = one.start
        while start > 0 and self._text[start - 1].isalpha():
            start -= 1
        return _CLITICS_ALONE.fullmatch(self._text[start : one.start]) is None

    def _pronouns(self, known: Sequence[Named]) -> list[Named]:
        inside = {at for one in known for at in range(one.start, min(one.end, one.start + 99))}
        found = []
        for word in self.tokens:
            if word.start in inside:
                continue
            if word.key in self._words.person:
                found.append(Named(word.start, word.end, PERSON_PRONOUN, ""))
            elif word.key in self._words.thing_pronoun or word.key in self._words.thing:
                found.append(Named(word.start, word.end, THING, ""))
        return found

    def _unknown(self, known: Sequence[Named]) -> list[Named]:
        """Return runs of words with capitals that are no name of ours, without titles before them.

        A single one counts only beside a verb of saying, and not in German, where nouns have them.
        """
        if self._language == "ar":
            return []
        runs: list[list[Word]] = [[]]
        for word in self.tokens:
            capital = self._text[word.start].isupper()
            if capital and not any(one.start <= word.start < one.end for one in known):
                if runs[-1] and self._text[runs[-1][-1].end : word.start] not in (" ", "-", ". "):
                    runs.append([])
                runs[-1].append(word)
            elif runs[-1]:
                runs.append([])
        alone = [run for run in runs if run and not self._is_before_name(run[-1], known)]
        return [self._name(name) for run in alone if (name := self._bare_name(run))]

    def _bare_name(self, run: Sequence[Word]) -> Sequence[Word]:
        """Return what is a name in a run: from a given name on, or without roles and titles."""
        given = (at for at, one in enumerate(run) if one.key in self._name_words.given_names)
        first = next(given, None)
        if first is not None and first + 1 < len(run):
            return run[first:]
        words = [word for word in run if not self._is_no_name(word)]
        name = [word for word in words if not self._is_role(word)]
        return name if len(name) > 1 or len(words) > len(name) or self._is_alone(name) else []

    def _is_before_name(self, word: Word, known: Sequence[Named]) -> bool:
        """Tell whether a name of ours follows: what stands before it is a title."""
        return any(self._text[word.end : one.start] == " " for one in known)

    def _is_role(self, word: Word) -> bool:
        return word.key in self._name_words.titles or word.key in self._words.roles

    def _is_no_name(self, word: Word) -> bool:
        """Tell whether a capital is that of a small word, a month or a weekday."""
        return word.key in stop_words() or word.key in vocabulary_of(self._language).openings

    def _is_alone(self, name: Sequence[Word]) -> bool:
        """Tell whether a single word is a name: not in German, where every noun has a capital."""
        if not name or self._language == "de":
            return False
        at = self.tokens.index(name[0])
        beside = self.tokens[max(0, at - 1) : at + 2]
        return not (at == 0 and self._opens) and any(map(self.is_said, beside))

    def _name(self, run: Sequence[Word]) -> Named:
        start, end = run[0].start, run[-1].end
        return Named(start, end, NAME, self._text[start:end])
