"""The articles of the rehearsal world against what their writers say is in them.

Floors are what was measured when they were pinned; a change may raise them, never lower them.
"""

import pytest

from pipeline.adapters.places.opening import open_places
from pipeline.enrich.enrichers import Enrichers
from pipeline.enrich.folding import fold_key
from pipeline.rehearsal.articles import load_articles


@pytest.fixture(scope="module")
def read(root):
    """Return (article, its enrichment) of the whole world, and name → ids in the gazetteer."""
    enrichers = Enrichers.load(root / "config", open_places())
    known = {}
    for name in enrichers._gazetteer.names.values():
        for _, spelling in name.spellings():
            known.setdefault(fold_key(spelling), set()).add(name.id)
    pairs = []
    for article in load_articles():
        last = article.versions[-1]
        text = "\n\n".join(last.paragraphs)
        pairs.append((article, enrichers.enrich(title=last.title, text=text, language=None)))
    return pairs, known


def test_every_language_is_right(read):
    pairs, _ = read
    assert [article.id for article, found in pairs if found.language != article.language] == []


def test_people_organisations_and_places_are_found(read):
    pairs, known = read
    right = total = 0
    for article, found in pairs:
        ids = {entity.id for entity in found.entities}
        names = article.names
        for name in (*names.people, *names.organisations, *names.places):
            right += bool(ids & known.get(fold_key(name), set()))
            total += 1
    assert total > 1000
    assert right / total >= 0.97


def test_topics_of_the_story_are_found(read):
    pairs, _ = read
    wanted = [(topic, found) for article, found in pairs for topic in article.names.topics]
    right = sum(any(one.id == topic for one in found.topics) for topic, found in wanted)
    assert right / len(wanted) >= 0.8


def test_no_sport_page_is_about_the_safe_zone(read):
    pairs, _ = read
    sport = [found for article, found in pairs if "sport" in article.names.topics]
    assert sport
    for found in sport:
        assert [topic.id for topic in found.topics] == ["sport"]
