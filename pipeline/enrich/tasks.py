"""What the workers of `newsline enrich` can do: a registry without feeds and pages."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipeline.enrich.enrichers import Enrichers
from pipeline.model import Enrichment


@lru_cache(maxsize=1)
def _enrichers(config_dir: Path) -> Enrichers:
    """Load gazetteer and topics once per process."""
    return Enrichers.load(config_dir)


def enrich(*, config_dir: Path, title: str, text: str, language: str | None) -> Enrichment:
    """Enrich one text with the gazetteer and topics of a configuration folder."""
    return _enrichers(config_dir).enrich(title=title, text=text, language=language)


TASKS: dict[str, Callable[..., Any]] = {"enrich": enrich}
"""Task names that `Workers.run` accepts."""
