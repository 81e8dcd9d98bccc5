"""Tells whether words stand in an article: the context that ambiguous names need."""

import re
from collections.abc import Iterable

from pipeline.enrich.folding import Folded
from pipeline.enrich.gazetteer import Rule
from pipeline.enrich.matching import OPEN_END

_LATIN = re.compile(r"[a-z0-9]")


class Context:
    """The folded words of one article, title and text."""

    def __init__(self, parts: Iterable[Folded]) -> None:
        # Everything that is no letter or digit becomes a space, so " kurd" finds "(Kurdish".
        joined = "".join(
            char if char.isalnum() else " " for part in parts for char in f" {part.text}"
        )
        self._text = f"{joined} "
        self._seen: dict[str, bool] = {}

    def has(self, word: str) -> bool:
        """Tell whether a word stands in the article; one that ends in `*` with any ending.

        In Arabic script it may stand anywhere in a word, because clitics come before it.
        """
        if word not in self._seen:
            wanted = word.removesuffix(OPEN_END)
            if _LATIN.match(word):
                wanted = f" {wanted}" if word.endswith(OPEN_END) else f" {wanted} "
            self._seen[word] = wanted in self._text
        return self._seen[word]

    def allows(self, rule: Rule | None) -> bool:
        """Tell whether a rule lets its alias mean its entity here."""
        if rule is None:
            return True
        if any(map(self.has, rule.not_with)):
            return False
        return not rule.needs or any(map(self.has, rule.needs))
