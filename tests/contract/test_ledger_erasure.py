"""What is erased is gone from every table, stays gone, and the books still balance."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from support_archive import Desk, records
from support_ledger import (
    NOW,
    bring_to,
    commit_fetch,
    commit_step,
    copy_of,
    decision,
    enriched,
    extracted,
    extraction,
    feed,
    fetched,
    grouped,
    indexed,
    poll,
    publish,
    step,
    where,
    works,
)

from pipeline.adapters.ledger.tables import metadata
from pipeline.adapters.segments import SegmentFolder
from pipeline.eraser import erase, remove_from_archive
from pipeline.erasure import Target
from pipeline.model import Result, Stage, Status
from pipeline.urls import article_id
from pipeline.work import Scope

A, B = "https://herald.example/ivan-petrov", "https://herald.example/b"
SECRET = "Petrov"
LATER = NOW + timedelta(hours=3)


def erased(ledger, target, at=LATER):
    found = ledger.find_erasable(target)
    ids = {*found.url_ids, *found.unseen}
    return erase(ledger, ids, actor="operator", why="order 12", now=at)


def take_out(ledger, at=LATER):
    """Let the index acknowledge everything that it is to take out."""
    for work in works(ledger, Stage.INDEX, at):
        assert work.retract
        gone = step(A, Stage.INDEX, None, at=at, result=Result.ERASED, reason="taken_out",
                    status=Status.ERASED, indexed_version=work.doc_version)  # fmt: skip
        assert commit_step(ledger, Stage.INDEX, replace(gone, url_id=work.url_id)) == []


def all_text(ledger):
    """Everything that any table holds, as one text."""
    with ledger.database.reading() as connection:
        return "\n".join(
            str(tuple(row))
            for table in metadata.sorted_tables
            for row in connection.execute(sa.select(table))
        )


def test_nothing_of_an_erased_article_is_left_in_any_table(ledger):
    poll(
        ledger,
        decision(
            A,
            title=f"{SECRET} is named",
            content=f"{SECRET} said.",
            key="guid-1",
            content_hash="h1",
        ),
    )
    commit_fetch(ledger, fetched(A), A)
    commit_step(ledger, Stage.EXTRACT, extracted(A, text=f"{SECRET} again.", title=SECRET))
    commit_step(ledger, Stage.ENRICH, enriched(A, name=SECRET))
    commit_step(ledger, Stage.GROUP, grouped(A))
    (work,) = works(ledger, Stage.INDEX)
    commit_step(ledger, Stage.INDEX, indexed(A, work.doc_version))
    ledger.number_changes()
    assert SECRET in all_text(ledger)
    assert erased(ledger, Target(urls=[A])) == 1
    assert where(ledger, A).status is Status.ERASED
    assert ledger.erasures_waiting() == 1
    take_out(ledger)
    ledger.number_changes()
    text = all_text(ledger)
    assert SECRET not in text
    assert "petrov" not in text
    assert ledger.erasures_waiting() == 0
    assert [change.kind for change in ledger.changes_after(0, limit=9)] == ["upsert", "retract"]
    books = ledger.books(Scope())
    assert books.by_status == {Status.ERASED: 1}
    assert (books.discovered, books.indexed, books.in_flight) == (1, {}, frozenset())
    assert list(ledger.all_gone()) == [[(article_id(A), work.doc_version + 1)]]


def test_a_second_time_there_is_nothing_to_do(ledger):
    publish(ledger, A)
    assert erased(ledger, Target(urls=[A])) == 1
    found = ledger.find_erasable(Target(urls=[A]))
    assert (found.items, found.url_ids, found.erased) == ((), frozenset(), 1)
    assert erased(ledger, Target(urls=[A])) == 0


def test_what_a_feed_lists_again_stays_erased_and_leaves_nothing(ledger):
    publish(ledger, A)
    erased(ledger, Target(urls=[A]))
    take_out(ledger)
    again = decision(
        A,
        change="changed",
        version=2,
        title=SECRET,
        content=SECRET,
        key="guid-1",
        content_hash="h2",
    )
    poll(ledger, again, at=LATER)
    assert where(ledger, A).status is Status.ERASED
    assert where(ledger, A).stage is None
    assert SECRET not in all_text(ledger)
    assert ledger.known_entries("herald-world", ["guid-1"]) == {"guid-1": ("h2", 2)}
    assert works(ledger, Stage.INDEX, LATER) == []


def test_an_address_that_nobody_listed_yet_is_erased_in_advance(ledger):
    assert ledger.find_erasable(Target(urls=[A])).unseen == {article_id(A): A}
    assert erased(ledger, Target(urls=[A])) == 1
    poll(ledger, decision(A, title=SECRET, key="guid-1", content_hash="h1"))
    assert where(ledger, A).status is Status.ERASED
    assert SECRET not in all_text(ledger)
    assert "petrov" not in all_text(ledger)
    books = ledger.books(Scope())
    assert (books.discovered, books.by_status) == (1, {Status.ERASED: 1})


@pytest.mark.parametrize("listed_before", [True, False])
def test_another_address_that_leads_there_ends_as_erased(ledger, listed_before):
    if listed_before:
        publish(ledger, A)
    erased(ledger, Target(urls=[A]))
    take_out(ledger)
    short = "https://herald.example/p/7"
    poll(ledger, decision(short, title=SECRET, content_hash="h3"), at=LATER)
    commit_fetch(ledger, fetched(short, final_url=A, at=LATER), short)
    assert where(ledger, short).status is Status.ERASED
    assert SECRET not in all_text(ledger)
    assert "petrov" not in all_text(ledger)


@pytest.mark.parametrize("listed_before", [True, False])
def test_a_page_that_says_it_is_the_erased_one_ends_as_erased(ledger, listed_before):
    if listed_before:
        publish(ledger, A)
    erased(ledger, Target(urls=[A]))
    take_out(ledger)
    mobile = "https://herald.example/amp/7"
    poll(ledger, decision(mobile), at=LATER)
    commit_fetch(ledger, fetched(mobile, at=LATER), mobile)
    said = step(mobile, Stage.EXTRACT, Stage.ENRICH, at=LATER,
                extraction=extraction(canonical_url=A, title=SECRET))  # fmt: skip
    assert commit_step(ledger, Stage.EXTRACT, said) == []
    assert where(ledger, mobile).status is Status.ERASED
    assert works(ledger, Stage.ENRICH, LATER) == []
    assert SECRET not in all_text(ledger)


def test_aliases_and_equal_texts_of_the_outlet_go_with_it(ledger):
    publish(ledger, A)
    poll(ledger, decision(A + "?ref=rss", key="other"), at=NOW)
    other = "https://herald.example/p/9"
    poll(ledger, decision(other))
    commit_fetch(ledger, fetched(other, final_url=A), other)
    bring_to(ledger, B, Stage.GROUP)
    commit_step(ledger, Stage.GROUP, copy_of(B, A))
    assert where(ledger, other).status is Status.ALIAS
    assert where(ledger, B).status is Status.DUPLICATE
    found = ledger.find_erasable(Target(urls=[B]))  # whichever of them is named
    assert {one.url for one in found.items} == {A, B}
    assert erased(ledger, Target(urls=[B])) == len(found.url_ids)
    take_out(ledger)
    for url in (A, B, other):
        assert where(ledger, url).status is Status.ERASED
    assert SECRET not in all_text(ledger)


def test_copies_elsewhere_are_named_and_stay_unless_they_are_asked_for(ledger):
    there = "https://courier.example/copy"
    courier = feed("courier-world", "courier")
    publish(ledger, A)
    bring_to(ledger, there, Stage.GROUP, of=courier)
    commit_step(ledger, Stage.GROUP, grouped(there, syndication_id=article_id(A)))
    with ledger.database.engine.begin() as connection:
        articles = metadata.tables["articles"]
        connection.execute(
            sa.update(articles)
            .where(articles.c.article_id == article_id(A))
            .values(syndication_id=article_id(A))
        )
    found = ledger.find_erasable(Target(urls=[A]))
    assert found.elsewhere == {"courier": 1}
    assert [one.outlet for one in found.items] == ["herald"]
    both = ledger.find_erasable(Target(urls=[A], with_copies=True))
    assert sorted(one.outlet for one in both.items) == ["courier", "herald"]
    assert both.elsewhere == {}


def test_an_entity_is_erased_with_every_article_that_ever_named_it(ledger):
    publish(ledger, A)
    publish(ledger, B)
    found = ledger.find_erasable(Target(entity="Q1"))
    assert {one.url for one in found.items} == {A, B}
    assert len(ledger.find_erasable(Target(entity="Kobani")).items) == 2
    for nobody in ("Q2", "Koban", '"Kobani"', "%", "place"):
        assert ledger.find_erasable(Target(entity=nobody)).items == ()


def test_an_outlet_is_erased_with_what_never_became_an_article(ledger):
    publish(ledger, A)
    poll(ledger, decision(B))
    there = "https://courier.example/1"
    publish(ledger, there, of=feed("courier-world", "courier"))
    assert erased(ledger, Target(outlet="herald")) == 2
    take_out(ledger)
    assert where(ledger, B).status is Status.ERASED
    assert where(ledger, there).status is Status.INDEXED


def test_only_articles_that_are_old_enough_are_named(ledger):
    publish(ledger, A)
    publish(ledger, B, at=LATER)
    found = ledger.find_erasable(Target(outlet="herald", before=LATER))
    assert [one.url for one in found.items] == [A]


@pytest.mark.parametrize("stage", [Stage.FETCH, Stage.EXTRACT, Stage.ENRICH, Stage.INDEX])
def test_a_result_of_work_that_was_under_way_is_refused(ledger, stage):
    bring_to(ledger, A, stage)
    results = {
        Stage.FETCH: fetched(A),
        Stage.EXTRACT: extracted(A, text=SECRET),
        Stage.ENRICH: enriched(A),
        Stage.INDEX: indexed(A, 3),
    }
    if stage is Stage.FETCH:
        erased(ledger, Target(urls=[A]))
        assert commit_fetch(ledger, results[stage], A) == [article_id(A)]
    else:
        lease, _ = ledger.lease_articles(stage, NOW, limit=9, lease_s=300)
        erased(ledger, Target(urls=[A]))
        assert ledger.commit(lease, [results[stage]]) == [article_id(A)]
    take_out(ledger)
    assert where(ledger, A).status is Status.ERASED
    assert SECRET not in all_text(ledger)


def test_the_tombstone_is_newer_than_any_write_under_way(ledger):
    bring_to(ledger, A, Stage.INDEX)
    _, (work,) = ledger.lease_articles(Stage.INDEX, NOW, limit=9, lease_s=300)
    erased(ledger, Target(urls=[A]))
    (tombstone,) = works(ledger, Stage.INDEX, LATER)
    assert tombstone.retract
    assert tombstone.doc_version > work.doc_version


def test_pages_and_feed_documents_go_from_the_archive_however_new(ledger, tmp_path):
    desk = Desk(ledger, tmp_path / "archive")
    desk.listed(A, text=f"a feed document that names {SECRET}")
    desk.listed(B)
    desk.publish(A, f"{SECRET} was here.")
    desk.publish(B, "Something else.")
    assert erased(ledger, Target(urls=[A])) == 1
    folder = SegmentFolder(desk.folder)
    beside_a_run = remove_from_archive(ledger, folder)
    assert (beside_a_run.in_use, beside_a_run.exchanges_removed) == (1, 0)
    desk.archive.close()
    done = remove_from_archive(ledger, folder)
    assert (done.in_use, done.exchanges_removed, done.exchanges_kept) == (0, 2, 2)
    assert [text for _, text in desk.pages()] == ["page: Something else."]
    assert desk.feed_documents() == ["a feed document"]
    assert all(SECRET.encode() not in content for content in records(desk).values())
    assert remove_from_archive(ledger, folder).exchanges_removed == 0
    desk.archive.close()


def test_who_did_it_and_why_is_in_the_list_of_actions(ledger):
    publish(ledger, A)
    erased(ledger, Target(urls=[A]))
    (action,) = ledger.actions(limit=5)
    assert (action.actor, action.action, action.subject, action.items) == (
        "operator", "erase", "order 12", 1,
    )  # fmt: skip
