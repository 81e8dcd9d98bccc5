"""Which node runs in a folder: written when it starts, believed only while its process is there.

    FOLDER/node.json   what other processes need to know of the node
    FOLDER/lock        held while a node is started or stopped
    FOLDER/ca.pem      the authority that vouches for it      (with security)
    FOLDER/password    of the user `elastic`, for our eyes    (with security)
    FOLDER/start.log   what the server said until it was up
    FOLDER/node/       the server's own: config, data, logs, temporary files

All but the last belong to whoever started the node.
"""

import json
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from elasticsearch import Elasticsearch

from pipeline.devnode.credentials import USER
from pipeline.errors import UsageError

_FILE = "node.json"


@dataclass(frozen=True, slots=True)
class Node:
    """A node that was started in a folder."""

    pid: int
    mark: str  # stands on its command line: tells it from a later process with the same number
    url: str
    data: str  # the folder, absolute
    ca_file: str | None = None  # None: no security, plain HTTP
    user: str | None = None
    password_file: str | None = None

    @property
    def password(self) -> str | None:
        """The password of `user`; None: no security."""
        if self.password_file is None:
            return None
        return Path(self.password_file).read_text("utf-8").strip()

    def client(self, *, timeout_s: float = 10) -> Elasticsearch:
        """Return the official client, connected as the first user."""
        if self.ca_file is None:
            return Elasticsearch(self.url, request_timeout=timeout_s)
        return Elasticsearch(
            self.url,
            ca_certs=self.ca_file,
            basic_auth=(self.user or USER, self.password or ""),
            request_timeout=timeout_s,
        )

    def runs(self) -> bool:
        """Tell whether its process is there."""
        return f"-Dnewsline.node={self.mark}" in command_line(self.pid)


def find_node(folder: Path) -> Node | None:
    """Return the node that runs in a folder. Raises UsageError for a damaged state file."""
    file = folder.absolute() / _FILE
    if not file.exists():
        return None
    try:
        node = Node(**json.loads(file.read_text("utf-8")))
    except (ValueError, TypeError) as error:
        raise UsageError(f"{file} is damaged: look for its node, end it, delete it") from error
    return node if node.runs() else None


def write_node(node: Node) -> None:
    """Record the node of a folder, in one step."""
    fresh = Path(node.data) / f".{_FILE}.new"
    fresh.write_text(json.dumps(asdict(node), indent=2) + "\n", "utf-8")
    fresh.replace(Path(node.data) / _FILE)


def forget_node(folder: Path) -> None:
    """Take the record away: no node runs there any more."""
    (folder / _FILE).unlink(missing_ok=True)


def command_line(pid: int) -> str:
    """Return a process's arguments; "": there is no such process."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace").replace("\0", " ")
        except (FileNotFoundError, ProcessLookupError):
            return ""
    asked = ["/bin/ps", "-ww", "-o", "args=", "-p", str(pid)]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout
