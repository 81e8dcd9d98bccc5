"""Every chart, saved search and map that ships for Kibana, asked of a real index.

Kibana cannot run here; what it asks Elasticsearch can. The world is the rehearsal's with its
mishaps, brought in by the real command; numbers are held against documents and outcomes of the
ledger, counted by hand.
"""

import uuid
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from support_elasticsearch import node_url
from support_kibana import (
    by_type,
    columns_of,
    counted,
    disagreements,
    es_filters,
    es_groups,
    es_request,
    es_window,
    is_within,
    matches,
    moment_ms,
    panels_of,
    query_of,
    read_ndjson,
    values_of,
    window_of,
)
from support_trip import Desk

from pipeline.adapters.clock import ScaledClock
from pipeline.adapters.elastic.cluster import Cluster, Role
from pipeline.adapters.elastic.names import Names
from pipeline.adapters.ledger import open_ledger
from pipeline.config import IndexSettings
from pipeline.index.document import build_document
from pipeline.index.event import events_of
from pipeline.kibana.naming import Naming
from pipeline.kibana.saved_objects import ndjson, saved_objects
from pipeline.kibana.source import load_source
from pipeline.rehearsal.server import WorldServer

#: A feed and a page fail then: script.toml of the rehearsal world.
NOW = datetime(2019, 9, 8, 8, tzinfo=UTC)
#: When somebody looks: after both runs. What is older than a dashboard's span is not shown.
END = NOW + timedelta(hours=12)
pytestmark = [pytest.mark.elasticsearch, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def settings():
    name = f"k{uuid.uuid4().hex[:12]}"
    return IndexSettings(kind="elasticsearch", url=node_url(), name=name)


@pytest.fixture(scope="module")
def client(settings):
    cluster, names = Cluster(settings), Names(settings.name)
    client = cluster.client(Role.MAINTAINER)
    yield client
    for pattern in (names.pattern, names.events_pattern):
        for index in client.indices.get(index=pattern).body:
            client.indices.delete(index=index)
    client.indices.delete_index_template(name=f"{settings.name}-*")
    client.cluster.delete_component_template(name=f"{settings.name}-*")
    cluster.close()


@pytest.fixture(scope="module")
def desk(settings, client, tmp_path_factory):
    """Two runs over the rehearsal world, two hours apart."""
    section = f'[index]\nkind = "elasticsearch"\nurl = "{settings.url}"\nname = "{settings.name}"\n'
    with WorldServer(ScaledClock(NOW)) as world:
        made = Desk(tmp_path_factory.mktemp("desk"), world.feeds(), port=world.port, extra=section)
        made.settle(NOW)
        settled = ("--config", str(made.config))
        made.ask("index", "init", *settled)
        made.run(NOW)
        for segment in (made.data / "archive").rglob("*.warc.gz"):
            segment.unlink()  # so that something dies
        outlet = ("--publisher", "meridian-wire")
        made.ask("replay", "--all", "--stage", "extract", *outlet, *settled)
        made.run(NOW + timedelta(hours=2))
    names = Names(settings.name)
    client.indices.refresh(index=f"{names.read},{names.events}")
    return made


@pytest.fixture(scope="module")
def truth(desk):
    """View → everything that it should show, from the ledger alone."""
    ledger = open_ledger(f"sqlite:///{desk.data / 'ledger.sqlite'}")
    documents = [build_document(work) for works in ledger.all_indexed() for work in works]
    for one in documents:
        one["sort_at"] = one["published_at"] or one["first_seen_at"]
    lines, events = ledger.outcomes_after(0, limit=100_000), []
    for line in lines:
        events += [dict(event.body) for event in events_of(line)]
    ledger.close()
    return {"articles": documents, "events": events}


@pytest.fixture(scope="module")
def objects(root, settings):
    source = load_source(root / "config/kibana")
    return read_ndjson(ndjson(saved_objects(source, Naming(settings.name))))


def view_of(objects, id_):
    """Return (alias, key of the view) of a data view's id."""
    found = by_type(objects, "index-pattern")[id_]
    return found["attributes"]["title"], id_.split("-", 1)[1]


def time_of(objects, id_):
    """Return the field by which a data view's documents have their place in time."""
    return by_type(objects, "index-pattern")[id_]["attributes"]["timeFieldName"]


def bar_query(dashboard):
    about = orjson.loads(dashboard["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
    return about["query"]["query"]


def charts(objects):
    for dashboard in by_type(objects, "dashboard").values():
        for panel in panels_of(dashboard):
            if panel["type"] == "lens":
                yield dashboard, panel


def test_every_chart_shows_what_the_ledger_holds(objects, desk, truth, client):
    wrong, shown = [], 0
    for dashboard, panel in charts(objects):
        (reference,) = panel["embeddableConfig"]["attributes"]["references"]
        alias, key = view_of(objects, reference["id"])
        queries = [bar_query(dashboard), query_of(panel)]
        columns = columns_of(panel)
        time, window = time_of(objects, reference["id"]), window_of(dashboard, END)
        filters = [one for query in queries for one in es_filters(query)]
        filters.append(es_window(time, window))
        answer = client.search(index=alias, body=es_request(columns, filters)).body
        asked = es_groups(columns, answer)
        documents = [
            one
            for one in truth[key]
            if all(matches(one, query) for query in queries) and is_within(one, time, window)
        ]
        expected = counted(columns, documents)
        name = f"{dashboard['id']} {panel['panelIndex']}"
        wrong += [f"{name}: {fault}" for fault in disagreements(columns, asked, expected)]
        if not asked or answer["hits"]["total"]["value"] == 0:
            wrong.append(f"{name}: shows nothing")
        shown += 1
    assert wrong == []
    assert shown > 25


def test_every_saved_search_finds_what_the_ledger_holds(objects, desk, truth, client):
    for search in by_type(objects, "search").values():
        about = orjson.loads(search["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
        query = about["query"]["query"]
        (reference,) = search["references"]
        alias, key = view_of(objects, reference["id"])
        ((field, direction),) = search["attributes"]["sort"]
        answer = client.search(
            index=alias,
            query={"bool": {"filter": es_filters(query)}},
            sort=[{field: direction}],
            size=1_000,
            fields=search["attributes"]["columns"],
        ).body["hits"]
        wanted = [one for one in truth[key] if matches(one, query)]
        assert answer["total"]["value"] == len(wanted) > 0, search["id"]
        moments = [moment_ms(hit["_source"][field]) for hit in answer["hits"]]
        assert moments == sorted(moments, reverse=True)
        columns = {name for hit in answer["hits"] for name in hit["fields"]}
        assert columns == set(search["attributes"]["columns"]), search["id"]


def test_the_map_shows_every_place(objects, desk, truth, client):
    (one,) = by_type(objects, "map").values()
    (layer,) = [
        layer
        for layer in orjson.loads(one["attributes"]["layerListJSON"])
        if layer["sourceDescriptor"]["type"] == "ES_GEO_GRID"
    ]
    field = layer["sourceDescriptor"]["geoField"]
    (reference,) = one["references"]
    alias, key = view_of(objects, reference["id"])
    # Kibana asks for tiles of the map; at this precision no two places share one.
    aggs = {"tiles": {"geotile_grid": {"field": field, "precision": 18, "size": 10_000}}}
    buckets = client.search(index=alias, size=0, aggs=aggs).body["aggregations"]["tiles"]["buckets"]
    points = [(p["lat"], p["lon"]) for doc in truth[key] for p in values_of(doc, field)]
    assert len(buckets) == len(set(points)) > 5
    assert sum(bucket["doc_count"] for bucket in buckets) == len(points)


def test_one_article_s_life_is_all_there(objects, desk, truth, client, settings):
    """What the link in a table leads to: both views filtered by one article_id."""
    lives = {}
    for event in truth["events"]:
        lives.setdefault(event.get("article_id"), []).append(event)
    article_id = max((id_ for id_ in lives if id_), key=lambda id_: len(lives[id_]))
    names = Names(settings.name)
    found = client.count(index=names.events, query={"term": {"article_id": article_id}}).body
    assert found["count"] == len(lives[article_id]) > 5
    assert {event["stage"] for event in lives[article_id]} >= {
        "fetch",
        "extract",
        "enrich",
        "index",
    }
    held = client.count(index=names.read, query={"term": {"article_id": article_id}}).body
    assert held["count"] == 1


def test_the_alert_example_finds_late_articles_too(root, desk, truth, client, settings):
    """It goes by when an article was indexed: one that was published long ago is news to us."""
    rule = orjson.loads((root / "config/kibana/alert-rule.json").read_bytes())
    parameters = rule["params"]
    assert parameters["timeField"] == "indexed_at"
    asked = orjson.loads(parameters["esQuery"])["query"]
    window = {"range": {parameters["timeField"]: {"gte": "now-1h"}}}  # the real clock's
    query = {"bool": {"must": [asked], "filter": [window]}}
    answer = client.search(index=settings.name, query=query, size=1_000).body["hits"]["hits"]
    wanted = {one["article_id"] for one in truth["articles"] if "Safe zone" in one["topic"]}
    assert {hit["_id"] for hit in answer} == wanted
    assert parameters["index"] == ["news"]
