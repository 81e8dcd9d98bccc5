"""The API as an OpenAPI file: generated, kept in docs/.

python -m pipeline.serve > docs/openapi.json
"""

from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from pipeline.index.json_schema import json_schema
from pipeline.serve.api.answers import components


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI file of an application, with the schemas that no route returns."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            tags=[{"name": name} for name in ("search", "articles", "stories", "entities",
                                              "operations")],
        )  # fmt: skip
        article = {key: value for key, value in json_schema().items() if key != "$schema"}
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        schemas |= {"Article": article, **components()}
        app.openapi_schema = made
    return app.openapi_schema


def render(schema: dict[str, Any]) -> str:
    """Return the text of docs/openapi.json."""
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2).decode() + "\n"
