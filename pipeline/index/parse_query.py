"""From what an analyst types to typed clauses. Pure; no engine sees the text itself.

    zone            a word, in any inflection
    "safe zones"    these words in this order, exactly as written
    erdog*          words that begin so (at least three letters)
    title:patrol    a word, phrase or beginning in the title only
    ypg OR sdf      either; binds more tightly than the and between words
    (ypg OR sdf)    the same, for those who like to see it
    -pkk            not this one
    ypg AND sdf     both, which is what is meant without AND

Everything else that an engine's own language could express (regular expressions, fuzziness, boosts,
fields, nested parentheses) is a UsageError: it could cost any amount of time.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from pipeline.errors import UsageError
from pipeline.index.analysis import exact_forms, surfaces

MAX_CHARS = 256
MAX_TERMS = 32
#: Words joined by signs ("Russian-backed", a path) that are looked for by their stems in every
#: language; more are looked for as they stand, since each costs a look at every language.
MAX_JOINED_WORDS = 8
MIN_PREFIX_CHARS = 3  # shorter ones expand to a large part of the vocabulary

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»\uff02", '"'))
_LEXEME = re.compile(
    r"""(?P<open>-?\()|(?P<close>\))
    |(?P<phrase>[-+]?(?:[A-Za-z_][\w.]*:)?"[^"]*")
    |(?P<word>[^\s"()]+)
    |(?P<quote>")""",
    re.VERBOSE,
)
#: Seen before anything else, because its parentheses would be read as groups.
_REGULAR_EXPRESSION = re.compile(r'(?:^|[\s(-])/(?=[^\s"])(?=(?:[^"]*"[^"]*")*[^"]*$)')
_FIELD = re.compile(r"(?P<name>[A-Za-z_][\w.]*):(?=[^\s:])(?P<rest>.*)", re.DOTALL)


class Kind(StrEnum):
    """How a term matches."""

    WORD = "word"  # exactly, or in another inflection
    PHRASE = "phrase"  # exactly, in order
    PREFIX = "prefix"  # exact forms that begin so


@dataclass(frozen=True, slots=True)
class Term:
    """One thing to look for. A WORD of several words ("e-mail") matches them in order."""

    kind: Kind
    words: tuple[str, ...]  # as written, split by pipeline/index/analysis.py; never empty
    title_only: bool = False


@dataclass(frozen=True, slots=True)
class Clause:
    """Alternatives of which at least one must match, or none if excluded. Clauses add up."""

    alternatives: tuple[Term, ...]
    excluded: bool = False


def parse_query(text: str) -> tuple[Clause, ...]:
    """Read a query; no clauses for an empty text. Raises UsageError that says what to write."""
    if len(text) > MAX_CHARS:
        raise UsageError(f"the query has {len(text)} characters; at most {MAX_CHARS} are allowed")
    for char in text:
        if unicodedata.category(char) in ("Cc", "Cs") and not char.isspace():
            raise UsageError(f"the query holds the character U+{ord(char):04X}, which is no text")
    plain = unicodedata.normalize("NFC", text).translate(_QUOTES)
    if _REGULAR_EXPRESSION.search(plain):
        raise UsageError("a word begins with /: regular expressions are not supported; try word*")
    clauses = _Reader(plain).clauses()
    if text.strip() and not clauses:
        raise UsageError("the query holds no word to look for")
    if sum(len(clause.alternatives) for clause in clauses) > MAX_TERMS:
        raise UsageError(f"the query has more than {MAX_TERMS} words and phrases")
    return clauses


class _Reader:
    """Recursive descent over the lexemes: clause = unit (OR unit)*, unit = term | "(" … ")"."""

    def __init__(self, text: str) -> None:
        self._lexemes = [(match.lastgroup, match.group()) for match in _LEXEME.finditer(text)]
        self._next = 0

    def clauses(self) -> tuple[Clause, ...]:
        found = []
        while self._next < len(self._lexemes):
            clause = self._clause()
            if clause is not None:
                found.append(clause)
        return tuple(found)

    def _peek(self) -> tuple[str | None, str]:
        return self._lexemes[self._next] if self._next < len(self._lexemes) else (None, "")

    def _take(self) -> tuple[str | None, str]:
        lexeme = self._peek()
        self._next += 1
        return lexeme

    def _clause(self) -> Clause | None:
        if self._peek()[1] == "AND":
            self._check_and()
        terms, excluded = self._unit()
        while self._peek()[1] == "OR":
            self._take()
            more, more_excluded = self._unit()
            if not (terms and more):
                raise UsageError("OR needs a word or phrase on both sides")
            if excluded or more_excluded:
                raise UsageError("an excluded word (-word) cannot be an alternative of OR")
            terms += more
        return Clause(tuple(terms), excluded) if terms else None

    def _check_and(self) -> None:
        """Accept AND between two clauses, where it says what is meant anyway."""
        first = self._next == 0
        self._take()
        if first or self._peek()[0] is None or self._peek()[1] in ("AND", "OR"):
            raise UsageError("AND needs a word or phrase on both sides (and may be left out)")

    def _unit(self) -> tuple[list[Term], bool]:
        kind, text = self._take()
        if kind == "quote":
            raise UsageError('a quotation mark (") is not closed')
        if kind == "close":
            raise UsageError("a parenthesis is closed that was not opened")
        if kind == "open":
            return self._group(), text.startswith("-")
        if text in ("OR", "NOT"):
            hint = "OR needs a word or phrase on both sides" if text == "OR" else "write -word"
            raise UsageError(f"{text} cannot stand here: {hint}")
        excluded = text.startswith("-")
        term = _term(text.lstrip("-+"), quoted=kind == "phrase")
        return ([term] if term else []), excluded

    def _group(self) -> list[Term]:
        """Read the alternatives inside parentheses."""
        terms: list[Term] = []
        while True:
            if self._peek()[0] in ("open", "close", None):
                break
            more, excluded = self._unit()
            if excluded:
                raise UsageError("inside parentheses -word is not possible; put it outside")
            terms += more
            if self._peek()[1] != "OR":
                break
            self._take()
        if self._take()[0] != "close" or not terms:
            raise UsageError(
                'parentheses may only hold alternatives, as in (ypg OR sdf OR "safe zone")'
            )
        return terms


def _term(text: str, *, quoted: bool) -> Term | None:
    """Read one term; None when it holds no word at all, such as a dash between two words."""
    text, title_only = _without_field(text)
    if quoted:
        written = tuple(surfaces(text))
        if not written:
            raise UsageError("a pair of quotation marks holds no word")
        return Term(Kind.PHRASE, written, title_only)
    _refuse_operators(text)
    if text.endswith("*") and len(text) > 1:
        return _prefix(text, title_only=title_only)
    written = tuple(surfaces(text))
    kind = Kind.WORD if len(written) <= MAX_JOINED_WORDS else Kind.PHRASE
    return Term(kind, written, title_only) if written else None


def _without_field(text: str) -> tuple[str, bool]:
    """Take `title:` off; refuse every other field."""
    match = _FIELD.match(text)
    if match is None:
        return text, False
    if match["name"].lower() != "title":
        raise UsageError(
            f"{match['name']}: is not a field of the query text; only title: is. Filters are for"
            " the rest; for a plain word followed by a colon put a space after it"
        )
    return match["rest"], True


def _refuse_operators(text: str) -> None:
    if "*" in text[:-1] or text == "*":
        raise UsageError(f"{text!r}: * may only stand at the end of a word, as in erdog*")
    if re.search(r"\w[~^]", text):
        raise UsageError(f"{text!r}: ~ and ^ are not supported; write the word without them")


def _prefix(text: str, *, title_only: bool) -> Term:
    written = tuple(surfaces(text))
    if len(written) != 1:
        raise UsageError(f"{text!r}: * follows one word")
    if len(exact_forms(written)[0]) < MIN_PREFIX_CHARS:
        raise UsageError(f"{text!r}: at least {MIN_PREFIX_CHARS} letters must stand before *")
    return Term(Kind.PREFIX, written, title_only)
