"""The article that started the project: headline thrice on its page, served with furniture."""

from datetime import UTC, datetime, timedelta

import pytest
from support_trip import Desk

from pipeline.adapters.clock import ScaledClock
from pipeline.rehearsal.articles import Article, Version
from pipeline.rehearsal.server import WorldServer

pytestmark = [pytest.mark.corpora, pytest.mark.slow]

PUBLISHED = datetime(2019, 9, 11, 10, 17, tzinfo=UTC)
NOW = PUBLISHED + timedelta(hours=6)
PEOPLE = {"Stephen M. Twitty", "Thomas W. Bergeson", "Recep Tayyip Erdoğan"}
ORGANISATIONS = {
    "Turkish Defense Ministry",
    "U.S. European Command",
    "U.S. Central Command",
    "Turkish General Staff",
    "Combined Joint Operations Center",
    "Islamic State",
    "Syrian Democratic Forces",
    "People's Protection Units",
    "Kurdistan Workers' Party",
    "European Union",
}
PLACES = {"Turkey", "United States", "Syria", "Ankara", "Euphrates"}
TOPICS = {"Safe zone", "Security mechanism", "Combined patrols", "Joint operations centre"}


@pytest.fixture(scope="module")
def seed(corpora):
    """Title and paragraphs of the seed; its title stands three times at the top."""
    text = next((corpora / "seed").glob("*.txt")).read_text("utf-8")
    blocks = [block.strip() for block in text.split("\n\n") if block.strip()]
    title = blocks[0]
    return title, tuple(block for block in blocks if block != title)


@pytest.fixture(scope="module")
def desk(seed, tmp_path_factory):
    title, paragraphs = seed
    article = Article(
        id="bc-seed",
        outlet="bosphorus-courier",  # whose pages repeat their headline
        language="en",
        section="world",
        standfirst="",
        authors=(),
        keywords=(),
        versions=(Version(PUBLISHED, title, paragraphs),),
    )
    with WorldServer(ScaledClock(NOW), script=(), articles=[article]) as world:
        feeds = [feed for feed in world.feeds() if feed.publisher == "bosphorus-courier"]
        desk = Desk(tmp_path_factory.mktemp("seed"), feeds, port=world.port)
        summary = desk.run(NOW)
    assert summary["balance"]["balances"]
    return desk


@pytest.fixture(scope="module")
def document(desk):
    (found,) = desk.documents().values()
    return found


def test_the_headline_stands_once_and_the_body_begins_with_its_first_sentence(seed, document):
    title, paragraphs = seed
    assert document["title"] == title
    assert title not in document["text"]
    assert document["text"].startswith(paragraphs[0])
    assert document["text"].split("\n\n") == list(paragraphs)


def test_it_is_found_by_its_words_and_under_each_facet(desk, seed):
    facets = [part for name in ("person", "organisation", "place", "topic", "outlet", "day")
              for part in ("--facet", name)]  # fmt: skip
    answer = desk.ask("search", '"safe zone"', "--facet-size", "50", *facets)
    assert answer["total"] == 1
    counts = {name: {one["value"] for one in found} for name, found in answer["facets"].items()}
    assert counts["person"] == PEOPLE
    assert counts["organisation"] >= ORGANISATIONS
    assert counts["place"] >= PLACES
    assert counts["topic"] >= TOPICS
    assert counts["outlet"] == {"bosphorus-courier"}
    assert counts["day"] == {"2019-09-11"}
    under = {
        "person": PEOPLE,
        "organisation": ORGANISATIONS,
        "place": PLACES,
        "topic": TOPICS,
        "outlet": {"bosphorus-courier"},
        "day": {"2019-09-11"},
        "language": {"en"},
    }
    for facet, values in under.items():
        for value in values:
            assert desk.ask("search", "", "--filter", f"{facet}={value}")["total"] == 1


def test_what_it_quotes_and_which_dates_it_speaks_of(desk, document):
    assert [one["speaker_id"] for one in document["quotes"]] == ["us-european-command"] * 3
    values = [one["value"] for one in document["dates_mentioned"]]
    assert values == ["2019-09-10", "2019-W37", "2019-08-07"]
    answer = desk.ask("search", "", "--facet", "key_phrases")
    assert "safe zone" in {one["value"] for one in answer["facets"]["key_phrases"]}
    starts = document["sentences"]
    (last,) = (start for start in starts if document["text"][start:].startswith("On Aug. 7"))
    assert last == max(one for one in starts if one <= document["dates_mentioned"][2]["start"])


def test_its_life_can_be_told(desk, document):
    told = desk.ask("where", document["url"])
    stages = [step["stage"] for step in told["life"]]
    for stage in ("fetch", "extract", "enrich", "group", "index"):
        assert stage in stages
