"""What the API answers, over the embedded index and over Elasticsearch alike."""

import csv
import io

import orjson
import pyarrow.parquet as pq
import pytest
from support_index import EVERY_ENGINE, article
from support_schema import check
from support_serve import COPY, DEAD, GONE, PATROL, client, fill, served, with_settings

from pipeline.urls import article_id

ID = article_id(PATROL)
EVERYTHING = {"shoal-1", "shoal-2", "shoal-3", ID, article_id(COPY)}


@pytest.fixture(scope="module", params=EVERY_ENGINE)
def doors(request, tmp_path_factory):
    with served(tmp_path_factory.mktemp("serve"), request.param) as opened:
        yield fill(opened)


@pytest.fixture(scope="module")
def api(doors):
    return client(doors)


def get(api, path, status=200, **query):
    answer = api.get(path, params=query)
    assert answer.status_code == status, answer.text
    return answer.json()


def ids(answer):
    return [hit["article"]["article_id"] for hit in answer["hits"]]


# ── search ────────────────────────────────────────────────────────────────────────────────────


def test_a_search_finds_words_and_shows_where_they_are(api):
    found = get(api, "/v1/search", q='"safe zone"')
    assert ids(found) == ["shoal-1"]
    assert found["total"] == 1
    assert any("⟦" in text for text in found["hits"][0]["highlights"]["text"])
    assert "highlights" in found["hits"][0]
    assert get(api, "/v1/search", q='"safe zone"', highlight=False)["hits"][0]["highlights"] == {}


def test_values_of_a_filter_are_alternatives_filters_add_up_and_days_bound(api):
    both = get(api, "/v1/search", person=["Ban Ki-moon", "Angela Merkel"], sort="oldest")
    assert ids(both) == ["shoal-1", "shoal-2"]
    assert ids(get(api, "/v1/search", person="Ban Ki-moon", language="tr")) == ["shoal-2"]
    days = get(api, "/v1/search", since="2019-09-11", until="2019-09-11")
    assert ids(days) == ["shoal-2"]
    assert ids(get(api, "/v1/search", story_id="shoal-3")) == ["shoal-3"]


def test_facets_are_counted_beside_their_own_filter(api):
    found = get(api, "/v1/search", outlet="courier", facet=["outlet", "person"], facet_size=2)
    assert {one["value"] for one in found["facets"]["outlet"]} <= {
        "courier", "herald", "the-harbour-post",
    }  # fmt: skip
    assert len(found["facets"]["outlet"]) == 2
    assert found["facets"]["person"] == [
        {"value": "Angela Merkel", "articles": 1},
        {"value": "Ban Ki-moon", "articles": 1},
    ]


@pytest.mark.parametrize("sort", ["newest", "oldest"])
def test_a_walk_shows_what_was_there_all_the_time_once_whatever_is_written(doors, api, sort):
    seen, cursor = [], {}
    for step in range(20):
        page = get(api, "/v1/search", sort=sort, size=1, **cursor)
        seen += ids(page)
        if page["cursor"] is None:
            break
        cursor = {"cursor": page["cursor"]}
        day = f"2019-09-{1 + step:02}" if step % 2 else f"2019-10-{1 + step:02}"
        doors.index.write([article(f"new-{sort}-{step}", day=day)], [])
    assert [one for one in seen if one in EVERYTHING] == list(
        dict.fromkeys(one for one in seen if one in EVERYTHING)
    )
    assert set(seen) >= EVERYTHING
    made = [f"new-{sort}-{step}" for step in range(20)]
    doors.index.write([], [(one, 9) for one in made])


