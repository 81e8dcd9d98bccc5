"""Says in words how a query was read, so that an analyst sees what was looked for. Pure."""

from collections.abc import Sequence

from pipeline.index.parse_query import Clause, Kind, Term


def understood(clauses: Sequence[Clause]) -> list[str]:
    """Return one phrase for each thing that has to be so, in the order of the query."""
    return [_clause(clause) for clause in clauses]


def _clause(clause: Clause) -> str:
    terms = [_term(term) for term in clause.alternatives]
    if clause.excluded:
        return "without " + " and without ".join(terms)
    if len(terms) == 1:
        return terms[0]
    return "one of: " + ", ".join(terms)


def _term(term: Term) -> str:
    where = " in the headline" if term.title_only else ""
    written = " ".join(term.words)
    if term.kind is Kind.PREFIX:
        return f"words that begin with {written}{where}"
    if term.kind is Kind.PHRASE:
        return f"exactly “{written}”{where}"
    if len(term.words) > 1:
        return f"{written}, next to each other in any inflection{where}"
    return f"{written} in any inflection{where}"
