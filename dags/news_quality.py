"""Looks every hour whether all is still good, keeps what is not, and tells whoever is on call.

| finding | is | critical when |
|---|---|---|
| `balance` | something discovered is not accounted for; it names the articles | always |
| `freshness` | 95 of 100 articles of the last three hours took too long | four times |
| `waiting` | what is ready for the index has waited for longer than the objective | four times |
| `volume` | a feed brought far less or more in 24 hours than in its last four weeks | far less |
| `drops` | far more of an outlet's pages than last week are dropped for one reason | far more |
| `text_length` | an outlet's texts are half or twice as long as in the week before | |
| `missing_dates` | far more of an outlet's articles than last week have no date | far more |
| `missing_parts` | … have no author, name nobody, no place, or have no topic | far more |
| `gap` | two polls of a feed had nothing in common: entries were probably missed | three a day |

A feed or outlet is held against its own past only, by medians, so that one strange day moves
nothing; one that brings fewer than five entries a day, is known for less than a week or had fewer
than twenty pages is left alone.

**Where findings are**: in the ledger until they are no longer so (`newsline quality`), in Kibana as
events of kind `finding`, in the log of this task, and at `[alerts] webhook` if there is one: each
one once, again when it gets worse, and again after a day (`again_after_s`).

**To be left in peace**: `newsline quality silence "why" --outlet herald --hours 48`. Every silence
ends; what is still wrong then is told of. `newsline quality silences` lists them.

**What to do.** `balance`: `newsline balance`, then `newsline index verify --repair`. `drops`,
`text_length`, `missing_dates`, `missing_parts`: `newsline where URL` of one of them, then
`newsline extract` on its page: has the site changed? When the extractor is mended, `news_backfill`
with stage `extract`.
`volume`, `gap`: `newsline feeds check`. `freshness`: the queues (ops page), then shards and pool.
`waiting`: `newsline index status`, then the cluster.

**When it is red.** The webhook took nothing: the findings are kept, and the next run tells them.
While the index is away the balance is not looked at, and no finding of it is closed.
"""

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, task
from news_rules import INDEX_POOL, INDEX_QUEUE, TASKS, late_after


@dag(
    schedule=CronTriggerTimetable("13 * * * *", timezone="UTC"),
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=30),
    deadline=late_after(minutes=20),
    default_args=TASKS,
    tags=["news", "quality"],
    doc_md=__doc__,
)
def news_quality() -> None:
    """Wire the one task; what it does is in pipeline/inspection.py."""

    @task(pool=INDEX_POOL, queue=INDEX_QUEUE)
    def inspect() -> dict:
        from pipeline import rounds

        return rounds.quality()

    inspect()


news_quality()
