"""What is said when a run has not ended well by its deadline; Airflow's triggerer calls it.

A line in the triggerer's log, and an alert at `[alerts] webhook` if there is one: settings are
those of tasks, from NEWSLINE_CONFIG and the environment of the triggerer.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import structlog

from pipeline.config import load
from pipeline.messages import Message
from pipeline.quality.telling import late_message

log = structlog.get_logger()


async def run_is_late(context: Mapping[str, Any]) -> None:
    """Say that a run is late; `context` is Airflow's and holds the run and its deadline.

    What keeps the webhook from being told is raised: Airflow keeps it with the callback, and it
    stands in the log.
    """
    from pipeline.adapters import webhook  # noqa: PLC0415 - heavy, and for late runs alone

    run, deadline_at = context["dag_run"], context["deadline"]["deadline_time"]
    dag_id, run_id = run["dag_id"], run["dag_run_id"]
    log.error("run_is_late", dag_id=dag_id, dag_run_id=run_id, deadline_at=str(deadline_at))
    named = os.environ.get("NEWSLINE_CONFIG")
    settings = load(Path(named) if named else None)
    if settings.alerts.webhook:
        now = datetime.now(UTC)
        said = orjson.dumps(late_message(dag_id, run_id, deadline_at, now))
        message = Message(f"late-{dag_id}-{run_id}", said)
        await webhook.post(settings.alerts.webhook, message, settings.fetch, now)
