"""Many outlets, many articles, and a run that is killed again and again: nothing is lost."""

import random
from datetime import timedelta

import pytest
from support_trip import Desk

from pipeline.adapters.clock import ScaledClock
from pipeline.rehearsal.server import WorldServer
from pipeline.rehearsal.synthetic import START_AT, synthetic_articles, synthetic_outlets

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]

ARTICLES, HOSTS, KILLS = 1_500, 60, 10
NOW = START_AT + timedelta(days=1)


def test_every_article_of_sixty_outlets_ends_in_the_index(tmp_path):
    articles = synthetic_articles(ARTICLES, seed=7, hosts=HOSTS)
    outlets = synthetic_outlets(HOSTS, ARTICLES)
    with WorldServer(ScaledClock(NOW), script=(), articles=articles, outlets=outlets) as world:
        desk = Desk(tmp_path / "desk", world.feeds(), port=world.port)
        seed = random.randrange(10**6)
        rng = random.Random(seed)
        moment = NOW
        for _ in range(KILLS):
            desk.kill_after(moment, rng.uniform(2.0, 8.0))
            moment += timedelta(seconds=30)
        summary = desk.run(moment, timeout_s=600)
        assert summary["balance"]["balances"], f"seed {seed}"
        documents = desk.documents()
        assert len(documents) == ARTICLES, f"seed {seed}"
        titles = {article.versions[-1].title for article in articles}
        assert {document["title"] for document in documents.values()} == titles
