"""Makes what a cluster needs before the first article: by an administrator, once.

Everything here can be run again, from any point at which it was broken off: templates are put anew,
an index or a working key that is there stays, an alias that is missing is put back.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from elasticsearch import BadRequestError, Elasticsearch

from pipeline.adapters.elastic.aliases import Held, Pair, articles, events, missing
from pipeline.adapters.elastic.cluster import connect, refusals
from pipeline.adapters.elastic.keys import Keys
from pipeline.adapters.elastic.names import Names, read_body
from pipeline.adapters.elastic.roles import analyst, privileges
from pipeline.config import IndexSettings
from pipeline.errors import UsageError

#: Files of config/elasticsearch/ in the order in which they build on each other.
COMPONENTS = ("news-settings", "news-analysis", "news-vectors")
TEMPLATES = ("news-template", "news-events-template")


@dataclass(frozen=True, slots=True)
class Done:
    """One thing that was made, or was there already."""

    what: str
    name: str
    how: str  # "made" | "put" (Elasticsearch does not say if it was there) | "put back" | …


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

        Raises AccessDenied, IndexUnavailable, ConfigError; UsageError for what a person has to put
        right in the cluster or in config/elasticsearch first.
        """
        try:
            with refusals("set up the index", self._settings.url):
                done = [*self._templates(), *self._indices()]
                folder = self._settings.keys
                if folder is not None:
                    done += self._roles()
                    keys = Keys(self._client, self._settings, folder)
                    done += [Done("key", str(p), how) for p, how in keys.ensure(renew=renew_keys)]
        except BadRequestError as error:  # a template that an operator changed, for example
            raise UsageError(f"Elasticsearch refuses to set up the index: {error}") from None
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

    def _indices(self) -> Iterator[Done]:
        """Make the first indices behind their aliases; put back what aliases are missing."""
        ours = (self._names.read, self._names.write, self._names.pattern)
        of_events = (self._names.events, self._names.events_write, self._names.events_pattern)
        held: Held = {
            index: found["aliases"]
            for index, found in self._client.indices.get_alias(
                index=[*ours, *of_events], ignore_unavailable=True, expand_wildcards="all"
            ).body.items()
        }
        first = self._names.next_index(sorted(held))
        yield from self._serve(articles(self._names, held), held, first)
        yield from self._serve(events(self._names, held), held, self._names.events_index(1))

    def _serve(self, pair: Pair, held: Held, first: str) -> Iterator[Done]:
        lacking = missing(pair, held)
        if lacking.index is None:
            self._client.indices.create(index=first, aliases=pair.wanted)
            yield Done("index", first, "made")
            return
        yield Done("index", lacking.index, "there already")
        if lacking.aliases:
            self._client.indices.update_aliases(
                actions=[
                    {"add": dict(pair.wanted[alias], index=lacking.index, alias=alias)}
                    for alias in lacking.aliases
                ]
            )
        for alias in lacking.aliases:
            yield Done("alias", alias, "put back")

    def _roles(self) -> list[Done]:
        done = []
        ours = privileges(self._names, snapshots=bool(self._settings.snapshot_repository))
        for role, body in (*ours.items(), ("analyst", analyst(self._names))):
            name = f"{self._names.name}_{role}"
            self._client.security.put_role(name=name, **body)
            done.append(Done("role", name, "put"))
        return done
