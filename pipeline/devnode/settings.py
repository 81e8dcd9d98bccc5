"""Pure: the settings of a development node."""

import json
from collections.abc import Mapping
from pathlib import Path

#: Also on the machine's list of processes: what runs here is no production.
CLUSTER = "newsline-development"
#: Enough for 100,000 articles; Elasticsearch itself would take half of the machine.
HEAP = "512m"
#: The repository for snapshots that every node has, in its own folder.
REPOSITORY = "snapshots"


def server_settings(folder: Path, *, port: int, security: bool) -> dict[str, object]:
    """Return elasticsearch.yml for a node that lives in a folder; port 0: any free one."""
    settings: dict[str, object] = {
        "cluster.name": CLUSTER,
        "node.name": "development",
        "discovery.type": "single-node",
        # Loopback only; this also turns the checks for production (swap, file handles) into words.
        "network.host": "127.0.0.1",
        "http.port": port,
        "transport.port": 0,
        # Writes which port it got into logs/http.ports.
        "node.portsfile": True,
        "path.data": str(folder / "data"),
        "path.logs": str(folder / "logs"),
        "path.repo": [str(folder / REPOSITORY)],
        # A nearly full disk of a developer must not make indices read-only.
        "cluster.routing.allocation.disk.threshold_enabled": False,
        "xpack.security.enabled": security,
    }
    if security:
        settings |= {
            # Otherwise the first start would make certificates and a password of its own.
            "xpack.security.autoconfiguration.enabled": False,
            "xpack.security.http.ssl.enabled": True,
            "xpack.security.http.ssl.key": "http.key",
            "xpack.security.http.ssl.certificate": "http.pem",
        }
    return settings


def as_yaml(settings: Mapping[str, object]) -> str:
    """Return settings as YAML: JSON's values are YAML's too, whatever a path is called."""
    return "".join(f"{key}: {json.dumps(value)}\n" for key, value in settings.items())


def environment(java_home: Path, config: Path, temporary: Path, mark: str) -> dict[str, str]:
    """Return the node's whole environment: nothing of ours gets in, such as JAVA_TOOL_OPTIONS.

    `mark` is put on the command line of the server: by it we know the process again.
    """
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "ES_JAVA_HOME": str(java_home),
        "ES_PATH_CONF": str(config),
        "ES_TMPDIR": str(temporary),
        "ES_JAVA_OPTS": f"-Xms{HEAP} -Xmx{HEAP} -Dnewsline.node={mark}",
    }
