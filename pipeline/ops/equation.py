"""The balance as one equation, and each of its terms with its reasons. Pure."""

from dataclasses import dataclass

from pipeline.model import Status
from pipeline.oversight import Tally

#: In the order of an article's luck.
_ORDER = (
    Status.INDEXED,
    Status.DUPLICATE,
    Status.ALIAS,
    Status.DROPPED,
    Status.DEAD,
    Status.RETRACTED,
    Status.ERASED,
    Status.IN_FLIGHT,
)


@dataclass(frozen=True, slots=True)
class Term:
    """One term of the right-hand side: a status, with its reasons, most first."""

    status: Status
    urls: int
    reasons: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Equation:
    """discovered = the sum of all terms, if nothing was lost on either side."""

    discovered: int
    no_link: int  # entries, beside the sum
    terms: tuple[Term, ...]

    @property
    def accounted(self) -> int:
        """The right-hand side."""
        return sum(term.urls for term in self.terms)

    @property
    def balances(self) -> bool:
        """Both sides are equal."""
        return self.discovered == self.accounted


def equation(tally: Tally) -> Equation:
    """Return the equation; a term without any URL is left out."""
    terms = []
    for status in _ORDER:
        placed = {reason: urls for (of, reason), urls in tally.placed.items() if of is status}
        if placed:
            reasons = sorted(placed.items(), key=lambda pair: (-pair[1], pair[0]))
            named = tuple((reason, urls) for reason, urls in reasons if reason)
            terms.append(Term(status, sum(placed.values()), named))
    return Equation(tally.discovered, tally.no_link, tuple(terms))
