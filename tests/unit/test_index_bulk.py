"""Bulk requests and their answers: nothing is left out, nothing is believed that is not said."""

import math
from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_index import article

from pipeline.index import bulk
from pipeline.index.bulk import Item, Verdict
from pipeline.index.schema import problems

ITEMS = [Item(f"a{number}", b"{}\n{}\n") for number in range(4)]
ALIAS_OF_TWO = (
    "no write index is defined for alias [news_write]. The write index may be explicitly disabled"
    " using is_write_index=false or the alias points to multiple indices without one being"
    " designated as a write index"
)
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=12,
)


def entry(article_id, status=201, **error):
    return {"index": {"_id": article_id, "status": status, **({"error": error} if error else {})}}


def answer(*entries):
    return {"errors": False, "items": list(entries)}


def verdict_of(status, **error):
    """What is made of the only item of a request."""
    verdicts = bulk.read_answer(ITEMS[:1], answer(entry("a0", status, **error)))
    return verdicts["a0"]


# ── putting together ──────────────────────────────────────────────────────────────────────────


@given(st.lists(st.integers(1, 300), max_size=60), st.integers(1, 500), st.integers(1, 20))
def test_batches_hold_every_item_in_order_and_keep_within_both_bounds(sizes, max_bytes, max_items):
    items = [Item(str(n), b"x" * size) for n, size in enumerate(sizes)]
    cut = list(bulk.batches(items, max_bytes=max_bytes, max_items=max_items))
    assert [one for batch in cut for one in batch] == items
    for batch in cut:
        assert 1 <= len(batch) <= max_items
        assert len(batch) == 1 or sum(len(one.lines) for one in batch) <= max_bytes


@given(st.lists(st.integers(1, 300), max_size=60), st.integers(1, 500))
def test_no_two_neighbouring_batches_would_have_fitted_into_one(sizes, max_bytes):
    items = [Item(str(n), b"x" * size) for n, size in enumerate(sizes)]
    cut = list(bulk.batches(items, max_bytes=max_bytes, max_items=len(sizes) + 1))
    for batch, following in pairwise(cut):
        assert sum(len(one.lines) for one in [*batch, following[0]]) > max_bytes


@given(st.integers(2, 50))
def test_halves_are_two_requests_of_all_items(count):
    items = [Item(str(n), b"") for n in range(count)]
    one, other = bulk.halves(items)
    assert one
    assert other
    assert [*one, *other] == items
    assert abs(len(one) - len(other)) <= 1


def test_an_item_is_two_lines_with_the_ledgers_version():
    made = bulk.item("a", 7, {"title": "Bölge\nİki", "n": None})
    action, source, rest = made.lines.split(b"\n")
    assert orjson.loads(action) == {"index": {"_id": "a", "version": 7, "version_type": "external"}}
    assert orjson.loads(source) == {"title": "Bölge\nİki", "n": None}
    assert rest == b""
    again = bulk.item("a", 7, {}, replace_equal=True)
    assert b"external_gte" in again.lines


@pytest.mark.parametrize(
    ("article_id", "version", "source", "reason"),
    [
        ("a", 1, {"title": "half a letter: \ud83d"}, "surrogates"),
        ("a", 1, {"title": {"\udc00": 1}}, "surrogates"),
        ("\ud83d", 1, {}, "surrogates"),
        ("a", 1, {"n": 2**70}, "64-bit"),
        ("a", 1, {1: "x"}, "key must be str"),
        ("a", 1, {"at": object()}, "not JSON serializable"),
        # Elasticsearch refuses the whole request for these, and the neighbours with it.
        ("", 1, {}, "article_id"),
        ("x" * 513, 1, {}, "article_id"),
        ("ü" * 300, 1, {}, "article_id"),
        ("a", -1, {}, "doc_version"),
        ("a", 2**63, {}, "doc_version"),
    ],
)
def test_what_the_cluster_could_not_read_is_refused_before_it_is_sent(
    article_id, version, source, reason
):
    with pytest.raises(ValueError, match=reason):
        bulk.item(article_id, version, source)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    "where",
    [
        lambda n: {"quality": {"link_density": n}},
        lambda n: {"quality": {"of_parts": [{"agreement": n}]}},
        lambda n: {"word_count": n},
        lambda n: {"location": [{"lat": n, "lon": 0.0}]},
        lambda n: {"embedding": [n] * 384},
    ],
)
def test_numbers_that_json_has_not_are_refused_and_not_turned_into_null(number, where):
    good, change = article("a"), where(number)
    assert problems(good) == []
    assert orjson.dumps({"n": number}) == b'{"n":null}'  # why the serialiser cannot tell
    [problem] = {fault.partition(":")[0] for fault in problems({**good, **change})}
    assert problem in change


