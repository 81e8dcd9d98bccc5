"""What is said when a run does not keep its deadline; the triggerer calls it."""

from typing import Any

import structlog

log = structlog.get_logger()


async def run_is_late(context: dict[str, Any] | None = None) -> None:
    """Log that a run is late; `context` holds the run and its deadline."""
    run = (context or {}).get("dag_run") or {}
    log.error("run_is_late", dag_id=run.get("dag_id"), dag_run_id=run.get("dag_run_id"))
