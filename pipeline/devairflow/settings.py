"""What Airflow's components are told, as environment variables. Pure."""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import URL

LOCAL, CELERY = "LocalExecutor", "CeleryExecutor"
#: Users of Airflow's simple login, with their roles: one who looks, one who may act, one for all.
ROLES = {"viewer": "viewer", "operator": "op", "admin": "admin"}
ROOT = Path(__file__).resolve().parents[2]  # the checkout: dags/ and plugins/ are not installed


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports on 127.0.0.1."""

    api: int
    task_logs: int  # of the workers
    trigger_logs: int
    broker: int = 0  # Redis; 0: none


@dataclass(frozen=True, slots=True)
class Site:
    """Where an Airflow lives, and who may enter."""

    folder: Path
    database: URL
    ports: Ports
    passwords: Mapping[str, str] = field(
        default_factory=lambda: {user: secrets.token_urlsafe(12) for user in ROLES}
    )
    secret: str = field(default_factory=lambda: secrets.token_hex(32))

    @property
    def url(self) -> str:
        """Where the user interface is."""
        return f"http://127.0.0.1:{self.ports.api}"

    def passwords_json(self) -> str:
        """Return the file of passwords that the simple login reads."""
        return json.dumps(dict(self.passwords))


def variables(site: Site, executor: str) -> dict[str, str]:
    """Return what every component of a site has to be told alike."""
    database = site.database.render_as_string(hide_password=False)
    key = base64.urlsafe_b64encode(bytes.fromhex(site.secret)).decode()
    told = {
        "CORE__AUTH_MANAGER": (
            "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
        ),
        "CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__EXECUTOR": executor,
        "CORE__PARALLELISM": "8",
        "CORE__FERNET_KEY": key,
        "CORE__EXECUTION_API_SERVER_URL": f"{site.url}/execution/",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(
            f"{user}:{role}" for user, role in ROLES.items()
        ),
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(site.folder / "passwords.json"),
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "API__HOST": "127.0.0.1",
        "API__PORT": str(site.ports.api),
        "API__BASE_URL": site.url,
        "API__SECRET_KEY": site.secret,
        "API_AUTH__JWT_SECRET": site.secret,
        "DATABASE__SQL_ALCHEMY_CONN": database,
        "DATABASE__SQL_ALCHEMY_CONN_ASYNC": database,  # the same driver does both
        "DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        "LOGGING__WORKER_LOG_SERVER_PORT": str(site.ports.task_logs),
        "LOGGING__TRIGGER_LOG_SERVER_PORT": str(site.ports.trigger_logs),
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
        "WORKERS__EXECUTION_API_TIMEOUT": "30",
    }
    if site.ports.broker:
        told |= {
            "CELERY__BROKER_URL": f"redis://127.0.0.1:{site.ports.broker}/0",
            "CELERY__RESULT_BACKEND": f"db+{database}",
            "CELERY__WORKER_CONCURRENCY": "4",
        }
    return {"AIRFLOW_HOME": str(site.folder)} | {f"AIRFLOW__{k}": v for k, v in told.items()}
