"""`make airflow`: a real local Airflow over the rehearsal news world, until Ctrl-C.

Everything is kept in one folder and ends with the command; the next start begins afresh.
"""

import argparse
import json
import shlex
import shutil
import signal
import socket
import sys
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from sqlalchemy.engine import URL

from pipeline.devairflow.keeper import Keeper
from pipeline.devairflow.postgres import Postgres, drop_database, given, new_database
from pipeline.devairflow.rest import Refused
from pipeline.devairflow.settings import ROLES, ROOT, Site
from pipeline.devairflow.stack import Stack, new_site
from pipeline.errors import NewslineError, StoreUnavailable, UsageError
from pipeline.rehearsal.server import DEFAULT_PORT

FOLDER = ROOT / "var" / "airflow"
#: Says that a folder is ours to empty.
MARK = ".newsline-airflow"
UI_PORT = 8080
#: The world plays a day in twelve minutes: each run, two minutes after the last, finds the news of
#: four hours.
RATE, BEGIN = "120", "2019-09-08T18:00:00Z"
#: DAGs that run by themselves from the start; the others wait for somebody to start them.
AT_ONCE = ("news_ingest", "news_retry", "news_quality", "news_deliver", "news_example_consumer")
_WORLD_S = 20.0
_DAGS_S = 60.0


def main() -> None:
    """Start everything, say where it is, and end it with the command."""
    parser = argparse.ArgumentParser(description="A local Airflow over the rehearsal news world.")
    parser.add_argument("--dir", type=Path, default=FOLDER, help="where everything is kept")
    parser.add_argument(
        "--postgres",
        metavar="URL",
        help="a server to use instead of one of our own; two databases are made there, and dropped",
    )
    options = parser.parse_args()
    folder: Path = options.dir.resolve()
    _make_empty(folder)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with ExitStack() as left:
        keeper = Keeper()
        left.callback(keeper.close)
        server = given(options.postgres) if options.postgres else _own_server(keeper, left)
        ledger = new_database(server, "newsline")
        left.callback(drop_database, ledger)
        site = new_site(folder, server, port=UI_PORT if _is_free(UI_PORT) else 0)
        left.callback(drop_database, site.database)
        stack = Stack(site, _settings(site, ledger), keeper)
        left.callback(stack.stop)
        left.callback(say, "\nending")
        _start(stack)
        _tell(stack)
        stopped.wait()


def _own_server(keeper: Keeper, left: ExitStack) -> URL:
    """Start a PostgreSQL that ends with the command."""
    say("starting PostgreSQL")
    server = Postgres()
    keeper.watch(server.pid)
    left.callback(server.stop)
    return server.url


def _make_empty(folder: Path) -> None:
    """Remove what an earlier start has left. Raises UsageError for a folder of somebody else's."""
    if folder.exists():
        if any(folder.iterdir()) and folder != FOLDER and not (folder / MARK).exists():
            raise UsageError(f"{folder} holds something that is not ours; name an empty folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARK).touch()


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _settings(site: Site, ledger: URL) -> dict[str, str]:
    """Return where tasks find Newsline's settings; what the world's lack stands in variables."""
    folder, metadata = site.folder, site.database.render_as_string(hide_password=False)
    return {
        "NEWSLINE_CONFIG": str(_world(folder) / "pipeline.toml"),
        "NEWSLINE_CONFIG_DIR": str(ROOT / "config"),
        "NEWSLINE_FEEDS": str(_world(folder) / "feeds.toml"),
        "NEWSLINE_DATA": str(folder / "data"),
        "NEWSLINE_LEDGER__URL": ledger.render_as_string(hide_password=False),
        "NEWSLINE_PARSER__PROCESSES": "1",  # of each shard
        "AIRFLOW_CONN_NEWSLINE_DEFAULT": json.dumps({"conn_type": "newsline"}),
        "AIRFLOW_CONN_AIRFLOW_METADATA": json.dumps({"conn_type": "generic", "password": metadata}),
    }


def _world(folder: Path) -> Path:
    return folder / "rehearsal"


def _start(stack: Stack) -> None:
    """Start the world, the ledger and Airflow, and let the DAGs run."""
    world = _world(stack.site.folder)
    say("starting the rehearsal news world")
    port = DEFAULT_PORT if _is_free(DEFAULT_PORT) else 0
    stack.launch("rehearsal", "pipeline", "rehearse", "--dir", str(world), "--rate", RATE,
                 "--at", BEGIN, "--port", str(port))  # fmt: skip
    until = time.monotonic() + _WORLD_S
    while not (world / "pipeline.toml").exists():
        if time.monotonic() > until:
            raise StoreUnavailable(f"the world is not there: {stack.last_lines('rehearsal')}")
        time.sleep(0.1)
    stack.run("pipeline", "ledger", "upgrade")
    stack.start(say)
    rest = stack.rest()
    until = time.monotonic() + _DAGS_S
    for dag_id in AT_ONCE:
        while time.monotonic() < until:
            with suppress(Refused):  # not read yet
                rest.unpause(dag_id)
                break
            time.sleep(0.5)
    rest.trigger(AT_ONCE[0])


def _tell(stack: Stack) -> None:
    """Say where it is and who may enter."""
    say(f"\nAirflow: {stack.site.url}\n")
    for user, role in ROLES.items():
        say(f"  {user:9} password {stack.site.passwords[user]}   ({role})")
    told = stack.site.folder / "environment"
    names = sorted(name for name in stack.environment if name.startswith("NEWSLINE_"))
    lines = [f"export {name}={shlex.quote(stack.environment[name])}\n" for name in names]
    told.write_text("".join(lines), "utf-8")
    say("\nIn this world a minute is two hours. The same ledger on the command line:\n")
    say(f"  . {told}\n  .venv/bin/newsline balance\n")
    say(f"Logs: {stack.site.folder / 'logs'}. Ctrl-C ends everything.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


if __name__ == "__main__":
    try:
        main()
    except NewslineError as error:
        sys.exit(str(error))
