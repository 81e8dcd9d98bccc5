"""The fields that charts, searches and filters may name."""

from collections.abc import Mapping

from pipeline.index.event import EVENT_FIELDS
from pipeline.index.schema import FIELDS, Field

#: Index → its fields by name.
FIELDS_OF: Mapping[str, Mapping[str, Field]] = {
    "articles": {field.name: field for field in FIELDS},
    "events": {field.name: field for field in EVENT_FIELDS},
}