def test_a_cursor_of_another_question_is_refused(api):
    cursor = get(api, "/v1/search", sort="newest", size=1)["cursor"]
    problem = get(api, "/v1/search", 400, sort="oldest", size=1, cursor=cursor)
    assert problem["reason"] == "bad_request"
    assert "start again without it" in problem["detail"]


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ({"q": '"open'}, 400, "not closed"),
        ({"q": "x" * 257}, 422, "256"),
        ({"size": 101}, 422, "100"),
        ({"facet": "colour"}, 422, "person"),
        ({"langauge": "en"}, 422, "query.langauge"),
        ({"since": "2019-09-12", "until": "2019-09-11"}, 400, "range of days is empty"),
        ({"since": "yesterday"}, 422, "query.since"),
        ({"day": "2019-02-31"}, 400, "not a day"),
        ({"person": [str(n) for n in range(101)]}, 422, "100"),
    ],
)
def test_a_question_that_is_not_answered_is_told_why(api, query, status, says):
    assert says in get(api, "/v1/search", status, **query)["detail"]


# ── articles ──────────────────────────────────────────────────────────────────────────────────


def test_an_article_is_the_document_with_its_evidence(api):
    found = get(api, f"/v1/articles/{ID}")
    check(found)
    assert found["text"].startswith("Two armies agreed on joint patrols.")
    assert found["entities"][0]["mentions"][0]["surface"] == "Kobani"


