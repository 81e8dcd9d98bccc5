"""Goes through a stage again for a part of the past, or finds and fetches what is missing.

Two ways to start it:

- **By hand**: *Trigger* in the UI, with the form. Begin with `dry_run`: the task `replay` then
  returns how many URLs it would be (`left`).
- **By Airflow's backfill**, one run a day of first sight: `airflow backfill create --dag-id
  news_backfill --from-date 2019-09-01 --to-date 2019-09-10 --max-active-runs 1`, with
  `--dag-run-conf '{"stage": "enrich"}'` for other parameters.

Unpause the DAG for either (Airflow 3.3 lets the runs of a paused one wait, those of a backfill too)
and pause it afterwards if you like: what its own schedule starts, once a day, does nothing. The
schedule is there because Airflow's backfill needs one with partitions.

| `network` | does |
|---|---|
| `no` | `stage` (extract, enrich, group or index) again, from the archive and the ledger |
| `pages` | asks for pages that were never had, e.g. after an outage; `reason` says of which |
| `archives` | older articles: what feeds link as archives, all sitemaps of an index; fetches |

With `archives`, `since` and `until` are days of publication, else of first sight; both are part of
it. Requests keep to leases, pace and robots.txt like any others. For articles that no feed and no
feed's archive lists, put the outlet's sitemap into the catalogue (`kind = "sitemap"`).

**It goes on where it ended.** A run takes `minutes` at most, 500 URLs at a time, so that what is
new need not queue behind the past, and reads 100 documents of one feed's archive. Start it again
with the same parameters: what has been through the stage since the first start is left out, and
archives are read from where it stopped. When nothing is left (`left` and `archives_left` of
`replay` are 0) it is ended (list of actions, ops page), and a later start begins anew. Articles
that another stage works on at the moment are left out; the next start takes them.

    replay → group → index → publish

**When it is red.** `UsageError`: the parameters make no sense, and the log says why. Anything else:
as `news_ingest`. Everything that it has made due stays due, for `news_ingest` as well.
"""

from datetime import timedelta

from airflow.sdk import CronPartitionTimetable, Param, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException
from news_rules import FETCH_POOL, FETCH_QUEUE, TASKS, late_after
from news_steps import finish

STAGES = ["extract", "enrich", "group", "index"]
DAY = {"type": ["null", "string"], "format": "date"}
TEXT = {"type": ["null", "string"]}


@dag(
    schedule=CronPartitionTimetable("0 0 * * *", timezone="UTC"),
    is_paused_upon_creation=True,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    deadline=late_after(hours=2),
    default_args=TASKS,
    params={
        "network": Param("no", enum=["no", "pages", "archives"], description="What may be asked"),
        "stage": Param("extract", enum=STAGES, description="Without network: what to do again"),
        "feed": Param(None, **TEXT, description="Only what this feed listed"),
        "outlet": Param(None, **TEXT, description="Only this outlet's"),
        "reason": Param(None, **TEXT, description="Only what ended with this reason"),
        "since": Param(None, **DAY, description="From this day on"),
        "until": Param(None, **DAY, description="Up to this day"),
        "minutes": Param(50, type="integer", minimum=1, maximum=80, description="At most"),
        "dry_run": Param(False, type="boolean", description="Only count"),
    },
    tags=["news", "repair"],
    doc_md=__doc__,
)
def news_backfill() -> None:
    """Wire the tasks; what they do is in pipeline/backfill.py."""

    @task(pool=FETCH_POOL, queue=FETCH_QUEUE)
    def begin() -> str:
        if get_current_context()["dag_run"].run_type == "scheduled":
            raise AirflowSkipException("a backfill is asked for: nobody has")
        from pipeline import rounds

        return rounds.begin()

    @task(pool=FETCH_POOL, queue=FETCH_QUEUE, execution_timeout=timedelta(minutes=90))
    def replay(run: str) -> dict:
        from pipeline import rounds

        context = get_current_context()
        dag_run = context["dag_run"]
        day = dag_run.partition_key if dag_run.run_type == "backfill" else None
        return rounds.backfill(run, dict(context["params"]), day, "airflow")

    run = begin()
    finish(replay(run), run)


news_backfill()
