"""Links from a task instance of our DAGs to what it touched; of other DAGs there are none."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from airflow.configuration import conf
from airflow.sdk import BaseOperatorLink

from pipeline.config import load
from pipeline.errors import ConfigError

OUR_DAGS = "news_"
#: The XCom under which the first task of a run leaves the ledger's name for it.
RUN_ID = "run_id"
_NONE = ""


def ops_page(path: str) -> str:
    """Return the address of a part of the ops page."""
    return urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/") + "/newsops" + path


def run_of(ti_key: Any) -> str | None:  # noqa: ANN401 - Airflow's TaskInstanceKey
    """Return the ledger's id of the run that a task instance belongs to."""
    from airflow.models.xcom import XComModel  # noqa: PLC0415 - the api-server's database
    from airflow.utils.session import create_session  # noqa: PLC0415

    query = XComModel.get_many(key=RUN_ID, run_id=ti_key.run_id, dag_ids=ti_key.dag_id, limit=1)
    with create_session() as session:
        found = session.scalar(query.with_only_columns(XComModel.value))
    if found is None:
        return None
    told = json.loads(found) if isinstance(found, str) and found.startswith('"') else found
    return str(told)


class FeedHealth(BaseOperatorLink):
    """How the feeds are that this run polled; before it has begun, how all are."""

    name = "Feed health"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:  # noqa: ANN401, ARG002 - Airflow's
        """Return the address of the list of feeds."""
        if not ti_key.dag_id.startswith(OUR_DAGS):
            return _NONE
        run_id = run_of(ti_key)
        return ops_page(f"/feeds?run={quote(run_id, safe='')}" if run_id else "/feeds")


class RunInLedger(BaseOperatorLink):
    """What this run did, item by item."""

    name = "Run in the ledger"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:  # noqa: ANN401, ARG002 - Airflow's
        """Return the address of the run's own page."""
        if not ti_key.dag_id.startswith(OUR_DAGS):
            return _NONE
        run_id = run_of(ti_key)
        return ops_page(f"/runs/{quote(run_id, safe='')}") if run_id else _NONE


class ArticlesInKibana(BaseOperatorLink):
    """The pipeline's dashboard, narrowed to what this run did."""

    name = "Kibana"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:  # noqa: ANN401, ARG002 - Airflow's
        """Return the address of the dashboard."""
        if not ti_key.dag_id.startswith(OUR_DAGS):
            return _NONE
        named = os.environ.get("NEWSLINE_CONFIG")
        try:
            config = load(Path(named) if named else None)
        except ConfigError:  # the ops page says what is wrong
            return _NONE
        run_id = run_of(ti_key)
        if not (config.ops.kibana_url and run_id):
            return _NONE
        asked = f"?_a=(query:(language:kuery,query:'run_id:%22{quote(run_id, safe='')}%22'))"
        dashboard = f"{config.index.name}-pipeline"
        return f"{config.ops.kibana_url.rstrip('/')}/app/dashboards#/view/{dashboard}{asked}"
