"""What all our DAGs keep to: who owns them, what they may take, what a failure means.

A DAG file imports `airflow.sdk` and this, nothing else: it is parsed again for every task.
"""

from datetime import timedelta

from airflow.sdk import (
    Asset,
    AsyncCallback,
    DeadlineAlert,
    DeadlineReference,
    ExceptionRetryPolicy,
    RetryAction,
    RetryRule,
)

OWNER = "newsline"

#: One event for each partition of a run that wrote or took out documents; `extra` holds counts.
ARTICLES = Asset("news.articles")

#: Pools bound what runs at once over all DAGs: `config/airflow/pools.json` makes them.
FETCH_POOL, INDEX_POOL = "news_fetch", "news_index"
#: Queues part the workers that reach the outside from those that reach the cluster (Celery).
FETCH_QUEUE, INDEX_QUEUE = "news_fetch", "news_index"

#: Feeds, pages and documents are tried again by the ledger. A task is only when something that it
#: stands on was away, or it was killed; a mistake in the settings and a bug want somebody to look.
RETRIES = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception="pipeline.errors.StoreUnavailable",
            action=RetryAction.RETRY,
            retry_delay=timedelta(seconds=30),
            reason="a database, a disk or the cluster is away; nothing is lost meanwhile",
        ),
        RetryRule(
            exception="pipeline.errors.NewslineError",
            action=RetryAction.FAIL,
            reason="settings or rights are wrong: somebody has to act",
        ),
        RetryRule(exception="builtins.Exception", action=RetryAction.FAIL, reason="a bug"),
    ]
)

#: For every task. `retry_delay` is for those that were killed.
TASKS = {
    "owner": OWNER,
    "retries": 3,
    "retry_delay": timedelta(seconds=10),
    "retry_policy": RETRIES,
    "execution_timeout": timedelta(minutes=5),
}


def late_after(**span: float) -> DeadlineAlert:
    """Say to whoever is on call that a run has not ended well so long after it was queued."""
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(**span),
        callback=AsyncCallback("news_alerts.run_is_late"),
    )
