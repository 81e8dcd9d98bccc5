"""Tells who says what is quoted: by the verb of saying beside it, and that verb's subject.

A pronoun, "the statement" or a missing subject stands for who spoke last, when nobody else it could
stand for was named since. Who remains unknown has no speaker: none is better than the wrong one.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.enrich.folding import fold_key
from pipeline.enrich.quotes.clauses import (
    ALONE,
    NAME,
    PERSON_PRONOUN,
    THING,
    Clause,
    Named,
    Reading,
    Word,
)
from pipeline.enrich.quotes.marks import Quoted
from pipeline.enrich.sentences import sentence_at

_AFTER_CHARS, _BEFORE_CHARS = 160, 240  # as far as a verb may be from its quotation
_VERB_WITHIN = 8  # words after a quotation: “…,” Pence, who came last, said
_SETS_OFF = frozenset(".,!?…؟،")
#: How far back a pronoun may look: about two paragraphs.
_LOOK_BACK_CHARS = 1200
_MAX_SENTENCES_BACK = 8
_NAME_CHARS = 30  # a first name is shorter
_COMMA = re.compile(r"[\s,،;–—-]*")
_COLON, _COLON_CHARS = re.compile(r":\s*\Z"), 4


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who says it, and the words that say so; `verb` is None where a colon does."""

    speaker: Named | None
    verb: Word | None
    why: str


NOBODY = Attribution(None, None, "no_verb")


