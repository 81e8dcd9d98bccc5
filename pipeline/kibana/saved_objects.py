"""Everything as saved objects, in the form that Kibana 9.0 knows and every later 9.x takes.

    python -m pipeline.kibana.saved_objects > config/kibana/newsline.ndjson

Ids are fixed: importing again, with overwriting, changes what is there and adds nothing.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from pipeline.kibana import lens
from pipeline.kibana.boards import References, board_attributes
from pipeline.kibana.fields import FIELDS_OF
from pipeline.kibana.maps import VIEW_REFERENCE, map_attributes
from pipeline.kibana.naming import Naming
from pipeline.kibana.source import Search, Source, View, load_source

SavedObject = Mapping[str, Any]
#: The newest forms that Kibana 9.0 knows. A newer one is refused by older versions; one without a
#: version goes through migrations that were written for other ages.
_FORMS = {
    "index-pattern": "8.0.0",
    "search": "10.5.0",
    "map": "8.4.0",
    "dashboard": "10.2.0",
}
_CORE_FORM = "8.8.0"
#: Kibana takes no more of a field's description.
_DESCRIPTION_CHARS = 300


def saved_objects(
    source: Source, naming: Naming, *, with_dashboards: bool = True
) -> list[SavedObject]:
    """Return every object, each after those that it refers to."""
    found = [
        _object("index-pattern", naming.id_of(key), _view(view, naming), [])
        for key, view in source.view.items()
    ]
    for key, search in source.search.items():
        refers = [naming.reference("index-pattern", search.view, _SEARCH_INDEX)]
        found.append(_titled("search", key, _search(search), refers, naming))
    for key, one in source.map.items():
        refers = [naming.reference("index-pattern", one.view, VIEW_REFERENCE)]
        found.append(_titled("map", key, map_attributes(one), refers, naming))
    if with_dashboards:
        for key, board in source.dashboard.items():
            attributes, refers = board_attributes(board, source, naming)
            found.append(_titled("dashboard", key, attributes, refers, naming))
    return found


def ndjson(objects: Sequence[SavedObject]) -> bytes:
    """Return the file that Kibana imports."""
    return b"".join(orjson.dumps(one) + b"\n" for one in objects)


def _titled(
    type_: str, key: str, attributes: Mapping[str, Any], references: References, naming: Naming
) -> SavedObject:
    titled = {**attributes, "title": naming.title_of(attributes["title"])}
    return _object(type_, naming.id_of(key), titled, references)


def _object(
    type_: str, id_: str, attributes: Mapping[str, Any], references: References
) -> SavedObject:
    return {
        "id": id_,
        "type": type_,
        "attributes": attributes,
        "references": references,
        "coreMigrationVersion": _CORE_FORM,
        "typeMigrationVersion": _FORMS[type_],
    }


def _view(view: View, naming: Naming) -> dict[str, Any]:
    """Return a data view: what each field means stands beside it, some values are links."""
    links = {field: _link(naming.link(to), to) for field, to in view.links.items()}
    described = {
        field.name: {"customDescription": field.description[:_DESCRIPTION_CHARS]}
        for field in FIELDS_OF[view.index].values()
    }
    return {
        "title": naming.alias_of(view),
        "name": naming.title_of(view.title),
        "timeFieldName": view.time,
        "fieldFormatMap": orjson.dumps(links).decode(),
        "fieldAttrs": orjson.dumps(described).decode(),
        "fields": "[]",
        "runtimeFieldMap": "{}",
        "sourceFilters": "[]",
        "typeMeta": "{}",
    }


def _link(template: str, to: str) -> dict[str, Any]:
    """Return how a value is shown as a link; one that leads away opens a tab of its own."""
    parameters = {
        "type": "a",
        "urlTemplate": template,
        "labelTemplate": "{{value}}",
        "openLinkInCurrentTab": template != to,
    }
    return {"id": "url", "params": parameters}


_SEARCH_INDEX = "kibanaSavedObjectMeta.searchSourceJSON.index"


def _search(search: Search) -> dict[str, Any]:
    about = {"query": lens.query(search.where), "filter": [], "indexRefName": _SEARCH_INDEX}
    return {
        "title": search.title,
        "description": "",
        "columns": list(search.columns),
        "sort": [[search.sort, "desc"]],
        "grid": {},
        "hideChart": False,
        "isTextBasedQuery": False,
        "timeRestore": False,
        "usesAdHocDataView": False,
        "kibanaSavedObjectMeta": {"searchSourceJSON": orjson.dumps(about).decode()},
    }


if __name__ == "__main__":
    everything = saved_objects(load_source(Path("config/kibana")), Naming())
    sys.stdout.buffer.write(ndjson(everything))
