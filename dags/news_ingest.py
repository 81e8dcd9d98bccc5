"""Polls the feeds that are due, and brings what they list into the index, every two minutes.

(Another schedule: variable NEWSLINE_INGEST_CRON of the dag-processor and of the workers.)

    plan → shard (side by side) → group → index → publish

| task | does | fails when |
|---|---|---|
| `plan` | takes in the catalogue, opens a run, finds shards with work | settings are wrong |
| `shard` | polls, fetches, extracts, enriches: its own hosts, then any | the disk is full |
| `group` | finds copies, in order of first sight; one at a time over all runs | |
| `index` | writes documents (embedded: by one task at a time), delivers events | cluster is away |
| `publish` | closes the run, its counts are in the event | one before it failed |

Any of them fails when the ledger is away.

**Nothing is lost when a run fails, is killed or is skipped.** What was not done is still due in the
ledger, and the next run takes it; what was being done is free again when its lease has run out
(`[ledger] lease_s`, five minutes). Two runs at once, or two schedulers, share the work. A feed or
page that fails is no failure of a task: `newsline balance` and `newsline where URL` account for it.

**When it is red.** Read the last line of the failed task's log.

- `StoreUnavailable`, `IndexUnavailable`: mend the database, disk or cluster. Tasks try four times;
  later runs go on by themselves. Articles wait in the ledger meanwhile, and above
  `[index] high_water` of them nothing more is fetched.
- `ConfigError`: it names file, key and what is allowed. `newsline check` shows all faults at once.
- `AccessDenied`: the key in use may not do this; `newsline index init` makes keys.
- anything else is a bug; the run of two minutes later will most likely meet it again.
- killed by the time-out: `[scheduled] deadline_s` must be well below it (five minutes).

**When it is late** (not ended well five minutes after it was queued), `[alerts] webhook` is told,
and `run_is_late` stands in the log of the triggerer. More shards (`[scheduled] shards`, pool
`news_fetch`) help where hosts are many.

Pausing the DAG stops ingestion and loses nothing that feeds still list when it goes on.
"""

import os
from datetime import timedelta

from airflow.sdk import CronPartitionTimetable, dag, get_current_context, task
from news_rules import FETCH_POOL, FETCH_QUEUE, TASKS, late_after
from news_steps import finish, shard

#: How often: no oftener than a run takes, since one run waits for the other.
INGEST_CRON = os.environ.get("NEWSLINE_INGEST_CRON", "*/2 * * * *")


@dag(
    schedule=CronPartitionTimetable(INGEST_CRON, timezone="UTC"),
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=15),
    deadline=late_after(minutes=5),
    default_args=TASKS,
    tags=["news", "ingest"],
    doc_md=__doc__,
)
def news_ingest() -> None:
    """Wire the tasks; what they do is in pipeline/scheduled.py."""

    @task(pool=FETCH_POOL, queue=FETCH_QUEUE)
    def plan() -> list[int]:
        from pipeline import scheduled

        planned = scheduled.plan()
        for name in ("run_id", "due"):
            get_current_context()["ti"].xcom_push(name, planned[name])
        return planned["shards"]

    planned = plan()
    run = planned["run_id"]  # the ledger's; Airflow has a `run_id` of its own
    finish(shard.partial(run=run).expand(number=planned), run)


news_ingest()
