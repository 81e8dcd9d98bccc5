"""Fills the templates of plain pages: escaped without exception, and a missing name is a bug."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

TEMPLATES = Environment(
    loader=PackageLoader("pipeline.serve"),
    autoescape=True,
    undefined=StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(
    name: str,
    status: HTTPStatus = HTTPStatus.OK,
    *,
    headers: Mapping[str, str] | None = None,
    **values: Any,  # noqa: ANN401 - each page's own
) -> Response:
    """Return a page."""
    body = TEMPLATES.get_template(f"{name}.html.j2").render(**values)
    return HTMLResponse(body, status, dict(headers or {}))
