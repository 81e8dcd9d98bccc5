"""Copies and stories as the ledger keeps them, whatever the order in which articles arrive."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from support_ledger import LEASE_S, NOW, commit_step, extracted, failed
from support_stories import (
    BOTH,
    QUAKE,
    RESCUE,
    Told,
    discover,
    enrich,
    fetch,
    group,
    groups,
    index,
    parts,
    settle,
    tell,
)

from pipeline.adapters.ledger import sketches
from pipeline.adapters.ledger.sketches import KEPT
from pipeline.adapters.ledger.story_tables import (
    band_keys,
    story_merges,
    story_terms,
    term_counts,
)
from pipeline.adapters.ledger.tables import urls
from pipeline.model import Result, Stage, Status
from pipeline.work import Outcome, ReplaySelector, StepResult

HOUR = timedelta(hours=1)


def words(seed, count=120):
    """Return a text that shares no run of words with that of another seed."""
    dice = random.Random(seed)
    letters = "bdfgklmnprstvz"
    return " ".join(
        "".join(dice.choice(letters) + dice.choice("aeiou") for _ in range(dice.randint(2, 4)))
        for _ in range(count)
    )


def cut(text, share):
    some = text.split()
    return " ".join(some[: int(len(some) * share)])


WIRE = words("wire")
AGENCY = Told("wire", "Guns fall silent at Marzuba crossing", f"(Reuters) - {WIRE}", "reuters")
HERALD = Told("copy", "Marzuba crossing quiet", f"{cut(WIRE, 0.6)} (Reuters)", "herald", NOW + HOUR)
GAZETTE = Told("third", "Calm", f"{WIRE} {words('more', 20)}", "gazette", NOW + 2 * HOUR)
OTHER = Told("other", "Lira loses a tenth", words("lira"), "gazette", NOW + HOUR)


def changes_of(ledger, told):
    return [c.kind for c in ledger.changes_after(0, limit=1_000) if c.article_id == told.id]


def count(ledger, table):
    with ledger.database.reading() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_outlets_that_print_one_text_are_a_group_named_after_the_first(ledger):
    tell(ledger, AGENCY, OTHER)
    tell(ledger, HERALD, GAZETTE)
    found = groups(ledger, AGENCY, HERALD, GAZETTE, OTHER)
    assert {key: row[2] for key, row in found.items()} == {
        "wire": "wire", "copy": "wire", "third": "wire", "other": None,
    }  # fmt: skip
    assert changes_of(ledger, AGENCY) == ["upsert", "upsert"]  # the second: it is copied
    assert changes_of(ledger, OTHER) == ["upsert"]
    assert parts(ledger, AGENCY, HERALD, GAZETTE, OTHER) == {
        frozenset({"wire", "copy", "third"}), frozenset({"other"}),
    }  # fmt: skip


def test_why_an_article_is_in_its_groups_is_told_with_its_life(ledger):
    tell(ledger, AGENCY)
    tell(ledger, HERALD)
    _, life = ledger.where(HERALD.url)
    (said,) = [line.detail for line in life if line.stage == Stage.GROUP]
    assert f"syndication_id {AGENCY.id}: wire_credit, containment:reuters" in said
    (work,) = ledger.indexed([HERALD.id])
    assert work.grouping.why["syndication_id"].value == AGENCY.id
    (original,) = ledger.indexed([AGENCY.id])
    assert original.grouping.why["syndication_id"].signal == "copied"


def test_an_outlets_own_copy_is_a_duplicate_only_if_nearly_nothing_is_new(ledger):
    again = replace(AGENCY, key="again", text=f"{AGENCY.text} {words('x', 3)}", seen_at=NOW + HOUR)
    update = replace(AGENCY, key="update", text=f"{WIRE} {words('new', 60)}", seen_at=NOW + HOUR)
    tell(ledger, AGENCY)
    tell(ledger, again, update)
    found = groups(ledger, AGENCY, again, update)
    assert found["again"][:2] == (Status.DUPLICATE, "wire")
    assert found["update"][:2] == (Status.INDEXED, None)
    assert parts(ledger, AGENCY, again, update) == {frozenset({"wire", "update"})}


def test_an_original_that_comes_late_takes_its_outlets_copy_out_of_the_index(ledger):
    again = replace(AGENCY, key="again", text=f"{AGENCY.text} {words('x', 3)}", seen_at=NOW + HOUR)
    tell(ledger, again)
    tell(ledger, AGENCY, at=NOW + 2 * HOUR)
    found = groups(ledger, AGENCY, again)
    assert found["again"][:2] == (Status.DUPLICATE, "wire")
    assert found["wire"][:2] == (Status.INDEXED, None)


def test_an_article_that_tells_two_stories_makes_them_one_and_the_change_log_says_so(ledger):
    tell(ledger, QUAKE, RESCUE)
    assert len(parts(ledger, QUAKE, RESCUE)) == 2
    before = {told.key: ledger.where(told.url)[0].doc_version for told in (QUAKE, RESCUE)}
    tell(ledger, BOTH)
    assert parts(ledger, QUAKE, RESCUE, BOTH) == {frozenset({"quake", "rescue", "both"})}
    with ledger.database.reading() as connection:
        (merge,) = connection.execute(sa.select(story_merges)).mappings().all()
    moved = RESCUE if merge["merged"] == RESCUE.id else QUAKE
    assert {merge["merged"], merge["into"]} == {QUAKE.id, RESCUE.id}
    assert (merge["articles"], merge["because_of"]) == (1, BOTH.id)
    assert ledger.where(moved.url)[0].doc_version == before[moved.key] + 1
    assert changes_of(ledger, moved) == ["upsert", "upsert"]
    (work,) = ledger.indexed([moved.id])
    assert work.grouping.why["story_id"].signal == "merged"


def test_three_days_later_the_same_words_tell_another_story(ledger):
    later = replace(QUAKE, key="later", publisher="gazette", seen_at=NOW + timedelta(days=4),
                    text="Walls cracked again in Erzincan and Tunceli.")  # fmt: skip
    tell(ledger, QUAKE)
    tell(ledger, later)
    assert len(parts(ledger, QUAKE, later)) == 2


def test_an_edited_article_is_grouped_by_its_new_text(ledger):
    tell(ledger, AGENCY, HERALD)
    edited = replace(HERALD, title="Lira loses more", text=words("edited"))
    at = NOW + 3 * HOUR
    ledger.replay(ReplaySelector(stage=Stage.FETCH, dead_only=False), at)
    fetch(ledger, AGENCY, edited, at=at)
    enrich(ledger, AGENCY, edited, at=at)
    settle(ledger, at)
    found = groups(ledger, AGENCY, HERALD)
    assert [row[2] for row in found.values()] == [None, None]  # who stays alone is no group
    assert len(parts(ledger, AGENCY, HERALD)) == 2


def test_the_article_that_began_a_story_can_leave_it(ledger):
    tell(ledger, QUAKE, replace(QUAKE, key="second", publisher="gazette"))
    edited = replace(QUAKE, title="Lira loses more", text="Banks in Konya close early.")
    at = NOW + HOUR
    ledger.replay(ReplaySelector(stage=Stage.FETCH, dead_only=False), at)
    fetch(ledger, edited, replace(QUAKE, key="second", publisher="gazette"), at=at)
    enrich(ledger, edited, replace(QUAKE, key="second", publisher="gazette"), at=at)
    settle(ledger, at)
    assert parts(ledger, QUAKE, replace(QUAKE, key="second", publisher="gazette")) == {
        frozenset({"quake"}), frozenset({"second"}),
    }  # fmt: skip


def test_a_retracted_article_leaves_its_groups(ledger):
    tell(ledger, AGENCY, HERALD, GAZETTE)
    at = NOW + 3 * HOUR
    ledger.replay(ReplaySelector(stage=Stage.FETCH, dead_only=False, publisher="reuters"), at)
    lease = ledger.lease_host("reuters.example", lease_s=LEASE_S)
    outcome = Outcome(Stage.FETCH, Result.RETRACTED, at, "http_410")
    gone = StepResult(AGENCY.id, outcome, Stage.INDEX, at, article_id=AGENCY.id, retract=True)
    assert ledger.commit(lease, [gone]) == []
    ledger.release(lease)
    settle(ledger, at)
    found = groups(ledger, AGENCY, HERALD, GAZETTE)
    assert found["wire"] == (Status.RETRACTED, None, None, None)
    assert found["copy"][2] == found["third"][2] == "wire"  # the id stays, it is only a name
    assert parts(ledger, AGENCY, HERALD, GAZETTE) == {frozenset({"copy", "third"})}


def test_a_text_that_died_before_it_was_enriched_is_like_no_other(ledger):
    tell(ledger, AGENCY, HERALD)
    edited = replace(HERALD, text=words("edited"))
    at = NOW + 3 * HOUR
    ledger.replay(ReplaySelector(stage=Stage.FETCH, dead_only=False, publisher="herald"), at)
    fetch(ledger, edited, at=at)
    commit_step(ledger, Stage.EXTRACT, extracted(HERALD.url, at, text=edited.text))
    died = failed(HERALD.url, Stage.ENRICH, "parser_crash", at=at, status=None)
    commit_step(ledger, Stage.ENRICH, died)
    with ledger.database.engine.begin() as connection:  # as a wish that was kept meanwhile would
        connection.execute(
            sa.update(urls).where(urls.c.url_id == HERALD.id).values(stage=Stage.GROUP, due_at=at)
        )
    settle(ledger, at)
    assert groups(ledger, HERALD)["copy"] == (Status.INDEXED, None, None, "copy")


def test_grouping_again_changes_nothing(ledger):
    told = (AGENCY, HERALD, GAZETTE, OTHER, QUAKE, RESCUE, BOTH)
    tell(ledger, *told)
    before = groups(ledger, *told), [ledger.where(one.url)[0].doc_version for one in told]
    at = NOW + 5 * HOUR
    assert ledger.replay(ReplaySelector(stage=Stage.GROUP, dead_only=False), at) == len(told)
    settle(ledger, at)
    assert before == (groups(ledger, *told), [ledger.where(o.url)[0].doc_version for o in told])


def test_what_a_killed_worker_decided_is_forgotten_and_decided_again(ledger, second):
    told = (AGENCY, HERALD, GAZETTE, QUAKE, RESCUE, BOTH)
    discover(ledger, *told)
    fetch(ledger, *told, at=NOW + 3 * HOUR)
    enrich(ledger, *told, at=NOW + 3 * HOUR)
    at = NOW + 3 * HOUR
    lease, works = ledger.lease_articles(Stage.GROUP, at, limit=9, lease_s=LEASE_S)
    decided = []

    def die_at_the_fourth(work, around):
        decided.append(work)
        if len(decided) == 4:
            raise KeyboardInterrupt
        outcome = Outcome(Stage.GROUP, Result.OK, at)
        return StepResult(work.url_id, outcome, Stage.INDEX, at)

    with pytest.raises(KeyboardInterrupt):
        ledger.group(lease, works, die_at_the_fourth, at)
    assert count(ledger, sketches.sketches) == 0
    assert second.lease_articles(Stage.GROUP, at, limit=9, lease_s=LEASE_S)[1] == []
    ledger.release(lease)
    settle(second, at)
    assert len(parts(ledger, *told)) == 2


def test_a_worker_that_lost_its_lease_groups_nothing(ledger, second):
    discover(ledger, AGENCY)
    fetch(ledger, AGENCY, at=NOW)
    enrich(ledger, AGENCY, at=NOW)
    lease, works = ledger.lease_articles(Stage.GROUP, NOW, limit=9, lease_s=LEASE_S)
    ledger.release(lease)
    settle(second, NOW)
    before = groups(ledger, AGENCY), count(ledger, term_counts)
    late = StepResult(AGENCY.id, Outcome(Stage.GROUP, Result.OK, NOW), Stage.INDEX, NOW)
    _, refused = ledger.group(lease, works, lambda *_: late, NOW)
    assert refused == [AGENCY.id]
    assert before == (groups(ledger, AGENCY), count(ledger, term_counts))


def test_what_is_older_than_a_week_is_found_no_longer_and_takes_no_room(ledger):
    told = [Told(f"n{n}", f"Title {words(n, 5)}", words(n)) for n in range(6)]
    tell(ledger, *told)
    at = NOW + KEPT + HOUR
    late = [replace(OTHER, key=f"late{n}", title=words(f"t{n}", 5), text=words(f"late{n}"),
                    seen_at=at) for n in range(4)]  # fmt: skip
    tell(ledger, *late)
    tables = (sketches.sketches, band_keys, story_terms)
    assert count(ledger, sketches.sketches) == len(late)
    full = [count(ledger, table) for table in (*tables, term_counts)]
    assert full[1] <= 64 * len(late)
    tell(ledger, replace(told[0], key="copy", publisher="herald2", seen_at=at + HOUR))
    assert groups(ledger, *told)["n0"][2] == "n0"  # an equal text is recognised for ever


# ── any order ─────────────────────────────────────────────────────────────────────────────────


def world():
    """Return five texts of three outlets each, some of them about one event, in order of sight."""
    told = []
    for text in range(5):
        event = text % 3
        for outlet in ("herald", "gazette", "wire"):
            body = words(f"text{text}", 100)
            told.append(
                Told(
                    f"{outlet}-{text}", f"{words(f'event{event}', 7)}",
                    cut(body, 1.0 if outlet == "wire" else 0.8), outlet,
                    NOW + timedelta(minutes=len(told)),
                )
            )  # fmt: skip
    return told


@pytest.mark.parametrize("seed", range(4))
def test_in_any_order_copies_are_one_group_and_every_article_has_one_story(ledger, seed):
    dice = random.Random(seed)
    told = world()
    discover(ledger, *told)
    arriving = told[:]
    dice.shuffle(arriving)
    at = NOW + HOUR
    while arriving:
        some, arriving = arriving[:4], arriving[4:]
        at += timedelta(minutes=1)
        fetch(ledger, *some, at=at)
        enrich(ledger, *some, at=at)
        group(ledger, at, limit=dice.choice([1, 2, 50]))
        if dice.random() < 0.5:
            index(ledger, at)
    settle(ledger, at + HOUR)
    found = groups(ledger, *told)
    assert {row[0] for row in found.values()} == {Status.INDEXED}
    assert all(row[3] for row in found.values())
    for text in range(5):
        ids = {row[2] for key, row in found.items() if key.endswith(f"-{text}")}
        assert len(ids) == 1, f"seed {seed}, text {text}"
    assert len({row[2] for row in found.values()}) == 5
    assert {frozenset(key[-1] for key in part) for part in parts(ledger, *told)} == {
        frozenset("03"), frozenset("14"), frozenset("2"),
    }  # fmt: skip
