"""What docs/consumers.md shows, asked of a real Elasticsearch."""

import re
from datetime import UTC, datetime

import orjson
import pytest
from support_index import ROOT, article, elastic, remove_collection

from pipeline.adapters.elastic.cluster import Role

pytestmark = [pytest.mark.elasticsearch, pytest.mark.timeout(300)]

TEXT = (ROOT / "docs" / "consumers.md").read_text("utf-8")
#: Nine articles of one millisecond, and of fewer microseconds.
MOMENTS = [f"2019-09-10T09:00:00.000{number // 2:03}Z" for number in range(9)]


def shown(language):
    """Return the first example in a language."""
    found = re.search(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def index(tmp_path):
    made = elastic(tmp_path)
    made.write(
        [
            {**article(f"a{8 - n}", f"Safe zone {n}", topics=["Safe zone"]), "published_at": moment}
            for n, moment in enumerate(MOMENTS)
        ],
        [],
    )
    yield made
    made.close()
    remove_collection(made.cluster.settings)


def test_the_example_pages_through_everything_once_and_in_order(index):
    body = orjson.loads(shown("json"))
    client = index.cluster.client(Role.READER)
    shown_position = body["search_after"][0]
    assert datetime.fromtimestamp(shown_position / 1e6, UTC).year == 2019
    body |= {"size": 2, "search_after": [0, ""]}
    found = []
    while hits := client.search(index=index.names.read, body=body).body["hits"]["hits"]:
        found += [hit["_source"] for hit in hits]
        body["search_after"] = hits[-1]["sort"]
    assert [one["published_at"] for one in found] == MOMENTS
    assert len({one["article_id"] for one in found}) == len(MOMENTS)
    assert "by_language" not in found[0]


def test_the_python_example_works(index):
    url = index.cluster.settings.url
    code = shown("python").replace('index="news"', f'index="{index.names.read}"')
    code = re.sub(r"Elasticsearch\(.*\)", f'Elasticsearch("{url}")', code)
    said = {}
    exec(code, said)  # noqa: S102 - our own example
    assert said["answer"]["hits"]["total"]["value"] == len(MOMENTS)
    said["client"].close()
