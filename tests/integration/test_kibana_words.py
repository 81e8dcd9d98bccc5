"""What docs/kibana.md says about typing in Kibana: the requests that Kibana makes of it, asked.

Kibana turns a bare word into a `multi_match` without fields, a quoted one into the same as a
phrase, `field : word` into `match`, `field : "words"` into `match_phrase`, and a `*` into
`query_string`.
"""

import pytest
from support_index import elastic, newsroom

from pipeline.adapters.elastic.cluster import Role

pytestmark = [pytest.mark.elasticsearch, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Return what a request finds in the newsroom, by article."""
    index = elastic(tmp_path_factory.mktemp("kibana-words"))
    index.write(newsroom(), [])
    client = index.cluster.client(Role.READER)

    def _found(query):
        answer = client.search(index=index.names.read, query=query, size=50).body
        return {hit["_id"] for hit in answer["hits"]["hits"]}

    yield _found
    index.close()


def _bare(words, match="best_fields"):
    return {"multi_match": {"type": match, "query": words, "lenient": True}}


def _all(*queries):
    return {"bool": {"filter": list(queries)}}


def test_bare_words_are_alternatives_and_and_asks_for_both(found):
    assert found(_bare("olive patrols")) >= {"en-harvest", "en-patrol", "en-talks"}
    assert not found(_all(_bare("olive"), _bare("patrols")))
    assert found(_all(_bare("safe"), _bare("patrols"))) >= {"en-patrol", "en-talks"}


def test_a_bare_phrase_finds_other_inflections_too_in_each_language(found):
    assert "en-patrol" in found(_bare("safe zones", "phrase"))
    assert "tr-bolge" in found(_bare("güvenli bölge", "phrase"))
    assert "ar-mintaqa" in found(_bare("المنطقة الآمنة", "phrase"))
    assert "en-talks" not in found(_bare("safe zones", "phrase"))


def test_a_phrase_on_title_or_text_is_exact(found):
    assert found({"match_phrase": {"title": "safe zone"}}) >= {"en-patrol"}
    assert "en-patrol" not in found({"match_phrase": {"title": "safe zones"}})
    assert "en-patrol" in found({"match_phrase": {"text": "safe zones"}})
    assert "en-patrol" not in found({"match_phrase": {"text": "safe zone"}})


def test_inflections_of_the_body_alone(found):
    fields = ["by_language.*.text"]
    query = {"multi_match": {"type": "best_fields", "query": "zone", "fields": fields}}

    assert "en-patrol" in found(query)
    assert "en-patrol" not in found({"match": {"text": "zone"}})  # it says "zones" there


def test_accents_and_capitals_do_not_matter(found):
    spelled = [found(_bare(word)) for word in ("erdogan", "Erdoğan", "ERDOĞAN")]

    assert spelled[0] == spelled[1] == spelled[2] >= {"en-patrol", "tr-bolge"}


def test_the_beginning_of_a_word(found):
    assert found({"query_string": {"query": "patro*"}}) >= {"en-patrol", "en-talks"}


def test_a_facet_is_spelled_as_shown_or_cut_with_a_star(found):
    assert found({"match": {"person": "Stephen Twitty"}}) == {"en-talks"}
    assert not found({"match": {"person": "twitty"}})
    star = {"query_string": {"fields": ["person"], "query": "*Twitty"}}
    assert found(star) == {"en-talks"}


def test_a_name_and_its_kind_of_the_same_entity(found):
    def _entity(name, kind):
        same = [{"match": {"entities.name": name}}, {"match": {"entities.type": kind}}]
        return {"nested": {"path": "entities", "query": _all(*same)}}

    assert "en-talks" in found(_entity("Turkey", "place"))
    assert not found(_entity("Turkey", "person"))


def test_the_version_of_an_extractor(found):
    assert found({"match": {"versions.extract": "1"}}) == found({"match_all": {}})
