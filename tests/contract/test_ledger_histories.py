"""The past of an article and of a story, as readers ask for it."""

from datetime import timedelta

from support_ledger import NOW, publish, retract
from support_stories import BOTH, QUAKE, RESCUE, tell

from pipeline.urls import article_id

URL = "https://herald.example/a"


def test_an_article_has_its_revisions_until_it_is_taken_back(ledger):
    publish(ledger, URL, text="The first text.")
    (one,) = ledger.revisions(article_id(URL), limit=9)
    assert (one.n, one.extraction.text, one.created_at) == (1, "The first text.", NOW)
    assert ledger.revisions("nobody", limit=9) == []
    retract(ledger, URL, at=NOW + timedelta(hours=2))
    assert ledger.revisions(article_id(URL), limit=9) == []


def test_a_story_that_became_part_of_another_is_found_there(ledger):
    tell(ledger, QUAKE, RESCUE)
    assert ledger.story_now("nobody's") == "nobody's"
    tell(ledger, BOTH)
    (merge,) = [
        one for story in (QUAKE, RESCUE) for one in ledger.story_merges(story.id, limit=9)
    ]  # fmt: skip
    assert {merge.merged, merge.into} == {QUAKE.id, RESCUE.id}
    assert (merge.articles, merge.because_of) == (1, BOTH.id)
    assert ledger.story_now(merge.merged) == ledger.story_now(merge.into) == merge.into