# ── reading the answer ────────────────────────────────────────────────────────────────────────


def test_each_item_has_the_verdict_of_its_own_entry():
    entries = [entry("a0"), entry("a1", 409), entry("a2", 400), entry("a3", 429)]
    verdicts = bulk.read_answer(ITEMS, answer(*entries))
    assert [verdicts[one.article_id][0] for one in ITEMS] == [
        Verdict.OK,
        Verdict.NEWER,
        Verdict.REFUSED,
        Verdict.AGAIN,
    ]


ENTRIES = [entry(one.article_id) for one in ITEMS]


@pytest.mark.parametrize(
    ("entries", "believed"),
    [
        (ENTRIES[:3], 3),  # short
        ([], 0),
        ([*ENTRIES, entry("a4"), entry("a0")], 4),  # long
        ([*ENTRIES[:2], ENTRIES[3], ENTRIES[2]], 2),  # out of order
        (list(reversed(ENTRIES)), 0),
        ([ENTRIES[0], ENTRIES[0], *ENTRIES[1:]], 1),  # one twice
        ([ENTRIES[0], *ENTRIES[2:]], 1),  # one left out
        ([ENTRIES[0], {"create": ENTRIES[1]["index"]}, *ENTRIES[2:]], 1),
        ([ENTRIES[0], {"index": {"status": 201}}, *ENTRIES[2:]], 1),  # without an id
        ([ENTRIES[0], None, "a2", 3], 1),
        ([ENTRIES[0], {"index": ["a1", 201]}, *ENTRIES[2:]], 1),
    ],
)
def test_only_what_is_named_in_its_place_is_believed(entries, believed):
    verdicts = bulk.read_answer(ITEMS, answer(*entries))
    assert list(verdicts) == [one.article_id for one in ITEMS[:believed]]
    assert all(verdict is Verdict.OK for verdict, _ in verdicts.values())


@pytest.mark.parametrize(
    "body",
    [
        {"items": ENTRIES},  # `errors` absent
        {"errors": None, "items": ENTRIES},
        {"errors": "false", "items": ENTRIES},
        {"errors": False},
        {"errors": False, "items": None},
        {"errors": False, "items": {"index": ENTRIES}},
        {"errors": False, "items": "a0 a1 a2 a3"},
        "<html><body>502 Bad Gateway</body></html>",
        b"",
        None,
        ENTRIES,
        [],
        200,
        {},
    ],
)
def test_what_is_no_answer_to_a_bulk_request_acknowledges_nothing(body):
    assert bulk.read_answer(ITEMS, body) == {}


@given(json | st.builds(lambda items: {"errors": True, "items": items}, st.lists(json)))
def test_no_answer_breaks_the_reader(body):
    assert bulk.read_answer(ITEMS, body) == {}


def has_entry(entries, position):
    """Whether this place and all before it name the item that was sent there."""
    named = [one.get("index", {}).get("_id") for one in entries[: position + 1]]
    return named == [one.article_id for one in ITEMS[: position + 1]]


@given(
    st.lists(
        st.builds(
            entry,
            st.sampled_from([*(one.article_id for one in ITEMS), "another"]),
            st.sampled_from([200, 201, 400, 409, 429, 503]),
        ),
        max_size=8,
    )
)
def test_nothing_is_acknowledged_that_the_answer_does_not_name(entries):
    verdicts = bulk.read_answer(ITEMS, answer(*entries))
    for position, one in enumerate(ITEMS):
        assert (one.article_id in verdicts) == has_entry(entries, position)
        if one.article_id in verdicts:
            status = entries[position]["index"]["status"]
            assert (verdicts[one.article_id][0] is Verdict.OK) == (status < 300)


