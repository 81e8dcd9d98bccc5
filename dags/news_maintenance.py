"""Removes every night what has been kept long enough, in small batches.

| task | removes | unless |
|---|---|---|
| `ledger` | polls that went well, findings that are over, silences that ended | `poll_days` is 0 |
| | lines of the change log, but for the newest of each article | `change_days` is 0 |
| `outlived` | articles that `[rights]` lets us keep for some days only | `keep_days` is 0 |
| `archive` | what was erased | |
| | archived feeds, and pages that said nothing new | `archive_days` is 0 |
| `airflow_metadata` | Airflow's runs, task instances, …: `airflow db clean` | no such connection |
| `airflow_logs` | logs of tasks, on the machine where it runs | `airflow_days` is 0 |

Days are those of `[retention]`. At first `poll_days` is 0: then `ledger` counts what is older than
90 days. **Never trimmed**: sightings, entries, URLs, pages and revisions, of which the
balance, the life of a URL and the index are made; failures of feeds; outcomes of articles. What is
erased (`newsline erase`, `outlived`) goes from all of these; `docs/rights.md`.

`archive` copies what stays of segments that are older than `archive_days` into new ones (the newest
page of every URL, and every page that a revision was made from), lets the ledger name the new
places, and deletes the old files; for ten minutes a night, `left` says how many segments are left
for the next. Runs go on meanwhile. See first what would go: `newsline archive trim --dry-run`.
`damaged` names segments in which something cannot be read: they stay as they are until you put them
back from a backup. `foreign` names those in which the ledger names nothing, from a time when it was
not at work: another ledger's, or from after the backup it was restored from; they stay too. Old
backups of the ledger name segments that are gone then: keep those of ledger and archive together.

**`airflow_metadata` is skipped** until you make a connection of that name (type *generic*) with the
SQLAlchemy address of Airflow's database as its password: in Airflow 3 tasks get no address of it.
Without it, let cron run `airflow db clean` beside the scheduler. With Celery, `airflow_logs` cleans
the worker that happens to run it: where workers do not share a folder of logs, use logrotate.

**When it is red.** The last line of the log says what was away. Nothing is half done: each batch is
a transaction, and the next night goes on. `another ledger`: the data folder is not the ledger's.
"""

from datetime import timedelta

from airflow.sdk import BaseHook, CronTriggerTimetable, dag, task
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowSkipException
from news_rules import INDEX_POOL, INDEX_QUEUE, TASKS, late_after

CONNECTION = "airflow_metadata"


@dag(
    schedule=CronTriggerTimetable("17 4 * * *", timezone="UTC"),
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    deadline=late_after(hours=1),
    default_args=TASKS,
    tags=["news", "maintenance"],
    doc_md=__doc__,
)
def news_maintenance() -> None:
    """Wire the tasks; what they do is in pipeline/retention.py and pipeline/trimming.py."""

    @task(pool=INDEX_POOL, queue=INDEX_QUEUE)
    def ledger() -> dict:
        from pipeline import rounds

        return rounds.trim_ledger()

    @task(pool=INDEX_POOL, queue=INDEX_QUEUE, execution_timeout=timedelta(minutes=20))
    def outlived() -> dict:
        from pipeline import rounds

        return rounds.erase_outlived()

    @task(pool=INDEX_POOL, queue=INDEX_QUEUE, execution_timeout=timedelta(minutes=20))
    def archive() -> dict:
        from pipeline import rounds

        return rounds.trim_archive()

    @task(pool=INDEX_POOL, queue=INDEX_QUEUE, execution_timeout=timedelta(hours=1))
    def airflow_metadata() -> str:
        from pipeline import rounds

        try:
            url = BaseHook.get_connection(CONNECTION).password
        except AirflowNotFoundException:
            raise AirflowSkipException(f"there is no connection {CONNECTION}") from None
        return rounds.clean_airflow(url)

    @task(pool=INDEX_POOL, queue=INDEX_QUEUE)
    def airflow_logs() -> int:
        from pipeline import rounds

        return rounds.remove_logs()

    ledger()
    outlived() >> archive()
    airflow_metadata()
    airflow_logs()


news_maintenance()
