"""A page that names another page of its site is an edition of it: one article, one document."""

from support_ledger import bring_to, commit_step, extracted, where, works

from pipeline.model import Stage, Status
from pipeline.urls import article_id

STORY = "https://herald.example/story"
MOBILE = "https://herald.example/m/story"
AMP = "https://herald.example/amp/story"


def edition(ledger, url, canonical, **fields):
    """Extract a page that claims to be an edition of another."""
    bring_to(ledger, url, Stage.EXTRACT)
    return commit_step(ledger, Stage.EXTRACT, extracted(url, canonical_url=canonical, **fields))


def test_the_first_edition_takes_the_name_and_others_are_its_aliases(ledger):
    assert edition(ledger, MOBILE, STORY) == []
    assert where(ledger, MOBILE).article_id == article_id(STORY)
    assert edition(ledger, AMP, STORY) == []
    amp = where(ledger, AMP)
    assert (amp.status, amp.article_id, amp.alias_of) == (Status.ALIAS, article_id(STORY), MOBILE)


def test_the_page_itself_joins_its_edition_when_it_comes_later(ledger):
    edition(ledger, MOBILE, STORY)
    bring_to(ledger, STORY, Stage.FETCH)
    assert where(ledger, STORY).status is Status.ALIAS


def test_an_edition_joins_the_page_that_came_before_it(ledger):
    bring_to(ledger, STORY, Stage.GROUP)
    edition(ledger, MOBILE, STORY)
    assert where(ledger, MOBILE).status is Status.ALIAS
    assert [work.article_id for work in works(ledger, Stage.GROUP)] == [article_id(STORY)]


def test_another_headline_is_another_article(ledger):
    """Some sites name one page on all of theirs."""
    edition(ledger, MOBILE, STORY)
    edition(ledger, AMP, STORY, title="Grain prices fall", text="The harvest was good this year.")
    assert where(ledger, AMP).status is Status.IN_FLIGHT
    assert where(ledger, AMP).article_id == article_id(AMP)
    assert len(works(ledger, Stage.ENRICH)) == 2


def test_a_front_page_is_nobodys_article(ledger):
    edition(ledger, MOBILE, "https://herald.example/")
    assert where(ledger, MOBILE).article_id == article_id(MOBILE)
