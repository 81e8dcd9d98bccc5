"""The tasks that several DAGs share: do what is due, then group, index and publish it."""

from typing import Any

from airflow.sdk import TriggerRule, get_current_context, task
from news_rules import ARTICLES, FETCH_POOL, FETCH_QUEUE, INDEX_POOL, INDEX_QUEUE

#: Goes on with what others have made, whoever of them failed; not when there is no run to go on in.
_WHATEVER_CAME = TriggerRule.ALL_DONE_MIN_ONE_SUCCESS


@task(pool=FETCH_POOL, queue=FETCH_QUEUE)
def shard(number: int, run: str) -> dict:
    """Poll, fetch, extract and enrich what is due in a run of the ledger."""
    from pipeline import scheduled

    return scheduled.shard(run, number)


@task(task_id="group", pool=INDEX_POOL, queue=INDEX_QUEUE, trigger_rule=_WHATEVER_CAME)
def _group(run: str) -> dict:
    from pipeline import scheduled

    return scheduled.group(run)


@task(task_id="index", pool=INDEX_POOL, queue=INDEX_QUEUE, trigger_rule=_WHATEVER_CAME)
def _index(run: str) -> dict:
    from pipeline import scheduled

    return scheduled.index(run)


@task(
    task_id="publish",
    pool=INDEX_POOL,
    queue=INDEX_QUEUE,
    outlets=[ARTICLES],
    trigger_rule=TriggerRule.NONE_FAILED,
)
def _publish(run: str) -> dict:
    from pipeline import scheduled

    published = scheduled.publish(run)
    context = get_current_context()
    event, dag_run = context["outlet_events"][ARTICLES], context["dag_run"]
    event.extra = published
    if dag_run.partition_key is None:  # triggered by hand: without one, nobody would be run for it
        event.add_partitions(dag_run.run_id)
    return published


def finish(shards: Any, run: str) -> None:  # noqa: ANN401 - one task or a mapped one
    """Wire what follows the shards of a run; it is red when one of them was."""
    published = _publish(run)
    shards >> _group(run) >> _index(run) >> published
    shards >> published


def drain(run: str) -> None:
    """Wire the tasks that bring what is due in a run of the ledger to its end."""
    finish(shard(0, run), run)
