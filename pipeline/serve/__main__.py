"""Prints the OpenAPI file of the server; nothing is opened for it."""

import sys
from typing import Any

from pipeline.config import Config
from pipeline.serve.app import create_app
from pipeline.serve.openapi import render
from pipeline.serve.serving import Serving


class _Shut:
    """Stands where a door is that nobody goes through."""


def main() -> None:
    """Print it."""
    shut: Any = _Shut()
    app = create_app(Serving(Config(), shut, shut, shut))
    sys.stdout.write(render(app.openapi()))


main()
