"""An example of a DAG that follows `news.articles`: copy it and put your own work into `read`.

It runs once for each partition of `news.articles`, that is, after each run of `news_ingest`,
`news_retry` or `news_backfill` that published. Partitions are what makes this safe: of events of a
plain asset that come close together Airflow 3.3 leaves some without a run. The partition is the
time of a scheduled run, or the id of one that was triggered by hand.

An event says that there is something new, not what. **What changed is in the ledger's change log**,
and how far you have read it is kept in Airflow's state store of the asset, under the DAG's name. So
nothing is lost when a run fails, is skipped or was not there: the next one begins where the last
one ended. What you do with a change has to bear being done twice, since a run may die between doing
it and noting it.

**To begin again** delete the key `news_example_consumer` of the asset's state store (in the UI, or
by the REST API); to begin at the end, set it to the last position.
"""

from datetime import timedelta

from airflow.sdk import PartitionedAssetTimetable, dag, get_current_context, task
from news_rules import ARTICLES, INDEX_POOL, INDEX_QUEUE, TASKS, late_after

#: Under which the asset's state store keeps how far we have read.
POSITION = "news_example_consumer"


@dag(
    schedule=PartitionedAssetTimetable(assets=ARTICLES),
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=10),
    deadline=late_after(minutes=10),
    default_args=TASKS,
    tags=["news", "example"],
    doc_md=__doc__,
)
def news_example_consumer() -> None:
    """Wire the one task."""

    @task(pool=INDEX_POOL, queue=INDEX_QUEUE, inlets=[ARTICLES])
    def read() -> dict:
        from pipeline import rounds

        context = get_current_context()
        store = context["asset_state_store"][ARTICLES]
        first = position = int(store.get(POSITION, default=0))
        kinds: dict[str, int] = {}
        more = True
        while more:
            changed = rounds.changes(position)
            for kind, articles in changed["kinds"].items():
                kinds[kind] = kinds.get(kind, 0) + articles
            position, more = changed["position"], changed["more"]
            store.set(POSITION, position)
        print(f"partition {context['dag_run'].partition_key}: {kinds} in ({first}, {position}]")  # noqa: T201 - the log of a task
        return {"after": first, "position": position, "kinds": kinds}

    read()


news_example_consumer()
