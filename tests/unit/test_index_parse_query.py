"""From what is typed to clauses; what is refused is in the contract tests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.index.parse_query import MAX_TERMS, Clause, Kind, Term, parse_query


def word(*written, title=False):
    return Term(Kind.WORD, written, title)


def phrase(*written, title=False):
    return Term(Kind.PHRASE, written, title)


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("", ()),
        ("   ", ()),
        ("safe zone", (Clause((word("safe"),)), Clause((word("zone"),)))),
        ('"safe zones"', (Clause((phrase("safe", "zones"),)),)),
        ("e-mail", (Clause((word("e", "mail"),)),)),
        ("a-b-c-d-e-f-g-h", (Clause((word(*"abcdefgh"),)),)),
        ("a-b-c-d-e-f-g-h-i", (Clause((phrase(*"abcdefghi"),)),)),
        ("erdog*", (Clause((Term(Kind.PREFIX, ("erdog",)),)),)),
        ("-pkk", (Clause((word("pkk"),), excluded=True),)),
        ('-"safe zone"', (Clause((phrase("safe", "zone"),), excluded=True),)),
        ("+pkk", (Clause((word("pkk"),)),)),
        ("a OR b c", (Clause((word("a"), word("b"))), Clause((word("c"),)))),
        ("(a OR b) c", (Clause((word("a"), word("b"))), Clause((word("c"),)))),
        ("(a) OR b", (Clause((word("a"), word("b"))),)),
        ("-(a OR b)", (Clause((word("a"), word("b")), excluded=True),)),
        ("a AND b", (Clause((word("a"),)), Clause((word("b"),)))),
        ("title:zone", (Clause((word("zone", title=True),)),)),
        ('-title:"safe zone"', (Clause((phrase("safe", "zone", title=True),), excluded=True),)),
        ("TITLE:zon*", (Clause((Term(Kind.PREFIX, ("zon",), title_only=True),)),)),
        ("Turkey - US", (Clause((word("Turkey"),)), Clause((word("US"),)))),
        ("Turkey — US", (Clause((word("Turkey"),)), Clause((word("US"),)))),
        ("or and not", (Clause((word("or"),)), Clause((word("and"),)), Clause((word("not"),)))),
        ("Breaking: U.S.", (Clause((word("Breaking"),)), Clause((word("US"),)))),
        ("«safe zone»", (Clause((phrase("safe", "zone"),)),)),
        ("e\u0301te\u0301", (Clause((word("été"),)),)),
    ],
)
def test_clauses(text, clauses):
    assert parse_query(text) == clauses


@pytest.mark.parametrize("text", ["safe~zone", "zone~", "zone~2", "zone^1.5"])
def test_fuzziness_and_boosts_are_refused_wherever_they_stand(text):
    with pytest.raises(UsageError, match="not supported"):
        parse_query(text)


@given(st.text(max_size=300))
def test_any_text_gives_clauses_within_bounds_or_a_usage_error(text):
    try:
        clauses = parse_query(text)
    except UsageError:
        return
    terms = [term for clause in clauses for term in clause.alternatives]
    assert len(terms) <= MAX_TERMS
    assert all(term.words for term in terms)
    assert all(clause.alternatives for clause in clauses)
    assert bool(clauses) == bool(text.strip())
