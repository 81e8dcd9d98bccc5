"""Makes what a cluster needs before the first article: by an administrator, once.

Everything here can be run again, from any point at which it was broken off: templates are put anew,
an index or a working key that is there stays.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elasticsearch import AuthenticationException, Elasticsearch

from pipeline.adapters.elastic.cluster import Role, connect, key_file, refusals
from pipeline.adapters.elastic.names import Names, read_body
from pipeline.adapters.elastic.source import LIVE
from pipeline.config import IndexSettings

#: Files of config/elasticsearch/ in the order in which they build on each other.
COMPONENTS = ("news-settings", "news-analysis", "news-vectors")
TEMPLATES = ("news-template", "news-events-template")
KEY_LIFE = "365d"


@dataclass(frozen=True, slots=True)
class Done:
    """One thing that was made, or was there already."""

    what: str
    name: str
    how: str  # "made" | "put" (made or renewed, Elasticsearch does not say) | "there already"


def privileges(names: Names) -> Mapping[str, dict[str, Any]]:
    """Return what each role may do: no more than its work needs."""
    everything = [
        *(names.pattern, names.read, names.write, names.rebuild),
        *(names.events_pattern, names.events, names.events_write),
    ]
    writing = ["index", "create_doc", "view_index_metadata"]
    reading = {
        "names": [names.read, names.events], "privileges": ["read", "view_index_metadata"]
    }  # fmt: skip
    return {
        Role.WRITER: {
            "cluster": ["monitor"],
            "indices": [{"names": everything, "privileges": writing}],
        },
        Role.READER: {"indices": [reading]},
        Role.MAINTAINER: {
            "cluster": ["monitor", "manage_index_templates"],
            "indices": [{"names": everything, "privileges": ["all"]}],
        },
    }


def analyst(names: Names) -> dict[str, Any]:
    """Return what a person who searches in Kibana may do. For user accounts: there is no key."""
    reading = {
        "names": [names.read, names.events], "privileges": ["read", "view_index_metadata"]
    }  # fmt: skip
    features = ["feature_discover.read", "feature_dashboard.read", "feature_maps.read"]
    kibana = {"application": "kibana-.kibana", "privileges": features, "resources": ["*"]}
    return {"indices": [reading], "applications": [kibana]}


class Setup:
    """The steps of `newsline index init`, over a connection that may do anything."""

    def __init__(
        self, settings: IndexSettings, config_dir: Path, admin: tuple[str, str] | None
    ) -> None:
        """Take user and password of an administrator; None where security is off."""
        self._settings = settings
        self._config_dir = config_dir
        self._names = Names(settings.name)
        more = {"basic_auth": admin} if admin else {}
        self._client: Elasticsearch = connect(settings, None, **more)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def run(self, *, renew_keys: bool = False) -> list[Done]:
        """Make templates, indices, aliases and, if a folder for keys is set, roles and keys.

        Raises AccessDenied, IndexUnavailable, ConfigError.
        """
        with refusals("set up the index", self._settings.url):
            done = [*self._templates(), self._index(), self._events_index()]
            if self._settings.keys is not None:
                done += self._roles()
                done += self._keys(self._settings.keys, renew=renew_keys)
        return done

    def _templates(self) -> list[Done]:
        done = []
        for file in COMPONENTS:
            name = self._names.of(file)
            body = read_body(self._config_dir, file)
            self._client.cluster.put_component_template(name=name, body=body)
            done.append(Done("component template", name, "put"))
        for file in TEMPLATES:
            name = self._names.of(file)
            body = read_body(self._config_dir, file)
            for key in ("index_patterns", "composed_of"):
                body[key] = [self._names.of(one) for one in body[key]]
            self._client.indices.put_index_template(name=name, body=body)
            done.append(Done("index template", name, "put"))
        return done

    def _index(self) -> Done:
        """Make the first index behind both aliases, in one step."""
        write = self._names.write
        if self._client.indices.exists_alias(name=write):
            held = sorted(self._client.indices.get_alias(name=write).body)
            return Done("index", ", ".join(held), "there already")
        existing = sorted(self._client.indices.get(index=self._names.pattern).body)
        name = self._names.next_index(existing)
        self._client.indices.create(index=name, aliases=serving_aliases(self._names))
        return Done("index", name, "made")

    def _events_index(self) -> Done:
        """Make the first index of events behind its aliases; an operator may roll it over."""
        write = self._names.events_write
        if self._client.indices.exists_alias(name=write):
            held = sorted(self._client.indices.get_alias(name=write).body)
            return Done("index", ", ".join(held), "there already")
        name = self._names.events_index(1)
        aliases: dict[str, dict[str, Any]] = {
            self._names.events: {},
            write: {"is_write_index": True},
        }
        self._client.indices.create(index=name, aliases=aliases)
        return Done("index", name, "made")

    def _roles(self) -> list[Done]:
        roles = {**privileges(self._names), "analyst": analyst(self._names)}
        done = []
        for role, body in roles.items():
            name = f"{self._names.name}_{role}"
            self._client.security.put_role(name=name, **body)
            done.append(Done("role", name, "put"))
        return done

    def _keys(self, folder: Path, *, renew: bool) -> list[Done]:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        done = []
        for role, body in privileges(self._names).items():
            path = key_file(folder, Role(role))
            if not renew and self._works(path):
                done.append(Done("key", str(path), "there already"))
                continue
            made = self._client.security.create_api_key(
                name=f"{self._names.name}-{role}",
                expiration=KEY_LIFE,
                role_descriptors={str(role): body},
            )
            _keep_secret(path, made.body["encoded"])
            done.append(Done("key", str(path), "made"))
        return done

    def _works(self, path: Path) -> bool:
        """Tell whether there is a key and the cluster accepts it."""
        if not path.is_file():
            return False
        client = connect(self._settings, path.read_text("ascii").strip())
        try:
            client.security.authenticate()
        except AuthenticationException:
            return False
        finally:
            client.close()
        return True


def serving_aliases(names: Names) -> dict[str, dict[str, Any]]:
    """Return the aliases of the index that serves; tombstones are invisible through `read`."""
    return {
        names.read: {"filter": {"term": {"state": LIVE}}},
        names.write: {"is_write_index": True},
    }


def _keep_secret(path: Path, key: str) -> None:
    """Write a key so that it is whole or not there, and only its owner reads it."""
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{key}\n")
    fresh.replace(path)
