"""Looks after the index: every night it is compared with the ledger, on demand it is made anew.

    status → rebuild_wanted → approve → rebuild → verify
           → snapshot → prune

| task | does |
|---|---|
| `status` | counts documents, compares every version with the ledger's, says how the cluster is |
| `rebuild_wanted` | goes on only when the run was triggered with `rebuild` |
| `approve` | waits for somebody (*Required actions* in the UI), a day; no answer means no |
| `rebuild` | fills a new index from the ledger, compares it, and lets it serve in one step |
| `verify` | compares every document with its content, and writes again what differs |
| `snapshot` | copies the indices into `[index] snapshot_repository`, deletes the oldest of ours |
| `prune` | deletes the indices of earlier rebuilds, once the one that serves is `keep_days` old |

A rebuild fetches nothing and extracts nothing. The old index answers until the new one is complete,
and goes on when that does not succeed; whatever is written meanwhile is in both. It is asked for by
*Trigger* with `rebuild`: after an upgrade that changes what documents are, when `status` shows
`newer`, or when the cluster has lost the index. An **embedded** index has one writer: pause
`news_ingest` and `news_retry` first, else `rebuild` says that the index is locked.

**When `status` shows `missing`, `stale` or `extra`**, trigger it with `rebuild`, or run `newsline
index verify --repair`; `news_quality` tells of it as `balance`.

**When it is red.** `IndexUnavailable`: the cluster is away, or the new index was not complete (the
old one serves): trigger it again. `AccessDenied`: `rebuild`, `snapshot` and `prune` need the
maintainer's key; one that was made before the repository was named may take no snapshots until
`newsline index init` was run again. `the snapshot … failed` names the shards; `prune` then waits
for the next night.

**`snapshot` is skipped** where no repository is named, or the index is embedded; its log says why.
The index can be made from the ledger without one, but that takes longer than a restore, and a
snapshot also holds the events. How to restore: docs/elasticsearch.md.
"""

from datetime import timedelta

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import CronTriggerTimetable, Param, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException
from news_rules import INDEX_POOL, INDEX_QUEUE, TASKS, late_after

LONG = timedelta(hours=6)


@dag(
    schedule=CronTriggerTimetable("41 3 * * *", timezone="UTC"),
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=36),
    deadline=late_after(hours=32),
    default_args=TASKS,
    params={"rebuild": Param(False, type="boolean", description="Make the index anew")},
    tags=["news", "index"],
    doc_md=__doc__,
)
def news_index_admin() -> None:
    """Wire the tasks; what they do is in pipeline/upkeep.py."""

    @task(pool=INDEX_POOL, queue=INDEX_QUEUE)
    def status() -> dict:
        from pipeline import rounds

        return rounds.index_status()

    @task.short_circuit(pool=INDEX_POOL, queue=INDEX_QUEUE)
    def rebuild_wanted() -> bool:
        return bool(get_current_context()["params"]["rebuild"])

    @task(pool=INDEX_POOL, queue=INDEX_QUEUE, execution_timeout=LONG)
    def rebuild() -> dict:
        from pipeline import rounds

        return rounds.index_rebuild()

    @task(pool=INDEX_POOL, queue=INDEX_QUEUE, execution_timeout=LONG)
    def verify() -> dict:
        from pipeline import rounds

        return rounds.index_verify()

    @task(pool=INDEX_POOL, queue=INDEX_QUEUE, execution_timeout=LONG)
    def snapshot() -> dict:
        from pipeline import rounds

        why = rounds.why_no_snapshot()
        if why is not None:
            raise AirflowSkipException(why)
        return rounds.index_snapshot()

    @task(pool=INDEX_POOL, queue=INDEX_QUEUE, trigger_rule="none_failed")
    def prune() -> list:
        from pipeline import rounds

        return rounds.index_prune()

    approve = ApprovalOperator(
        task_id="approve",
        subject="Make the index anew from the ledger?",
        body="How it is now: {{ ti.xcom_pull('status') }}",
        defaults=ApprovalOperator.REJECT,
        response_timeout=timedelta(hours=24),
        execution_timeout=None,  # it is the answer that is waited for
        pool=INDEX_POOL,
        queue=INDEX_QUEUE,
    )
    seen = status()
    seen >> rebuild_wanted() >> approve >> rebuild() >> verify()
    seen >> snapshot() >> prune()


news_index_admin()
