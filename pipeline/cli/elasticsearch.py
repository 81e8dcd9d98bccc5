"""`newsline elasticsearch`: a real node for development, from package registries alone."""

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.hints import complete
from pipeline.cli.output import BAD_NEWS, JsonFlag, complain, print_json
from pipeline.devnode import VERSION
from pipeline.devnode.node import health
from pipeline.devnode.node import start as start_node
from pipeline.devnode.node import stop as stop_node
from pipeline.devnode.settings import REPOSITORY
from pipeline.devnode.state import Node

commands = typer.Typer(
    help="A real Elasticsearch on this machine, for development only: loopback, one node, and not "
    "every feature. In production use docker-compose.yml or a cluster of your own."
)

_DEFAULT = Path("var/elasticsearch")
_DataOption = Annotated[
    Path, typer.Option("--data", help="The folder of a node that was started.", file_okay=False)
]
_NewDataOption = Annotated[
    Path, typer.Option("--data", help="The node's folder; made when missing.", file_okay=False)
]


def register(app: typer.Typer) -> None:
    """Add the group to the root."""
    app.add_typer(commands, name="elasticsearch")


@commands.command("start")
def start(
    *,
    data: _NewDataOption = _DEFAULT,
    port: Annotated[
        int,
        typer.Option("--port", min=0, max=65_535, help="Port on 127.0.0.1; 0: any free one."),
    ] = 0,
    security: Annotated[
        bool, typer.Option("--security", help="TLS, users, roles and API keys.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Start a node and wait until it answers; it goes on until `newsline elasticsearch stop`.

    The first time, 100 MB are fetched from the Maven registry into the cache folder of the user.

    Example: newsline elasticsearch start --port 9200
    """
    node = start_node(data, port=port, security=security, say=complain)
    if json:
        print_json(_report(node))
        return
    typer.echo(f"Elasticsearch {VERSION} answers at {node.url} (pid {node.pid}).")
    if node.ca_file:
        typer.echo(f"  trust     {node.ca_file}")
        typer.echo(f"  user      {node.user}")
        typer.echo(f"  password  in {node.password_file}")
    typer.echo(f"  snapshots go to the repository {REPOSITORY} ([index] snapshot_repository)")
    ending = f"`newsline elasticsearch stop --data {shlex.quote(str(data))}` ends it"
    typer.echo(complete(f"{ending}; its documents stay."))


@commands.command("stop")
def stop(data: _DataOption = _DEFAULT, json: JsonFlag = False) -> None:
    """End the node of a folder and wait for its end. Its documents stay for the next start.

    Example: newsline elasticsearch stop --data var/elasticsearch
    """
    node = stop_node(data)
    if json:
        print_json({"stopped": node is not None, "data": str(data.absolute())})
    elif node is None:
        typer.echo(f"No node was running in {data}.")
    else:
        typer.echo(f"The node at {node.url} has ended.")


@commands.command("status")
def status(data: _DataOption = _DEFAULT, json: JsonFlag = False) -> None:
    """Say whether the node of a folder runs, where, and how many documents it holds.

    Exit code 1 when it does not run.

    Example: newsline elasticsearch status
    """
    found = health(data)
    if json:
        print_json(asdict(found))
    elif found.running:
        typer.echo(
            f"running: Elasticsearch {found.version} at {found.url}, {found.documents:,} documents"
        )
    else:
        typer.echo(f"stopped: no node runs in {data}")
    if not found.running:
        raise typer.Exit(BAD_NEWS)


def _report(node: Node) -> dict[str, object]:
    """Return what a program needs to connect."""
    return {
        "url": node.url,
        "version": VERSION,
        "pid": node.pid,
        "data": node.data,
        "ca_file": node.ca_file,
        "user": node.user,
        "password_file": node.password_file,
        "snapshot_repository": REPOSITORY,
    }
