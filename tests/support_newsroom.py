"""A ledger whose articles wait for the index, and a scripted cluster that they are written to."""

from dataclasses import replace

import orjson
from support_cluster import ALIAS, JSON, PRODUCT
from support_ledger import bring_to
from support_run import Trip
from support_sockets import response

from pipeline.adapters.elastic import ElasticIndex
from pipeline.adapters.elastic.cluster import Cluster
from pipeline.config import IndexSettings
from pipeline.index.mapping import index_template, vectors
from pipeline.model import Stage
from pipeline.work import Scope

BAD = "https://herald.example/bad"


class Newsroom(Trip):
    """A ledger with one article that a test has something in mind for, and ever more others."""

    def __init__(self, folder, cluster):
        super().__init__(folder)
        self.index.close()
        cluster.server.on(f"/{ALIAS}/_mapping", cluster_says({"news-v1-000001": fitting()}))
        leads = {"news-v1-000001": {"aliases": {"news": {}}}}
        cluster.server.on("/_alias/news", cluster_says(leads))
        cluster.server.on("/_alias/news_rebuild", cluster_says({"error": "none"}, "404 Not Found"))
        self.index = ElasticIndex(Cluster(IndexSettings(url=cluster.server.url())))
        self.index._writer = cluster.writer(budget_s=0.3)
        self.doors = replace(self.doors, index=self.index)
        self.others = 0
        bring_to(self.ledger, BAD, Stage.INDEX, text="the bad one")

    def another(self):
        """Let one more article wait for the index."""
        self.others += 1
        url = f"https://herald.example/{self.others}"
        bring_to(self.ledger, url, Stage.INDEX, text=url, at=self.clock.now())
        self.later(seconds=1)

    def statuses(self):
        return dict(self.ledger.books(Scope()).by_status)


def cluster_says(body, status="200 OK"):
    def script(connection):
        connection.send(response(orjson.dumps(body), status, (PRODUCT, JSON)))
        return True

    return script


def fitting():
    """A mapping into which today's documents fit."""
    wanted = index_template()["template"]["mappings"]
    more = vectors()["template"]["mappings"]["properties"]
    return {"mappings": wanted | {"properties": wanted["properties"] | more}}
