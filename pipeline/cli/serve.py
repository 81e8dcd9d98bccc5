"""`newsline serve`: the explorer and the API, until it is told to stop."""

import ipaddress
from typing import Annotated

import typer
import uvicorn

from pipeline import logs
from pipeline.adapters.listening import listen
from pipeline.app import App
from pipeline.cli.options import DEFAULT_DATA, ConfigOption, DataOption, open_existing
from pipeline.errors import UsageError
from pipeline.serve.app import create_app

#: Connections at the same time, streams included; one more is told to come back (503).
_MAX_CONNECTIONS = 500
#: How long answers under way are waited for at the end.
_GRACE_S = 10
PORT = 8080


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("serve")(serve)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65_535)] = PORT,
    data: DataOption = DEFAULT_DATA,
    config: ConfigOption = None,
) -> None:
    """Serve the explorer and the API. Works while a run is writing; Ctrl-C ends it.

    Without an API key it is open to this machine and listens nowhere else; `newsline keys create`
    makes one. It speaks plain HTTP: put what speaks TLS in front of it, and let that set
    X-Forwarded-Proto.

    Example: newsline serve --data var/mine

    Example: newsline serve --host 0.0.0.0 --port 8080 --data var/mine
    """
    is_local = _is_loopback(host)
    with open_existing(data, config) as app:
        if not is_local and not app.ledger.has_keys():
            raise UsageError(
                f"--host {host}: without an API key the server listens on 127.0.0.1 only;"
                " `newsline keys create NAME --scope search` makes one"
            )
        logs.configure()
        run_server(app, host, port, is_local=is_local)


def run_server(app: App, host: str, port: int, *, is_local: bool) -> None:
    """Serve until told to stop; says where. Raises UsageError for a port that cannot be had."""
    settings = uvicorn.Config(
        create_app(app.serving(is_local=is_local)),
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=_MAX_CONNECTIONS,
        timeout_graceful_shutdown=_GRACE_S,
    )
    with listen(host, port) as listener:
        shown = f"[{host}]" if ":" in host else host
        typer.echo(f"http://{shown}:{listener.getsockname()[1]}/ (Ctrl-C ends it)")
        uvicorn.Server(settings).run(sockets=[listener])


def _is_loopback(host: str) -> bool:
    """Tell whether an address can be reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
