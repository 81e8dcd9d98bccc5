"""What the workers of `newsline parse-feed` can do: a registry without pages and enrichment."""

from collections.abc import Callable
from typing import Any

from pipeline.feeds.parse import parse_feed

TASKS: dict[str, Callable[..., Any]] = {"parse_feed": parse_feed}
"""Task names that `Workers.run` accepts."""
