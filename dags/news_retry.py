"""Brings back what may have got over its failure, and does what is due, every 15 minutes.

    revive → shard → group → index → publish

| task | does |
|---|---|
| `revive` | makes due again: dead letters of `[retry] revive_reasons`, what enrichers failed at |
| `shard` | polls, fetches, extracts and enriches what is due, retries included |
| `group`, `index`, `publish` | as in `news_ingest` |

**Nothing loops.** A dead letter rests for `revive_after_s` (six hours) after it died, twice as long
after the next time, and is left alone after `revive_rounds` rounds (three); one run brings back
`revive_limit` at most. Each run that brought any back stands in the list of actions, by `newsline`.
Items that wait for their next try are no dead letters: they are due at their time, for
`news_ingest` as well.

**What it leaves alone** waits for a person: what died of a reason that is not listed (a page that a
parser cannot read is not read better tomorrow), or too often. `newsline balance` counts it by
reason, `newsline replay --reason R` sends it again after you have mended the cause.

**When it is red.** As `news_ingest`: the last line of the failed task's log says what to mend. What
was brought back stays due, and `news_ingest` does it too.

Pausing the DAG loses nothing: dead letters wait.
"""

from datetime import timedelta

from airflow.sdk import CronPartitionTimetable, dag, get_current_context, task
from news_rules import FETCH_POOL, FETCH_QUEUE, TASKS, late_after
from news_steps import drain


@dag(
    schedule=CronPartitionTimetable("7,22,37,52 * * * *", timezone="UTC"),
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=14),
    deadline=late_after(minutes=10),
    default_args=TASKS,
    tags=["news", "repair"],
    doc_md=__doc__,
)
def news_retry() -> None:
    """Wire the tasks; what they do is in pipeline/rounds.py and pipeline/scheduled.py."""

    @task(pool=FETCH_POOL, queue=FETCH_QUEUE)
    def revive() -> str:
        from pipeline import rounds

        begun = rounds.revive()
        get_current_context()["ti"].xcom_push("revived", begun["revived"])
        return begun["run_id"]

    drain(revive())


news_retry()
