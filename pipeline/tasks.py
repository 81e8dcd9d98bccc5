"""What the worker processes can do: the names that `Workers.run` accepts, and nothing else.

Importing this module is what makes a worker ready, so it is preloaded before workers are forked.
"""

from collections.abc import Callable
from typing import Any

from pipeline.enrich import tasks as enrich
from pipeline.extract import tasks as extract
from pipeline.feeds import tasks as feeds

TASKS: dict[str, Callable[..., Any]] = feeds.TASKS | extract.TASKS | enrich.TASKS
