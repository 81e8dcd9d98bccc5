"""Tells those who saved a search, and receivers of the change feed, of what was indexed.

Every five minutes.

    match → tell, push

| task | does | needs |
|---|---|---|
| `match` | finds what each saved search has among what was just indexed | ledger, index |
| `tell` | sends hits that are due to their searches' webhooks and mailboxes | ledger, the outside |
| `push` | sends what changed to the receivers of the change feed | ledger, index, the outside |

**Nothing is missed, and no story is told of twice.** Each search goes on at the line of the change
log up to which it was matched, however late an article came; one hit is kept for each story. A
message is sent at least once: a receiver that took it and did not say so in time gets it again, and
knows its hits by their `key`.

**When it is red.** `match`, `push`: index or ledger are away; the next run goes on. `tell` is not
red when a receiver does not answer: its hits are tried again after 1, 5, 15 minutes and so on, at
last every day, and stand in the search's feed in any case. `newsline alerts show NAME` says why
the last message was not taken. Nor is `push`: what a receiver did not take comes again, in order,
for as long as it takes (`newsline webhooks list`).

Pausing the DAG loses nothing: lines of the change log wait.
"""

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, task
from news_rules import FETCH_POOL, FETCH_QUEUE, INDEX_POOL, INDEX_QUEUE, TASKS, late_after


@dag(
    schedule=CronTriggerTimetable("*/5 * * * *", timezone="UTC"),
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=15),
    deadline=late_after(minutes=20),
    default_args=TASKS,
    tags=["news", "alerts"],
    doc_md=__doc__,
)
def news_deliver() -> None:
    """Wire the tasks; what they do is in pipeline/deliver.py."""

    @task(pool=INDEX_POOL, queue=INDEX_QUEUE)
    def match() -> dict:
        from pipeline import rounds

        return rounds.match_alerts()

    @task(pool=FETCH_POOL, queue=FETCH_QUEUE)
    def tell() -> dict:
        from pipeline import rounds

        return rounds.tell_alerts()

    @task(pool=FETCH_POOL, queue=FETCH_QUEUE)
    def push() -> dict:
        from pipeline import rounds

        return rounds.push_changes()

    match() >> [tell(), push()]


news_deliver()