def test_what_did_not_change_is_not_sent_again(api):
    first = api.get(f"/v1/articles/{ID}")
    etag = first.headers["etag"]
    assert "private" in first.headers["cache-control"]
    for given in (etag, f'"other", W/{etag}', "*"):
        again = api.get(f"/v1/articles/{ID}", headers={"If-None-Match": given})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
    other = api.get(f"/v1/articles/{ID}", headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


def test_what_is_not_in_the_index_is_told_apart(api):
    assert get(api, f"/v1/articles/{article_id(GONE)}", 410)["reason"] == "retracted"
    assert get(api, f"/v1/articles/{article_id(GONE)}/revisions", 410)["reason"] == "retracted"
    assert get(api, f"/v1/articles/{article_id(DEAD)}", 404)["reason"] == "dead"
    assert get(api, "/v1/articles/nobody", 404)["reason"] == "not_found"


def test_revisions_are_listed_read_and_compared(api):
    listed = get(api, f"/v1/articles/{ID}/revisions")["revisions"]
    assert [one["n"] for one in listed] == [1, 2]
    assert listed[0]["seen_at"] < listed[1]["seen_at"]
    first = get(api, f"/v1/articles/{ID}/revisions/1")
    assert first["text"] == "Two armies agreed on patrols.\n\nNobody was hurt."
    assert get(api, f"/v1/articles/{ID}/revisions/3", 404)["detail"].endswith("1 to 2.")
    changed = get(api, f"/v1/articles/{ID}/diff", before=1, after=2)["text"]
    pieces = [piece for block in changed for piece in block]
    assert [one for one in pieces if one["edit"] != "kept"] == [{"edit": "in", "text": "joint "}]
    old = "".join(one["text"] for one in pieces if one["edit"] != "in")
    assert old == first["text"]


# ── stories and entities ──────────────────────────────────────────────────────────────────────


def test_a_story_has_its_articles_and_days(api):
    story = get(api, "/v1/stories/shoal-1")
    assert story["articles"] == 1
    assert story["texts"][0]["first"]["article_id"] == "shoal-1"
    assert story["timeline"] == [{"day": "2019-09-10", "articles": 1, "outlets": 1}]
    assert story["is_complete"]
    assert get(api, "/v1/stories/nobody", 404)["reason"] == "not_found"


def test_the_second_story_that_an_article_began_is_found_too(tmp_path):
    with served(tmp_path) as opened:
        opened.index.write([article("shoal-9") | {"story_id": "shoal-9.7"}], ())
        assert get(client(opened), "/v1/stories/shoal-9.7")["articles"] == 1


def test_entities_are_listed_and_each_has_its_days_and_company(api):
    listed = get(api, "/v1/entities", kind="person")["entities"]
    assert listed[0] == {"value": "Ban Ki-moon", "articles": 2}
    only = get(api, "/v1/entities", kind="person", language="en")["entities"]
    assert only == [{"value": "Ban Ki-moon", "articles": 1}]
    ban = get(api, "/v1/entities/person/Ban Ki-moon")
    assert (ban["articles"], ban["wikidata"]) == (2, "Q1253")
    assert [day["day"] for day in ban["days"]] == ["2019-09-10", "2019-09-11"]
    assert ban["together"]["person"] == [{"value": "Angela Merkel", "articles": 1}]
    assert get(api, "/v1/entities/person/Nobody", 404)["reason"] == "not_found"


def test_an_id_of_the_lists_leads_to_the_entity(api):
    moved = api.get("/v1/entities/us-central-command")
    assert moved.status_code == 308
    there = get(api, moved.headers["location"])
    assert (there["name"], there["articles"]) == ("U.S. Central Command", 0)
    assert "CENTCOM" in there["aliases"]


# ── export ────────────────────────────────────────────────────────────────────────────────────


def test_an_export_is_all_of_it_in_three_forms(api):
    lines = api.get("/v1/export").content.splitlines()
    found = [check(orjson.loads(line)) for line in lines]
    assert {one["article_id"] for one in found} == EVERYTHING
    table = api.get("/v1/export", params={"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert [row["article_id"] for row in rows] == [one["article_id"] for one in found]
    file = pq.read_table(io.BytesIO(api.get("/v1/export?format=parquet").content))
    assert file["article_id"].to_pylist() == [one["article_id"] for one in found]
    assert table.headers["newsline-matching"] == "5"
    assert 'filename="newsline.csv"' in table.headers["content-disposition"]


def test_an_export_beyond_the_bound_is_refused_as_a_whole(doors):
    few = client(with_settings(doors, export_rows=4))
    problem = get(few, "/v1/export", 400)
    assert "5 articles match; 4 can be exported" in problem["detail"]
    assert few.get("/v1/export", params={"person": "Ban Ki-moon"}).status_code == 200


def test_what_is_reserved_stays_out_of_exports(doors, api):
    reserved = {**article("reserved", day="2019-12-24"), "tdm_reserved": True}
    doors.index.write([reserved], [])
    answer = api.get("/v1/export", params={"day": "2019-12-24"})
    assert (answer.content, answer.headers["newsline-matching"]) == (b"", "1")
    doors.index.write([], [("reserved", 9)])


# ── operations ────────────────────────────────────────────────────────────────────────────────


def test_feeds_have_their_health(api):
    (feed,) = get(api, "/v1/feeds")["feeds"]
    assert (feed["feed_id"], feed["standing"], feed["new_entries"]) == ("herald-world", "new", 4)
    assert get(api, "/v1/feeds", standing="gone")["feeds"] == []
    assert get(api, "/v1/feeds", after="herald-world")["feeds"] == []
    assert len(get(api, "/v1/feeds/herald-world")["polls"]) == 4
    assert get(api, "/v1/feeds/nobody", 404)["reason"] == "not_found"


def test_the_balance_says_where_everything_went(api):
    books = get(api, "/v1/balance")
    assert (books["balances"], books["discovered"], books["accounted"]) == (True, 4, 4)
    assert {term["status"]: term["urls"] for term in books["terms"]} == {
        "indexed": 2, "dead": 1, "retracted": 1,
    }  # fmt: skip


def test_the_life_of_an_address_is_told(api):
    life = get(api, "/v1/where", url=GONE)
    assert life["position"]["status"] == "retracted"
    assert [line["stage"] for line in life["life"]][:2] == ["sighting", "fetch"]
    assert get(api, "/v1/where", 404, url="https://nobody.example/")["reason"] == "not_found"
    assert get(api, "/v1/where", 400, url="https://a.example/\x00")["reason"] == "bad_request"


def test_health_is_told_in_words(api):
    told = get(api, "/health")
    assert told["status"] == "ok"
    assert [check["name"] for check in told["checks"]] == ["ledger", "index", "pipeline"]


def test_prometheus_is_told_how_things_stand(api):
    get(api, "/v1/search")
    text = api.get("/metrics").text
    assert 'newsline_urls{status="indexed"} 2.0' in text
    assert "newsline_books_balance 1.0" in text
    assert "newsline_index_articles 5.0" in text
    assert 'newsline_queue_due{stage="extract"} 0.0' in text
    assert 'newsline_request_seconds_count{method="GET",route="/v1/search",status="200"}' in text
