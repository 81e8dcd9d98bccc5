"""The quotations of one article, each with its speaker where the text tells."""

import re
from collections.abc import Iterable, Sequence

from pipeline.enrich.gazetteer import Words as NameWords
from pipeline.enrich.quotes.clauses import Named, Reading
from pipeline.enrich.quotes.marks import Quoted, quoted
from pipeline.enrich.quotes.reporting import reporting_of
from pipeline.enrich.quotes.speakers import Attribution, Speakers
from pipeline.model import Entity, Mention, Quote

VERSION = "1"
#: An article with more is a list of quotations; the rest is left out.
MAX_QUOTES = 200
#: What is read and looked at to find them: guards against a page of nothing but marks.
_TEXT_CHARS, _STRETCHES = 200_000, 1000
_MIN_WORDS = 2
_MIN_WORDS_INSIDE = (
    4  # where neither comma nor verb sets them off: less may be words kept at a distance
)
_SMALL_WORDS = 4  # letters: what may be small in a title
_BESIDE_CHARS = 4  # marks and space between a quotation and its verb
_SET_OFF = re.compile(r"[:,،]\s*\Z")


def find_quotes(
    text: str,
    starts: Sequence[int],
    entities: Iterable[Entity],
    language: str | None,
    name_words: NameWords,
) -> tuple[Quote, ...]:
    """Return what is quoted in the body.

    `starts` is where its sentences begin, `name_words` what tells titles from names.
    """
    text = text[:_TEXT_CHARS]
    stretches = [one for one in quoted(text) if not _is_scare(text, one)][:_STRETCHES]
    if not stretches:
        return ()
    named = sorted(
        (
            Named(one.start, one.end, entity.type, entity.name, entity.id)
            for entity in entities
            for one in entity.mentions
            if one.part == "text"
        ),
        key=lambda one: one.start,
    )
    reading = Reading(text, named, reporting_of(language), name_words, language)
    speakers = Speakers(reading, starts)
    found: list[Quote] = []
    for number, one in enumerate(stretches):
        if len(found) == MAX_QUOTES:
            break
        following = stretches[number + 1] if number + 1 < len(stretches) else None
        said = speakers.of(one, following)
        if _is_quotation(text, one, said):
            found.append(_quote(text, one, said))
    return tuple(found)


def _is_quotation(text: str, one: Quoted, said: Attribution) -> bool:
    """Tell whether a stretch is long enough, or a comma, colon or verb beside it sets it off."""
    if len(text[one.start : one.end].split()) >= _MIN_WORDS_INSIDE:
        return True
    if said.verb is None and said.speaker is None:
        return False
    beside = said.verb is not None and (
        0 <= said.verb.start - one.closed <= _BESIDE_CHARS
        or 0 <= one.opened - said.verb.end <= _BESIDE_CHARS
    )
    before = text[max(0, one.opened - _BESIDE_CHARS) : one.opened]
    return beside or text[one.end - 1] in ".,!?…؟،" or _SET_OFF.search(before) is not None


def _is_scare(text: str, one: Quoted) -> bool:
    """Tell whether a stretch is a single word or in title case: an operation, a book."""
    words = text[one.start : one.end].split()
    if len(words) < _MIN_WORDS:
        return True
    letters = [word for word in words if word[0].isalpha()]
    if text[one.end - 1] in ".,!?…؟،" or not any(word[0].isupper() for word in letters[1:]):
        return False
    return all(word[0].isupper() or len(word) < _SMALL_WORDS for word in letters)


def _quote(text: str, one: Quoted, said: Attribution) -> Quote:
    speaker, verb = said.speaker, said.verb
    return Quote(
        start=one.start,
        end=one.end,
        text=text[one.start : one.end],
        speaker=speaker.name if speaker else None,
        speaker_id=speaker.entity if speaker else None,
        speaker_at=_mention(text, speaker.start, speaker.end) if speaker else None,
        verb=_mention(text, verb.start, verb.end) if verb else None,
        why=said.why,
    )


def _mention(text: str, start: int, end: int) -> Mention:
    return Mention(start, end, text[start:end], "text")
