"""What each role may do in the cluster: no more than its work needs."""

from collections.abc import Mapping
from typing import Any

from pipeline.adapters.elastic.cluster import Role
from pipeline.adapters.elastic.names import Names

#: Actions by name: the privilege `index` would also let a key update documents, which returns what
#: they hold, and change the mapping.
_WRITING = (
    "indices:data/write/bulk*",
    "indices:data/write/index*",
    "indices:admin/aliases/get",
    "indices:admin/mappings/get",
)
_READING = ("read", "view_index_metadata")
#: What `index status` asks the cluster, and how a rebuild learns the settings of templates (it
#: simulates one). `monitor` and `manage_index_templates` would show and change what others have.
_MAINTAINING = (
    "cluster:monitor/main",
    "cluster:monitor/health",
    "indices:admin/index_template/simulate_index",
)
#: Only where there is a repository. Elasticsearch cannot tie these to a repository or to indices;
#: restoring and registering repositories stay with an administrator.
_SNAPSHOTS = (
    "cluster:admin/snapshot/create",
    "cluster:admin/snapshot/get",
    "cluster:admin/snapshot/delete",
)


def privileges(names: Names, *, snapshots: bool) -> Mapping[Role, dict[str, Any]]:
    """Return what the key of each role may do; the maintainer's takes `snapshots`, if so."""
    everything = (
        *(names.exact_pattern, names.read, names.write, names.rebuild),
        *(names.exact_events_pattern, names.events, names.events_write),
    )
    return {
        Role.WRITER: {"indices": [_on(everything, _WRITING)]},
        Role.READER: {"indices": [_on((names.read,), _READING)]},
        Role.MAINTAINER: {
            "cluster": [*_MAINTAINING, *(_SNAPSHOTS if snapshots else ())],
            "indices": [_on(everything, ("all",))],
        },
    }


def analyst(names: Names) -> dict[str, Any]:
    """Return what a person who searches in Kibana may do. For user accounts: there is no key."""
    features = ["feature_discover.read", "feature_dashboard.read", "feature_maps.read"]
    kibana = {"application": "kibana-.kibana", "privileges": features, "resources": ["*"]}
    return {"indices": [_on((names.read, names.events), _READING)], "applications": [kibana]}


def _on(names: tuple[str, ...], privileges: tuple[str, ...]) -> dict[str, Any]:
    return {"names": list(names), "privileges": list(privileges)}
