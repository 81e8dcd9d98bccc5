"""From typed clauses to tantivy queries."""

from collections.abc import Collection, Mapping, Sequence

import tantivy
from tantivy import Occur

from pipeline.adapters.embedded import layout
from pipeline.adapters.stemming import stems
from pipeline.index.analysis import exact_forms
from pipeline.index.parse_query import Clause, Kind, Term
from pipeline.index.query import Query

#: What a match counts for, by part and form: headlines say what a piece is about, and the literal
#: form is worth more than another inflection.
_BOOST = {("title", True): 3.0, ("title", False): 2.0, ("text", True): 1.5, ("text", False): 1.0}


def text_query(clauses: Sequence[Clause], languages: Collection[str]) -> tantivy.Query:
    """Return the query for a text; `languages` are those that the index holds stems of."""
    parts = [(Occur.Must, _matching(tantivy.Query.all_query()))]
    for clause in clauses:
        alternatives = _any([_term_query(term, languages) for term in clause.alternatives])
        parts.append((Occur.MustNot if clause.excluded else Occur.Must, alternatives))
    return tantivy.Query.boolean_query(parts)


def filter_query(query: Query, filters: Mapping[str, Sequence[str]]) -> tantivy.Query:
    """Return the query for live documents that pass some filters, and a query's days and `within`.

    It adds nothing to scores.
    """
    schema = layout.schema()
    parts = [tantivy.Query.term_query(schema, "state", layout.LIVE)]
    for facet, values in [*filters.items(), *query.within.items()]:
        parts.append(tantivy.Query.term_set_query(schema, facet, list(values)))
    if query.among:
        parts.append(tantivy.Query.term_set_query(schema, "id", list(query.among)))
    if query.since or query.until:
        parts.append(
            tantivy.Query.range_query(
                schema, "day_number", tantivy.FieldType.Integer,
                lower_bound=query.since.toordinal() if query.since else None,
                upper_bound=query.until.toordinal() if query.until else None,
            )
        )  # fmt: skip
    return _matching(tantivy.Query.boolean_query([(Occur.Must, part) for part in parts]))


def both(first: tantivy.Query, second: tantivy.Query) -> tantivy.Query:
    """Return the query for what matches both."""
    return tantivy.Query.boolean_query([(Occur.Must, first), (Occur.Must, second)])


def _matching(query: tantivy.Query) -> tantivy.Query:
    return tantivy.Query.const_score_query(query, 0.0)


def _any(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    if len(queries) == 1:
        return queries[0]
    return tantivy.Query.boolean_query([(Occur.Should, query) for query in queries])


def _term_query(term: Term, languages: Collection[str]) -> tantivy.Query:
    """Look in exact forms, and for words also in the stems of every language held."""
    parts = ("title",) if term.title_only else layout.PARTS
    exact = exact_forms(term.words)
    if term.kind is Kind.PREFIX:
        # An exact form holds letters, digits and marks only, so nothing needs escaping.
        pattern = f"{exact[0]}.*"
        return _any([_boosted(tantivy.Query.regex_query(layout.schema(), part, pattern), part)
                     for part in parts])  # fmt: skip
    found = [_boosted(_in_order(part, exact), part) for part in parts]
    if term.kind is Kind.WORD:
        for language in languages:
            stemmed = stems(term.words, language)
            found += [
                _boosted(_in_order(f"{part}_{language}", stemmed), part, exact=False)
                for part in parts
            ]
    return _any(found)


def _boosted(query: tantivy.Query, part: str, *, exact: bool = True) -> tantivy.Query:
    return tantivy.Query.boost_query(query, _BOOST[part, exact])


def _in_order(field: str, forms: Sequence[str]) -> tantivy.Query:
    """Look for one form, or several next to each other."""
    if len(forms) == 1:
        return tantivy.Query.term_query(layout.schema(), field, forms[0])
    return tantivy.Query.phrase_query(layout.schema(), field, list(forms))
