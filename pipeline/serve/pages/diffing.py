"""What changed between two texts, paragraph by paragraph and word by word. Pure.

The shortest edit by Myers' algorithm, up to so many edits: a text that changed more is shown as
taken out and put in as a whole, which also reads best. (difflib takes minutes for texts made to.)
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

_GAP = re.compile(r"(\n(?:[ \t]*\n)+)")
_WORD = re.compile(r"\w+\s*|[^\w\s]+\s*|\s+")
#: Edits that are looked for; time and memory grow with their square.
_MAX_EDITS = 400
#: Paragraphs less alike than this are not woven into each other.
_ALIKE = 0.4


class Edit(StrEnum):
    """What became of a piece of text."""

    KEPT = "kept"
    OUT = "out"
    IN = "in"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text with what became of it."""

    edit: Edit
    text: str


Block = tuple[Piece, ...]  # a paragraph of either text, or of both


def compare(old: str, new: str) -> list[Block]:
    """Return both texts as one: what is kept and out makes the old one, kept and in the new one."""
    blocks: list[Block] = []
    for edit, one, other in _runs(paragraphs(old), paragraphs(new)):
        if edit is Edit.KEPT:
            blocks += [(Piece(Edit.KEPT, text),) for text in one]
        else:
            blocks += _changed(one, other)
    return blocks


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text, each with the blank lines behind it; together the text."""
    parts = [*_GAP.split(text), ""]
    return [one + gap for one, gap in zip(parts[::2], parts[1::2], strict=True) if one + gap]


def is_kept(block: Block) -> bool:
    """Tell whether nothing in a paragraph changed."""
    return all(piece.edit is Edit.KEPT for piece in block)


def words(blocks: Sequence[Block], edit: Edit) -> int:
    """Count the words of one kind of edit."""
    texts = (piece.text for block in blocks for piece in block if piece.edit is edit)
    return sum(len(re.findall(r"\w+", text)) for text in texts)


def folded(blocks: Sequence[Block], around: int = 1) -> list[tuple[Block, ...] | int]:
    """Return runs of what changed and what is next to it; a number: so many left out there."""
    changed = [at for at, block in enumerate(blocks) if not is_kept(block)]
    near = {at + step for at in changed for step in range(-around, around + 1)}
    shown: list[tuple[Block, ...] | int] = []
    run: tuple[Block, ...] = ()
    hidden = 0
    for at, block in enumerate(blocks):
        if at in near:
            shown += [hidden] if hidden else []
            run, hidden = (*run, block), 0
        else:
            shown += [run] if run else []
            run, hidden = (), hidden + 1
    return [*shown, *([run] if run else []), *([hidden] if hidden else [])]


def _changed(old: Sequence[str], new: Sequence[str]) -> Iterator[Block]:
    """Weave paragraph into paragraph where they follow each other one by one."""
    both = min(len(old), len(new))
    for one, other in zip(old[:both], new[:both], strict=True):
        pieces = tuple(_woven(one, other))
        if any(piece.edit is Edit.KEPT for piece in pieces):
            yield pieces
        else:  # each reads best by itself
            yield from ((piece,) for piece in pieces)
    yield from ((Piece(Edit.OUT, one),) for one in old[both:])
    yield from ((Piece(Edit.IN, one),) for one in new[both:])


def _woven(old: str, new: str) -> list[Piece]:
    """Return one paragraph's words among the other's."""
    pieces: list[Piece] = []
    for edit, one, other in _runs(_WORD.findall(old), _WORD.findall(new)):
        if edit is Edit.KEPT:
            pieces.append(Piece(edit, "".join(one)))
        else:
            pieces += [Piece(Edit.OUT, "".join(one))] if one else []
            pieces += [Piece(Edit.IN, "".join(other))] if other else []
    kept = sum(len(piece.text) for piece in pieces if piece.edit is Edit.KEPT)
    if 2 * kept < _ALIKE * (len(old) + len(new)):
        return [Piece(Edit.OUT, old), Piece(Edit.IN, new)]
    return pieces


_Run = tuple[Edit, Sequence[str], Sequence[str]]


def _runs(old: Sequence[str], new: Sequence[str]) -> Iterator[_Run]:
    """Yield (KEPT, part, same part) and (OUT, part of old, what of new stands in its place)."""
    at_old = at_new = 0
    for first_old, first_new, length in [*_matches(old, new), (len(old), len(new), 0)]:
        if first_old > at_old or first_new > at_new:
            yield Edit.OUT, old[at_old:first_old], new[at_new:first_new]
        at_old, at_new = first_old + length, first_new + length
        if length:
            yield Edit.KEPT, old[first_old:at_old], new[first_new:at_new]


def _matches(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int, int]]:
    """Return (place in old, place in new, length) of what both have in common, in order."""
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    middle = _shortest_edit(old[start : len(old) - end], new[start : len(new) - end])
    runs = [(0, 0, start)]
    for at_old, at_new in [(one + start, other + start) for one, other in middle]:
        first_old, first_new, length = runs[-1]
        if (at_old, at_new) == (first_old + length, first_new + length):
            runs[-1] = (first_old, first_new, length + 1)
        else:
            runs.append((at_old, at_new, 1))
    return [run for run in [*runs, (len(old) - end, len(new) - end, end)] if run[2]]


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """Return how many items at the beginning are the same."""
    for number, (one, other) in enumerate(zip(old, new, strict=False)):
        if one != other:
            return number
    return min(len(old), len(new))


def _shortest_edit(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places (in old, in new) of what is kept; none when too much changed."""
    furthest = {1: 0}  # diagonal (place in old - place in new) → place in old
    steps: list[dict[int, int]] = []
    for edits in range(min(len(old) + len(new), _MAX_EDITS) + 1):
        steps.append(dict(furthest))
        for diagonal in range(-edits, edits + 1, 2):
            x = _entered(furthest, diagonal, edits)
            while x < len(old) and x - diagonal < len(new) and old[x] == new[x - diagonal]:
                x += 1
            furthest[diagonal] = x
            if x >= len(old) and x - diagonal >= len(new):
                return _walk_back(steps, len(old), len(new))
    return []


def _puts_in(furthest: dict[int, int], diagonal: int, edits: int) -> bool:
    """Tell whether a diagonal is entered by putting in an item of new, not by taking one out."""
    return diagonal == -edits or (
        diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1]
    )


def _entered(furthest: dict[int, int], diagonal: int, edits: int) -> int:
    """Return the place in old at which a diagonal is entered."""
    if _puts_in(furthest, diagonal, edits):
        return furthest[diagonal + 1]
    return furthest[diagonal - 1] + 1


def _walk_back(steps: list[dict[int, int]], x: int, y: int) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for edits in range(len(steps) - 1, -1, -1):
        furthest, diagonal = steps[edits], x - y
        entered = _entered(furthest, diagonal, edits)
        while x > entered:
            x, y = x - 1, y - 1
            kept.append((x, y))
        x, y = (x, y - 1) if _puts_in(furthest, diagonal, edits) else (x - 1, y)
    return kept[::-1]
