"""The concrete indices behind the aliases: which serve, and how one takes another's place."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError

from pipeline.adapters.elastic.aliases import serving_aliases
from pipeline.adapters.elastic.cluster import Cluster, Role, refusals
from pipeline.adapters.elastic.names import Names
from pipeline.errors import IndexUnavailable, UsageError
from pipeline.index.mapping_check import why_rebuild

#: While an index is filled nobody searches it: fewer and larger segments, a quarter less work.
_FILLING = {"index": {"refresh_interval": "-1", "auto_expand_replicas": False,
                      "number_of_replicas": 0}}  # fmt: skip
#: What is given back to it, from the templates, when it is to serve.
_TUNED = ("refresh_interval", "auto_expand_replicas", "number_of_replicas")
#: Refreshing and switching may take longer than a request of the daily work.
_PATIENT_S = 120.0


def several(alias: str, found: Sequence[str]) -> str:
    """Say that an alias leads to several indices, and what to do."""
    return (
        f"the alias {alias} leads to {', '.join(found)}; take it off all but one of them"
        " (POST /_aliases), or let `newsline index rebuild` make one that holds everything"
    )


class Indices:
    """What is behind the aliases of one collection."""

    def __init__(self, cluster: Cluster, names: Names) -> None:
        self._cluster = cluster
        self.names = names

    def _client(self, role: Role = Role.MAINTAINER) -> Elasticsearch:
        return self._cluster.client(role).options(request_timeout=_PATIENT_S)

    def behind(self, alias: str, role: Role = Role.MAINTAINER) -> str | None:
        """Return the index that an alias leads to, None if there is no such alias.

        Raises UsageError when it leads to several: then nobody can tell which one is meant.
        """
        found = self.all_behind(alias, role)
        if len(found) > 1:
            raise UsageError(several(alias, found))
        return found[0] if found else None

    def all_behind(self, alias: str, role: Role = Role.MAINTAINER) -> list[str]:
        """Return every index that an alias leads to, in order."""
        with refusals(f"look up {alias}", self._cluster.settings.url):
            try:
                return sorted(self._cluster.client(role).indices.get_alias(name=alias).body)
            except NotFoundError:
                return []

    def serving(self) -> list[str]:
        """Return every index that is read or written to, in order: one, if all is well."""
        return sorted({*self.all_behind(self.names.read), *self.all_behind(self.names.write)})

    def mappings(self, alias: str, role: Role) -> dict[str, dict[str, Any]]:
        """Return index → mapping of what is behind an alias."""
        with refusals(f"read the mapping of {alias}", self._cluster.settings.url):
            answer = self._cluster.client(role).indices.get_mapping(index=alias).body
        return {index: body["mappings"] for index, body in answer.items()}

    def existing(self) -> list[str]:
        """Return every index of the collection, in order."""
        with refusals(f"list {self.names.pattern}", self._cluster.settings.url):
            return sorted(self._client().indices.get(index=self.names.pattern).body)

    def refresh(self, target: str) -> None:
        """Make everything written so far findable."""
        with refusals(f"refresh {target}", self._cluster.settings.url):
            self._client().indices.refresh(index=target)

    def start_rebuild(self) -> str:
        """Make an empty index that new writes go to as well; remove what a broken-off one left."""
        left, serving = self.all_behind(self.names.rebuild), self.serving()
        fresh = self.names.next_index(self.existing())  # no name twice: whoever filled one may live
        with refusals("make an index", self._cluster.settings.url):
            for index in left:
                by_hand = index in serving or not self.names.is_index(index)
                if self._takes_off(index) and not by_hand:
                    self._client().indices.delete(index=index)
            aliases = {self.names.rebuild: {"is_write_index": True}}
            self._client().indices.create(index=fresh, aliases=aliases, settings=_FILLING)
        return fresh

    def _takes_off(self, index: str) -> bool:
        """Take the rebuild alias off an index, so that it can serve no more.

        False: it was off already, since that rebuild has ended just now, and the index may serve.
        """
        off = {"index": index, "alias": self.names.rebuild, "must_exist": True}
        try:
            self._client().indices.update_aliases(actions=[{"remove": off}])
        except NotFoundError:
            return False
        return True

    def finish_rebuild(self, fresh: str) -> None:
        """Let the filled index serve instead of any other, in one step; the old one is kept.

        Raises IndexUnavailable when another rebuild has taken its place.
        """
        self.refresh(fresh)
        with refusals("switch indices", self._cluster.settings.url):
            client = self._client()
            client.indices.put_settings(index=fresh, settings=self._serving(fresh))
            client.indices.update_aliases(actions=self._switch(fresh))

    def _serving(self, fresh: str) -> dict[str, Any]:
        """Return the settings that the templates give an index."""
        simulated = self._client().indices.simulate_index_template(name=fresh).body
        settings = simulated["template"]["settings"]["index"]
        return {"index": {name: settings.get(name) for name in _TUNED}}

    def _switch(self, fresh: str) -> list[Mapping[str, Any]]:
        """Return the alias actions of a switch: all of them happen, or none."""
        actions: list[Mapping[str, Any]] = [
            {"remove": {"index": fresh, "alias": self.names.rebuild, "must_exist": True}},
            *(
                {"add": {"index": fresh, "alias": alias, **how}}
                for alias, how in serving_aliases(self.names).items()
            ),
        ]
        for alias in (self.names.read, self.names.write):
            others = [one for one in self.all_behind(alias) if one != fresh]
            actions += [{"remove": {"index": one, "alias": alias}} for one in others]
        return actions

    def describe(self) -> Mapping[str, object]:
        """Return what an operator asks first: versions, health, sizes, what is left over."""
        serving, filling = self.behind(self.names.write), self.behind(self.names.rebuild)
        client = self._client()
        with refusals("ask how the cluster is", self._cluster.settings.url):
            health = client.cluster.health(index=self.names.pattern).body
            version = client.info().body["version"]["number"]
            facts: dict[str, object] = {
                "cluster": f"{health['cluster_name']} ({version})",
                "health": health["status"],
                "serving": serving,
                "filling": filling,
                "unused": ", ".join(self.unused()) or None,
                "left_alone": "; ".join(f"{n}: {why}" for n, why in self.left_alone().items())
                or None,
            }
            if serving is not None:
                facts |= self._facts_of(client, serving)
        return facts

    def _facts_of(self, client: Elasticsearch, index: str) -> dict[str, object]:
        mapping = client.indices.get_mapping(index=index).body[index]["mappings"]
        stats = client.indices.stats(index=index, metric="store,docs").body["_all"]["primaries"]
        return {
            "schema_version": mapping.get("_meta", {}).get("schema_version"),
            "rebuild_needed": why_rebuild(mapping),
            "size_bytes": stats["store"]["size_in_bytes"],
        }

    def unused(self) -> list[str]:
        """Return the indices that no alias leads to: earlier ones, kept until told."""
        return [index for index, why in self._without_our_alias().items() if not why]

    def left_alone(self) -> Mapping[str, str]:
        """Return what is named like an earlier index and may be somebody else's: index → why."""
        return {index: why for index, why in self._without_our_alias().items() if why}

    def _without_our_alias(self) -> Mapping[str, str]:
        """Return each index of the pattern that does no work of ours, and why it is to stay."""
        with refusals(f"list {self.names.pattern}", self._cluster.settings.url):
            held = self._client().indices.get_alias(index=self.names.pattern).body
        ours = {self.names.read, self.names.write, self.names.rebuild}
        return {
            index: self._why_to_stay(index, set(found["aliases"]))
            for index, found in sorted(held.items())
            if not ours & set(found["aliases"])
        }

    def _why_to_stay(self, index: str, aliases: set[str]) -> str:
        if not self.names.is_index(index):
            return "its name is none that we give"
        return f"the alias {', '.join(sorted(aliases))} leads to it" if aliases else ""

    def serves_since(self) -> datetime:
        """Return when the index that serves was made. Raises IndexUnavailable when none does."""
        serving = self.behind(self.names.write)
        if serving is None:
            write = self.names.write
            raise IndexUnavailable(f"there is no index behind {write}, so nothing is deleted")
        with refusals("ask when an index was made", self._cluster.settings.url):
            said = self._client().indices.get_settings(index=serving, name="index.creation_date")
        made_ms = int(said.body[serving]["settings"]["index"]["creation_date"])
        return datetime.fromtimestamp(made_ms / 1000, UTC)

    def remove(self, index: str) -> None:
        """Delete an index for good."""
        with refusals(f"delete {index}", self._cluster.settings.url):
            self._client().indices.delete(index=index)
