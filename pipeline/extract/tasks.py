"""What the workers of `newsline extract` can do: a registry without feeds and enrichment."""

from collections.abc import Callable
from typing import Any

from pipeline.extract.page import extract_page

TASKS: dict[str, Callable[..., Any]] = {"extract_page": extract_page}
"""Task names that `Workers.run` accepts."""
