"""Documents written for the index tests, and the engines that must answer alike about them."""

# Turkish is written with letters that look like others.

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support_elasticsearch import node_url
from support_schema import check

from pipeline.adapters.elastic import ElasticIndex
from pipeline.adapters.elastic.cluster import Cluster, connect
from pipeline.adapters.elastic.setup import Setup
from pipeline.adapters.embedded import EmbeddedIndex
from pipeline.config import IndexSettings
from pipeline.index.document import build_document
from pipeline.model import (
    DateClaim,
    Enrichment,
    Entity,
    Extraction,
    Feed,
    Mention,
    Result,
    Status,
    Topic,
)
from pipeline.work import ArticleWork, Grouping, Revision, Sighting

ROOT = Path(__file__).resolve().parent.parent


def elastic_settings(folder):
    """Return settings for a collection in the test node that belongs to a folder."""
    digest = hashlib.blake2s(str(folder).encode(), digest_size=8).hexdigest()
    return IndexSettings(kind="elasticsearch", url=node_url(), name=f"t{digest}")


#: Collections of this process in the test node, oldest first. A node takes 1,000 shards: long
#: before that the oldest are removed, whose tests have ended.
_COLLECTIONS = {}
_MOST_COLLECTIONS = 120


def elastic(folder):
    """Return an index in a real Elasticsearch that is set up as `newsline index init` does."""
    settings = elastic_settings(folder)
    setup = Setup(settings, ROOT / "config", None)
    setup.run()
    setup.close()
    _COLLECTIONS[settings.name] = settings
    if len(_COLLECTIONS) > _MOST_COLLECTIONS:
        remove_collection(_COLLECTIONS.pop(next(iter(_COLLECTIONS))))
    return ElasticIndex(Cluster(settings), at_once=True)


def remove_collection(settings):
    """Delete everything that a collection has in the test node."""
    with connect(settings, None) as client:
        mine = f"{settings.name}-*"
        for index in client.indices.get(index=mine).body:
            client.indices.delete(index=index)
        client.indices.delete_index_template(name=mine)
        client.cluster.delete_component_template(name=mine)


def embedded(folder):
    """Return an embedded index."""
    return EmbeddedIndex(Path(folder) / "index")


#: name → how to open the engine over a folder. A new engine is added here and nowhere else.
ENGINES = {"embedded": embedded, "elasticsearch": elastic}
#: The same for parametrised tests, with what each needs.
EVERY_ENGINE = [
    "embedded",
    pytest.param("elasticsearch", marks=[pytest.mark.elasticsearch, pytest.mark.timeout(300)]),
]

SAFE_ZONE = "Syria safe zone"


def article(
    article_id,
    title="A plain headline",
    text="A plain body.",
    *,
    language="en",
    outlet="the-harbour-post",
    day="2019-09-10",
    hour=9,
    people=(),
    organisations=(),
    places=(),
    topics=(),
    iptc=(),
    authors=(),
    section=None,
    country="GB",
    version=1,
    dated=True,
):
    """Return a document, built as the trip builds it."""
    at = datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC)
    named = [("person", people), ("organisation", organisations), ("place", places)]
    entities = tuple(
        Entity(name.lower(), name, kind, (Mention(0, len(name), name, "title"),))
        for kind, names in named
        for name in names
    )
    extraction = Extraction(
        result=Result.OK,
        reason=None,
        title=title,
        text=text,
        version="1",
        language=language,
        authors=tuple(authors),
        published_at=DateClaim(at, "second", "json-ld:datePublished") if dated else None,
        section=section,
    )
    feed = Feed(f"{outlet}-feed", f"https://{outlet}.example/feed", outlet, country=country)
    sighting = Sighting(feed, article_id, title, None, "", "", None, at)
    built = build_document(
        ArticleWork(
            url_id=article_id,
            article_id=article_id,
            url=f"https://{outlet}.example/{article_id}",
            publisher=outlet,
            tries=0,
            status=Status.IN_FLIGHT,
            first_seen_at=at,
            doc_version=version,
            revision=Revision(article_id, 1, "hash", extraction, at),
            enrichment=Enrichment(
                language,
                1.0,
                entities,
                tuple(Topic(name.lower(), name, 0.9, ()) for name in topics),
                "",
                {"language": "1"},
                iptc=tuple(Topic(code, name, 0.8, ()) for code, name in iptc),
            ),
            grouping=Grouping(None, None),
            sightings=(sighting,),
        )
    )
    return check(built)


