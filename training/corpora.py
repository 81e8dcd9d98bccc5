"""Readers of annotated texts: columns of words and tags, whoever made them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

PERSON, ORGANISATION, PLACE = "PER", "ORG", "LOC"
#: What corpora call their kinds → ours; what is not here is no name for us.
_KINDS = {
    "per": PERSON, "person": PERSON, "politician": PERSON, "scientist": PERSON, "writer": PERSON,
    "musicalartist": PERSON, "researcher": PERSON,
    "org": ORGANISATION, "organisation": ORGANISATION, "politicalparty": ORGANISATION,
    "university": ORGANISATION, "band": ORGANISATION,
    "loc": PLACE, "location": PLACE, "country": PLACE,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Name:
    """A name: words from `start` up to `end`, and what it is the name of."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Text:
    """Words and the names in them."""

    words: tuple[str, ...]
    names: tuple[Name, ...]


def read(path: Path) -> list[Text]:
    """Return the sentences of a file: word and tag (IOB2 or IOB1) in columns, a blank line between.

    In `.iob2` files (CoNLL-U like) word and tag are the second and third column, else the first and
    the last.
    """
    found: list[Text] = []
    rows: list[list[str]] = []
    for line in [*path.read_text("utf-8").splitlines(), ""]:
        if line.startswith("# "):
            continue
        if line.strip():
            rows.append(line.split("\t") if "\t" in line else line.split())
        elif rows:
            word, tag = (1, 2) if path.suffix == ".iob2" else (0, -1)
            words = tuple(row[word] for row in rows)
            found.append(Text(words, tuple(_names([row[tag] for row in rows]))))
            rows = []
    return found


def _names(tags: list[str]) -> Iterator[Name]:
    begun: tuple[int, str] | None = None
    for at, tag in enumerate([*tags, "O"]):
        kind = _KINDS.get(tag[2:].lower()) if tag != "O" else None
        if begun and (kind != begun[1] or not tag.startswith("I-")):
            yield Name(begun[0], at, begun[1])
            begun = None
        if kind and begun is None:
            begun = (at, kind)


def joined(texts: list[Text], size: int) -> list[Text]:
    """Return texts of `size` sentences each: a model sees names repeated, as articles do."""
    return [_join(texts[at : at + size]) for at in range(0, len(texts), size)]


def _join(texts: list[Text]) -> Text:
    names, offset = [], 0
    for text in texts:
        names += [Name(one.start + offset, one.end + offset, one.kind) for one in text.names]
        offset += len(text.words)
    return Text(tuple(chain.from_iterable(text.words for text in texts)), tuple(names))


def split_suffixes(text: Text) -> Text:
    """Return a Turkish text with the suffixes behind apostrophes as words of their own."""
    words: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for word in text.words:
        stem, apostrophe, suffix = _parted(word)
        starts.append(len(words))
        words.append(stem)
        ends.append(len(words))
        if apostrophe:
            words.append(apostrophe + suffix)
    names = (Name(starts[one.start], ends[one.end - 1], one.kind) for one in text.names)
    return Text(tuple(words), tuple(names))


def _parted(word: str) -> tuple[str, str, str]:
    for apostrophe in "'’":
        stem, found, suffix = word.partition(apostrophe)
        if found and stem and suffix.isalpha():
            return stem, found, suffix
    return word, "", ""
