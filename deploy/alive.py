"""Health checks of our containers: each costs a fraction of a second, Airflow's own take five.

alive.py http URL      the address answers 2xx
alive.py job TYPE      this container's TriggererJob, SchedulerJob or DagProcessorJob beats
alive.py worker        this container's Celery worker answers a ping through the broker

Exit code 0 when alive, else 1 and a line that says why. `airflow jobs check` and `celery inspect`
ask the same, but import all of Airflow first, every half minute, in every container.
"""

import os
import socket
import sys
import urllib.request
from pathlib import Path

#: The first request after a start makes the api-server import for up to 20 s.
HTTP_TIMEOUT_S = 50
PING_TIMEOUT_S = 10
#: Airflow's own threshold for schedulers, triggerers and DAG processors.
BEAT_S = 30


def http(url: str) -> bool:
    """Tell whether an address of this container answers well. Raises OSError."""
    with urllib.request.urlopen(url, timeout=HTTP_TIMEOUT_S) as answer:  # noqa: S310 - compose's
        return bool(answer.status // 100 == 2)  # noqa: PLR2004 - the class of good answers


def job(kind: str) -> bool:
    """Tell whether the job of this container has beaten lately, by the database's clock."""
    import psycopg  # noqa: PLC0415 - the other checks do without

    url = os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg", "", 1)
    with psycopg.connect(url, connect_timeout=PING_TIMEOUT_S) as connection:
        found = connection.execute(
            "select 1 from job where job_type = %s and hostname = %s and state = 'running'"
            " and latest_heartbeat > now() - make_interval(secs => %s) limit 1",
            (kind, socket.gethostname(), BEAT_S),
        )
        return found.fetchone() is not None


def worker() -> bool:
    """Tell whether the Celery worker of this container takes messages."""
    from celery import Celery  # noqa: PLC0415 - the other checks do without

    file = os.environ["AIRFLOW__CELERY__BROKER_URL_CMD"].removeprefix("cat ")
    name = f"celery@{socket.gethostname()}"
    with Celery(broker=Path(file).read_text("ascii")) as app:
        return bool(app.control.ping(destination=[name], timeout=PING_TIMEOUT_S))


CHECKS = {"http": http, "job": job, "worker": worker}


def main(arguments: list[str]) -> int:
    """Run one check."""
    name, *rest = arguments
    try:
        alive = CHECKS[name](*rest)
    except Exception as error:  # noqa: BLE001 - whatever it is, Docker keeps the line
        print(f"{name}: {type(error).__name__}: {error}")
        return 1
    if not alive:
        print(f"{name} {' '.join(rest)}: no sign of life")
    return 0 if alive else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