def newsroom():
    """Return articles in five languages about the safe zone, and about other things."""
    erdogan, twitty = "Recep Tayyip Erdoğan", "Stephen Twitty"
    return [
        article(
            "en-patrol",
            "First joint patrol enters the safe zone",
            "American and Turkish armoured cars drove along the border on Sunday. The U.S. convoy"
            " turned back after three hours.\n\nPresident Erdoğan said the safe zones promised in"
            " August were still a map and nothing more.",
            day="2019-09-08", people=[erdogan], organisations=["U.S. European Command"],
            places=["Turkey", "Syria"], topics=[SAFE_ZONE], section="world",
            authors=["Maud Ferrier"],
        ),
        article(
            "en-talks",
            "Two U.S. generals in Ankara for talks",
            "Officers met at the general staff to discuss the security mechanism. A zone that is"
            " safe for returning families needs more than patrols, one of them said.",
            day="2019-09-10", people=[twitty], organisations=["U.S. European Command"],
            places=["Turkey"], topics=[SAFE_ZONE], section="world", authors=["Maud Ferrier"],
        ),
        article(
            "en-harvest",
            "Olive harvest begins early",
            "Growers in the hills started a fortnight before the usual date. Prices fell.",
            day="2019-09-10", outlet="valley-gazette", country="US", section="economy",
            iptc=[("04000000", "economy, business and finance"), ("20000210", "agriculture")],
        ),
        article(
            "tr-bolge",
            "Güvenli bölge için ilk devriye",
            "İstanbul'dan gelen heyet sınırda karşılandı. ISPARTA'daki birlikler hazır. Erdoğan,"
            " güvenli bölgelerin genişlemesini istedi.",
            language="tr", outlet="sabah-postasi", country="TR", day="2019-09-08", hour=10,
            people=[erdogan], places=["Turkey", "Syria"], topics=[SAFE_ZONE],
        ),
        article(
            "tr-pazar",
            "ILICA'da pazar kuruldu",
            "Ilık bir günde köylüler ürünlerini sattı. Kışın yeniden açılacak.",
            language="tr", outlet="sabah-postasi", country="TR", day="2019-09-11",
        ),
        article(
            "ar-mintaqa",
            "اتفاق على إنشاء المنطقة الآمنة",
            "قال مسؤول إن الدوريات المشتركة بدأت شمال سوريا. وتريد أنقرة مَنْطِقَةً آمنة أوسع.",
            language="ar", outlet="sada-al-madina", country="JO", day="2019-09-09",
            places=["Syria", "Turkey"], topics=[SAFE_ZONE],
        ),
        article(
            "de-zone",
            "Sicherheitszonen: Streit über die Größe",
            "Die Häuser an der Grenze stehen leer. Über eine Sicherheitszone wird weiter"
            " verhandelt, sagte ein Sprecher in München.",
            language="de", outlet="elbe-kurier", country="DE", day="2019-09-12",
            places=["Syria"], topics=[SAFE_ZONE],
        ),
        article(
            "de-wetter",
            "Sturm über der Straße nach Łódź",
            "Der Fluss trat über die Ufer; Helfer räumten die Straße bis zum Abend.",
            language="de", outlet="elbe-kurier", country="DE", day="2019-09-12", hour=12,
        ),
        article(
            "fr-zone",
            "L'accord sur la zone de sécurité reste fragile",
            "Les négociations continuent à Ankara. Des familles déplacées espèrent rentrer.",
            language="fr", outlet="le-phare", country="FR", day="2019-09-11", hour=7,
            places=["Turkey"], topics=[SAFE_ZONE],
        ),
        article(
            "fr-sport",
            "Les cyclistes arrivent à Genève",
            "Une étape calme, puis un sprint.",
            language="fr", outlet="le-phare", country="FR", day="2019-09-13",
        ),
        article(
            "zz-undated",
            "Note without a date",
            "An agency note that carried no time of its own.",
            outlet="valley-gazette", country="US", day="2019-09-14", dated=False,
        ),
    ]  # fmt: skip


def ids(page):
    """Return the ids of a page in a form that can be compared without order."""
    return {hit.article_id for hit in page.hits}
