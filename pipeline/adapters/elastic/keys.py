"""API keys in files: one for each role, readable by their owner only."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from elasticsearch import AuthenticationException, Elasticsearch

from pipeline.adapters.elastic.cluster import Role, connect, key_file
from pipeline.adapters.elastic.names import Names
from pipeline.adapters.elastic.roles import privileges
from pipeline.config import IndexSettings
from pipeline.errors import UsageError

KEY_LIFE = "365d"
#: There while keys are renewed: if that is broken off, the next time begins it again, so that no
#: earlier key stays valid.
_RENEWING = "renewing"


class Keys:
    """The keys of one collection in one folder, made by an administrator."""

    def __init__(self, client: Elasticsearch, settings: IndexSettings, folder: Path) -> None:
        self._client = client
        self._settings = settings
        self._names = Names(settings.name)
        self._folder = folder

    def ensure(self, *, renew: bool) -> Iterator[tuple[Path, str]]:
        """Make what keys are missing, no longer work or may do too little; yield what was done.

        With `renew` all of them, and every earlier key of the same name becomes invalid, wherever a
        copy of it is kept. Raises UsageError for a folder that cannot be used.
        """
        marker = self._folder / _RENEWING
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._folder.chmod(0o700)
            if renew:
                marker.touch()
            renew = marker.exists()
            for role in Role:
                path = key_file(self._folder, role)
                if renew or not self._works(path, role):
                    self._make(role, path, instead=renew)
                    yield path, "made"
                else:
                    yield path, "there already"
            marker.unlink(missing_ok=True)
        except OSError as error:
            problem = f"cannot be used: {error.filename}: {error.strerror}"
            raise UsageError(f"index.keys {self._folder}: {problem}") from None

    def _make(self, role: Role, path: Path, *, instead: bool) -> None:
        """Make a key and keep it; `instead` of every other of its name."""
        name = f"{self._names.name}-{role}"
        made = self._client.security.create_api_key(
            name=name,
            expiration=KEY_LIFE,
            role_descriptors={str(role): self._wanted(role)},
        )
        _keep_secret(path, made.body["encoded"])
        if instead:
            valid = self._client.security.get_api_key(name=name, active_only=True)
            others = [one["id"] for one in valid.body["api_keys"] if one["id"] != made.body["id"]]
            if others:
                self._client.security.invalidate_api_key(ids=others)

    def _wanted(self, role: Role) -> dict[str, Any]:
        return privileges(self._names, snapshots=bool(self._settings.snapshot_repository))[role]

    def _works(self, path: Path, role: Role) -> bool:
        """Tell whether there is a key, the cluster accepts it, and it may do what it is for.

        A key keeps the privileges with which it was made. What may be done to indices does not
        grow with the settings, so only what it may ask of the cluster is looked at.
        """
        if not path.is_file():
            return False
        client = connect(self._settings, path.read_text("ascii").strip())
        try:
            client.security.authenticate()
            wanted = self._wanted(role).get("cluster")
            if not wanted:
                return True
            asked = client.security.has_privileges(cluster=wanted)
            return bool(asked.body["has_all_requested"])
        except AuthenticationException:
            return False
        finally:
            client.close()


def _keep_secret(path: Path, key: str) -> None:
    """Write a key so that it is whole or not there, and only its owner reads it."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)  # a leftover keeps its mode, and whoever opened it reads on
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(descriptor, 0o600)
        file.write(f"{key}\n")
    fresh.replace(path)
