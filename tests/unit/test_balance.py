"""The balance: ledger and index are held against each other, and every difference shows."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.balance import VersionDiffers, balance
from pipeline.model import Status
from pipeline.work import Books

EMPTY = Books(0, 0, {}, {}, {}, {}, {}, frozenset())


def books(indexed, *, in_flight=frozenset(), elsewhere=None, **fields):
    by_status = {Status.INDEXED: len(indexed), **fields.pop("by_status", {})}
    whole = {"discovered": sum(by_status.values()), **fields}
    return replace(EMPTY, by_status=by_status, indexed=indexed, in_flight=frozenset(in_flight),
                   elsewhere=elsewhere, **whole)  # fmt: skip


def test_nothing_balances():
    sheet = balance(EMPTY, [])
    assert sheet.balances
    assert sheet.sentence() == "The books balance: 0 discovered = 0."


def test_every_term_stands_in_the_sum():
    ends = {
        Status.IN_FLIGHT: 1,
        Status.DUPLICATE: 2,
        Status.ALIAS: 3,
        Status.DROPPED: 5,
        Status.DEAD: 4,
        Status.RETRACTED: 6,
        Status.ERASED: 7,
    }
    sheet = balance(
        books(
            {"a": 1},
            by_status=ends,
            dropped_by_reason={"bad_link": 2, "too_short": 3},
            dead_by_reason={"fetch:http_503": 4},
            no_link=9,
        ),
        [("a", 1)],
    )
    assert sheet.balances
    assert sheet.accounted == sheet.discovered == 29
    assert dict(sheet.rows())["dropped: too_short"] == 3
    assert "9 entries without a link" in sheet.sentence()
    assert sheet.as_dict()["balances"] is True


def test_a_document_that_the_index_lost_is_missing():
    sheet = balance(books({"a": 1, "b": 2}), [("a", 1)])
    assert sheet.missing_from_index == ("b",)
    assert (sheet.discovered, sheet.accounted) == (2, 1)
    assert "do NOT balance" in sheet.sentence()


def test_a_document_that_the_ledger_does_not_know_is_unexpected():
    sheet = balance(books({"a": 1}), [("a", 1), ("ghost", 1)])
    assert sheet.unexpected_in_index == ("ghost",)
    assert (sheet.discovered, sheet.accounted) == (1, 2)
    assert not sheet.balances


def test_another_version_is_named_although_the_sum_is_right():
    sheet = balance(books({"a": 2}), [("a", 1)])
    assert sheet.version_differs == (VersionDiffers("a", ledger=2, index=1),)
    assert sheet.discovered == sheet.accounted
    assert not sheet.balances


@pytest.mark.parametrize("held", [[], [("new", 3)]])
def test_what_is_on_its_way_is_in_flight_whatever_the_index_says(held):
    sheet = balance(books({}, by_status={Status.IN_FLIGHT: 1}, in_flight={"new"}), held)
    assert sheet.balances
    assert (sheet.in_flight, sheet.indexed) == (1, 0)


@pytest.mark.parametrize("held", [[], [("a", 1)], [("a", 2)]])
def test_an_indexed_article_being_written_again_is_in_flight(held):
    sheet = balance(books({"a": 1}, in_flight={"a"}), held)
    assert sheet.balances
    assert (sheet.in_flight, sheet.indexed) == (1, 0)


def test_within_a_scope_only_its_own_documents_count():
    scoped = books({"a": 1}, elsewhere=frozenset({"dup"}), by_status={Status.DUPLICATE: 1})
    assert balance(scoped, [("a", 1), ("another outlet's", 4)]).balances
    sheet = balance(scoped, [("a", 1), ("dup", 1)])
    assert sheet.unexpected_in_index == ("dup",)
    assert not sheet.balances


def test_a_loss_in_the_ledger_shows_as_well():
    assert not balance(books({"a": 1}, discovered=2), [("a", 1)]).balances


@given(st.dictionaries(st.text(max_size=3), st.integers(1, 5)), st.data())
def test_one_document_more_less_or_other_never_balances(indexed, data):
    assert balance(books(indexed), indexed.items()).balances
    held = dict(indexed)
    fault = data.draw(st.sampled_from(["extra", "lost", "other"] if indexed else ["extra"]))
    if fault == "extra":
        held["longer than any id"] = 1
    else:
        victim = data.draw(st.sampled_from(sorted(held)))
        if fault == "lost":
            del held[victim]
        else:
            held[victim] += 1
    assert not balance(books(indexed), held.items()).balances
