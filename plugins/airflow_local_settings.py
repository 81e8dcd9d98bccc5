"""Preloads what tasks need, once in each process that forks them.

Airflow imports a module of this name at its start, from `$AIRFLOW_HOME/config` or from the plugins
folder; it is here because our `config/` holds data only. A task then starts with pipeline, parsers
and clients in memory instead of importing them for seconds (they are shared, copy-on-write).
"""

import sys

#: Commands whose process tasks are forked from; the others never run one.
_FORKING = frozenset({"scheduler", "celery"})

__all__: tuple[str, ...] = ()

if _FORKING.intersection(sys.argv):
    import pipeline.adapters.archive
    import pipeline.adapters.elastic
    import pipeline.adapters.embedded
    import pipeline.adapters.http
    import pipeline.adapters.ledger
    import pipeline.adapters.workers
    import pipeline.rounds
    import pipeline.scheduled
    import pipeline.tasks  # noqa: F401 - imported for its sake, as all of these
