"""Who the node runs as: Elasticsearch refuses to be root, so root has to lend it another user."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from pipeline.errors import UsageError

#: The first of these that there is.
_UNPRIVILEGED = ("elasticsearch", "nobody")


class RunAs(TypedDict, total=False):
    """What `subprocess` takes to run a program as somebody else."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Owner:
    """A user without rights of its own."""

    name: str
    uid: int
    gid: int

    def may_enter(self, folder: Path) -> bool:
        """Tell whether this user may enter a folder (by its mode; access lists are not read)."""
        found = folder.stat()
        shift = 6 if found.st_uid == self.uid else 3 if found.st_gid == self.gid else 0
        return bool(found.st_mode >> shift & 1)

    def closed(self, path: Path) -> Path | None:
        """Return the first folder on the way to a path that this user may not enter."""
        way = [*reversed(path.parents), path]
        return next((f for f in way if f.is_dir() and not self.may_enter(f)), None)


def find_owner() -> Owner | None:
    """Return whom the node has to run as; None: as ourselves. Raises UsageError."""
    if os.geteuid() != 0:
        return None
    users = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in _UNPRIVILEGED:
        if name in users:
            return Owner(name, users[name].pw_uid, users[name].pw_gid)
    raise UsageError(
        "Elasticsearch refuses to run as root, and there is no other user for it: make one that "
        f"is called {_UNPRIVILEGED[0]}, or run this as another user"
    )


def run_as(owner: Owner | None) -> RunAs:
    """Return what to give to `subprocess` besides the command."""
    if owner is None:
        return {}
    return {"user": owner.uid, "group": owner.gid, "extra_groups": []}


def require_way(owner: Owner | None, path: Path, advice: str) -> None:
    """Refuse a path that the node's user cannot reach. Raises UsageError."""
    closed = owner.closed(path) if owner else None
    if owner and closed:
        raise UsageError(
            f"Elasticsearch refuses to run as root, and {owner.name} may not enter {closed}: "
            f"{advice}"
        )


def give(owner: Owner | None, folder: Path) -> None:
    """Let the node's user own a folder and all in it."""
    if owner is None:
        return
    os.chown(folder, owner.uid, owner.gid)
    for inside in folder.rglob("*"):
        os.chown(inside, owner.uid, owner.gid, follow_symlinks=False)