class Speakers:
    """Attributes the quotations of one text, in order."""

    def __init__(self, reading: Reading, starts: Sequence[int]) -> None:
        """Read a text; `starts` is where its sentences begin."""
        self._reading, self._text, self._named = reading, reading.text, reading.named
        self._language, self._starts = reading.language, starts
        self._last: tuple[int, Named] | None = None  # who was quoted last, and where
        self._until = 0  # up to where quotations and their verbs have been read
        self._before: tuple[Quoted, Attribution] | None = None

    def of(self, quoted: Quoted, following: Quoted | None) -> Attribution:
        """Return who says a quotation; `following` is the next one."""
        found = self._attributed(quoted, following)
        speaker, why = found.speaker, found.why
        stands_for_another = speaker is not None and speaker.kind in (PERSON_PRONOUN, THING)
        if stands_for_another or (speaker is None and found.verb):
            speaker = self._meant(speaker, quoted.start) if self._may_mean(found) else None
            why = f"{why}+last_speaker" if speaker else f"{why}+unknown"
        said = Attribution(speaker, found.verb, why)
        if speaker:
            speaker = self._in_full(speaker)
            said = replace(said, speaker=speaker)
            self._last = (found.verb.start if found.verb else quoted.start, speaker)
        elif found.verb:
            self._last = None  # somebody else spoke, whom we do not know
        self._until = max(quoted.closed, found.verb.end if found.verb else 0)
        self._before = (quoted, said)
        return said

    def _attributed(self, quoted: Quoted, following: Quoted | None) -> Attribution:
        after = self._clause_after(quoted, following)
        before = self._clause_before(quoted)
        by_after = self._by_verb_after(after, before)
        by_before = self._by_verb_before(before, quoted)
        if by_before and not self._is_set_off(quoted):
            by_after = None  # the sentence goes on with other things: said it “was late” and left
        return by_after or by_before or self._continued(quoted, before) or NOBODY

    def _is_set_off(self, quoted: Quoted) -> bool:
        """Tell whether a comma or the end of a sentence parts a quotation from what follows."""
        if self._language == "tr":
            return True
        after = self._text[quoted.closed + 1 : quoted.closed + 2]
        return self._text[quoted.end - 1] in _SETS_OFF or after in _SETS_OFF

    def _by_verb_after(self, after: Clause | None, before: Clause) -> Attribution | None:
        """Read “…,” said Maas; in Turkish the subject stands before: Akar, “…” dedi."""
        verbs = after.verbs() if after else []
        if not after or not verbs:
            return None
        verb = verbs[0]
        if after.tokens.index(verb) > _VERB_WITHIN:
            return None
        subject, why = after.subject(verb)
        if self._language == "tr" and (subject is None or why != "cited"):
            first = before.first_subject()
            if first is None and before.tokens:
                return Attribution(None, verb, "no_subject")
            return Attribution(first or subject, verb, "subject_before" if first else why)
        if subject is None and before.has_subject() and before.verbs():
            return None
        return Attribution(subject, verb, why)

    def _by_verb_before(self, before: Clause, quoted: Quoted) -> Attribution | None:
        """Read: The ministry said that “…”; or a name and a colon alone."""
        verbs = before.verbs()
        if not verbs:
            colon = _COLON.search(self._text, max(0, quoted.opened - _COLON_CHARS), quoted.opened)
            named = (before.last_subject() or before.first_subject()) if colon else None
            return Attribution(named, None, "colon") if named else None
        subject, why = before.subject(verbs[-1])
        return Attribution(subject, verbs[-1], why)

    def _continued(self, quoted: Quoted, before: Clause) -> Attribution | None:
        """Read the second half of “…,” said Maas. “…”, and a quotation that a paragraph goes on."""
        if self._before is None or self._before[1].speaker is None or before.tokens:
            return None
        earlier, said = self._before
        first = bisect_right(self._starts, earlier.closed)
        sentences = bisect_right(self._starts, quoted.opened) - first
        paragraphs = "\n\n" in self._text[earlier.closed : quoted.opened]
        if earlier.goes_on or (sentences <= 1 and not paragraphs):
            return Attribution(said.speaker, None, "continued")
        return None

    def _clause_after(self, quoted: Quoted, following: Quoted | None) -> Clause | None:
        """Return what goes on after the closing mark in the same sentence."""
        start = min(quoted.closed + 1, len(self._text))
        _, end = sentence_at(self._text, self._starts, quoted.closed, start)
        end = min(end, start + _AFTER_CHARS, following.opened if following else len(self._text))
        rest = _COMMA.match(self._text, start, max(start, end))
        begin = rest.end() if rest else start
        if begin >= end:
            return None
        finished = self._text[quoted.end - 1] in ".!?…؟" and begin == start + 1
        if finished and self._text[begin].isupper() and self._language != "tr":
            return None
        return self._clause(begin, end)

    def _clause_before(self, quoted: Quoted) -> Clause:
        """Return what stands before the opening mark in the same sentence."""
        end = quoted.opened
        earlier = self._before[0].closed + 1 if self._before else 0
        begin = max(self._sentence_start(end), earlier, end - _BEFORE_CHARS)
        return self._clause(begin, max(begin, end))

    def _sentence_start(self, position: int) -> int:
        """Return where the sentence of what stands before a place begins."""
        at = bisect_left(self._starts, position) - 1
        if at + 1 < len(self._starts) and self._starts[at + 1] == position:
            return position
        return self._starts[at] if at >= 0 else position

    def _clause(self, start: int, end: int) -> Clause:
        opens = self._sentence_start(start + 1) == start
        return Clause(self._reading, (start, end), opens=opens)

    def _in_full(self, speaker: Named) -> Named:
        """Return somebody nobody knows by the full name that stood before: "Miller"."""
        surname = speaker.name
        at = self._text.find(f" {surname}", 0, speaker.start - 1)
        if speaker.kind != NAME or " " in surname or at < 0:
            return speaker
        before = self._text[max(0, at - _NAME_CHARS) : at].rpartition(" ")[2]
        if (
            not before[:1].isupper()
            or not before.isalpha()
            or fold_key(before) in self._reading.name_words.titles
        ):
            return speaker
        return replace(speaker, name=f"{before} {surname}")

    def _may_mean(self, found: Attribution) -> bool:
        """Tell whether a verb without a subject has one that is left out, and no unnamed one."""
        if found.speaker is not None:
            return True
        return self._language in ("ar", "es", "tr") and found.why == ALONE

    def _meant(self, pronoun: Named | None, position: int) -> Named | None:
        """Return who spoke last before a place, if it is the only one that can be meant."""
        kinds = _KINDS[pronoun.kind if pronoun else ""]
        source = self._reported_since(position) or self._last
        if source is None or position - source[0] > _LOOK_BACK_CHARS:
            return None
        at, speaker = source
        if speaker.kind not in kinds:
            return None
        since = bisect_left(self._named, at, key=lambda one: one.start)
        until = bisect_left(self._named, position, key=lambda one: one.start)
        others = {one.entity for one in self._named[since:until] if one.kind == speaker.kind}
        return speaker if others <= {speaker.entity} else None

    def _reported_since(self, position: int) -> tuple[int, Named] | None:
        """Return the nearest subject of a verb of saying after the last quotation."""
        at = bisect_left(self._starts, position) - 1
        for _ in range(_MAX_SENTENCES_BACK):
            at -= 1
            if at < 0 or self._starts[at] < max(self._until, position - _LOOK_BACK_CHARS):
                return None
            start, end = sentence_at(
                self._text, self._starts, self._starts[at], self._starts[at] + 1
            )
            clause = self._clause(start, min(end, start + _BEFORE_CHARS))
            for verb in clause.verbs():
                subject, _ = clause.subject(verb)
                if subject and subject.kind not in (PERSON_PRONOUN, THING):
                    return verb.start, subject
        return None


#: What may be meant by a pronoun of each kind; "" by a subject that is left out.
_KINDS = {
    PERSON_PRONOUN: frozenset({"person", NAME}),
    THING: frozenset({"organisation", "place"}),
    "": frozenset({"person", "organisation", NAME}),
}
