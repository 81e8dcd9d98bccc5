"""A second way to an article whose first way came to nothing."""

from datetime import timedelta

from support_ledger import (
    NOW,
    bring_to,
    commit_fetch,
    commit_step,
    decision,
    enriched,
    extracted,
    failed,
    fetched,
    poll,
    where,
    works,
)

from pipeline.model import Stage, Status
from pipeline.urls import article_id
from pipeline.work import ReplaySelector

A = "https://herald.example/a"
SHORT = "https://herald.example/s/1"
LATER = NOW + timedelta(minutes=1)


def taken_over(ledger):
    """A's page could not be read; SHORT leads to the same page and can be."""
    bring_to(ledger, A, Stage.EXTRACT)
    assert commit_step(ledger, Stage.EXTRACT, failed(A, Stage.EXTRACT, "parser_timeout")) == []
    poll(ledger, decision(SHORT), at=LATER)
    assert commit_fetch(ledger, fetched(SHORT, final_url=A, at=LATER), SHORT) == []


def test_a_page_that_could_not_be_read_is_taken_over_by_another_link_to_it(ledger):
    taken_over(ledger)
    assert where(ledger, SHORT).status is Status.IN_FLIGHT
    assert commit_step(ledger, Stage.EXTRACT, extracted(SHORT, LATER)) == []
    assert commit_step(ledger, Stage.ENRICH, enriched(SHORT, LATER)) == []
    (work,) = works(ledger, Stage.GROUP, LATER)
    assert (work.url_id, work.article_id) == (article_id(SHORT), article_id(A))
    assert where(ledger, A).status is Status.DEAD


def test_the_first_link_begins_anew_when_it_is_replayed_and_joins_the_second(ledger):
    taken_over(ledger)
    assert ledger.replay(ReplaySelector(), LATER) == 1
    assert where(ledger, A).stage is Stage.FETCH
    assert commit_fetch(ledger, fetched(A, at=LATER), A) == []
    assert where(ledger, A).status is Status.ALIAS


def test_a_page_on_its_way_is_not_taken_over(ledger):
    bring_to(ledger, A, Stage.EXTRACT)
    poll(ledger, decision(SHORT), at=LATER)
    commit_fetch(ledger, fetched(SHORT, final_url=A, at=LATER), SHORT)
    assert where(ledger, SHORT).status is Status.ALIAS


def test_the_address_of_an_article_that_came_to_nothing_is_asked_itself(ledger):
    """The link that led to it failed; now a feed lists the page's own address."""
    poll(ledger, decision(SHORT))
    commit_fetch(ledger, fetched(SHORT, final_url=A), SHORT)
    commit_step(ledger, Stage.EXTRACT, failed(SHORT, Stage.EXTRACT, "parser_timeout"))
    poll(ledger, decision(A), at=LATER)
    assert where(ledger, A).status is Status.IN_FLIGHT
    assert commit_fetch(ledger, fetched(A, at=LATER), A) == []
    assert [work.url_id for work in works(ledger, Stage.EXTRACT, LATER)] == [article_id(A)]