# ── what a status means ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", [200, 201])
def test_a_written_item_is_ok(status):
    assert verdict_of(status) == (Verdict.OK, "")


def test_a_version_conflict_means_that_it_is_there_already():
    conflict = "[a0]: version conflict, current version [9] is higher than the one provided [7]"
    verdict, said = verdict_of(409, type="version_conflict_engine_exception", reason=conflict)
    assert verdict is Verdict.NEWER
    assert conflict in said


def test_a_bad_document_is_refused_with_the_reason_of_elasticsearch():
    verdict, said = verdict_of(
        400,
        type="document_parsing_exception",
        reason="[1:6] failed to parse field [n] of type [integer] in document with id 'a0'",
        caused_by={"type": "number_format_exception", "reason": 'For input string: "x"'},
    )
    assert verdict is Verdict.REFUSED
    assert said == (
        "document_parsing_exception: [1:6] failed to parse field [n] of type [integer] in document"
        " with id 'a0' <- number_format_exception: For input string: \"x\""
    )


def test_what_a_document_says_cannot_make_it_be_sent_for_ever():
    for words in ("no such index", ALIAS_OF_TWO, "alias", "index_closed_exception"):
        preview = f"failed to parse field [n]. Preview of field's value: '{words}'"
        verdict, _ = verdict_of(400, type="document_parsing_exception", reason=preview)
        assert verdict is Verdict.REFUSED


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        # the index is not what it should be: the document can wait
        (400, "illegal_argument_exception", ALIAS_OF_TWO),
        (400, "index_closed_exception", "closed"),
        (404, "index_not_found_exception", "no such index [news_write] and [require_alias] …"),
        # the cluster is busy, full or broken
        (403, "cluster_block_exception", "index [n] blocked by: [FORBIDDEN/8/index write (api)];"),
        (429, "cluster_block_exception", "[TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage …"),
        (429, "es_rejected_execution_exception", "rejected execution of coordinating operation"),
        (429, "circuit_breaking_exception", "[parent] Data too large"),
        (502, "x", "y"),
        (503, "unavailable_shards_exception", "primary shard is not active"),
        (504, "x", "y"),
        (418, "x", "y"),
    ],
)
def test_what_may_pass_is_sent_again(status, kind, reason):
    verdict, said = verdict_of(status, type=kind, reason=reason)
    assert verdict is Verdict.AGAIN
    assert said == f"{status}: {kind}: {reason}"


@pytest.mark.parametrize("status", [500, 501, 505])
def test_an_error_inside_the_cluster_may_be_the_items_own(status):
    found = verdict_of(status, type="null_pointer_exception", reason=None)
    assert found == (Verdict.FAILED, f"{status}: null_pointer_exception: None")


def test_a_key_that_may_not_write_is_told_from_an_index_that_takes_nothing():
    reason = "action [indices:data/write/bulk[s]] is unauthorized for API key id [x]"
    assert verdict_of(403, type="security_exception", reason=reason)[0] is Verdict.DENIED


@pytest.mark.parametrize("status", [None, "201", 201.0, [201], True])
def test_an_entry_without_a_status_acknowledges_nothing(status):
    assert verdict_of(status)[0] is Verdict.AGAIN


@pytest.mark.parametrize("error", ["node closed", None, ["x"], {}])
def test_errors_in_other_forms_are_told_as_they_are(error):
    entries = [{"index": {"_id": "a0", "status": 400, "error": error}}]
    assert bulk.read_answer(ITEMS, answer(*entries))["a0"][0] is Verdict.REFUSED


def test_a_reason_is_cut():
    assert len(verdict_of(400, type="x", reason="y" * 10_000)[1]) <= 500


@pytest.mark.parametrize(
    ("status", "busy"),
    [(200, False), (400, False), (401, False), (404, False), (413, False)]
    + [(status, True) for status in (408, 429, 500, 502, 503, 504)],
)
def test_a_cluster_that_turns_a_request_away_is_busy(status, busy):
    assert bulk.is_busy(status) is busy
