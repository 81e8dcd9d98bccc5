"""What the workers of `newsline enrich` can do: a registry without feeds and pages."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipeline.enrich.enrichers import Enrichers
from pipeline.enrich.places.listed import PlaceNames
from pipeline.model import Enrichment


@lru_cache(maxsize=1)
def _enrichers(config_dir: Path, places: PlaceNames | None, models: tuple[str, ...]) -> Enrichers:
    """Load gazetteer, words, topics and models once per process."""
    return Enrichers.load(config_dir, places, models)


def enrich(
    *,
    config_dir: Path,
    title: str,
    text: str,
    language: str | None,
    country: str | None = None,
    published: date | None = None,
    section: str | None = None,
    keywords: Sequence[str] = (),
    places: PlaceNames | None = None,
    models: tuple[str, ...] = (),
) -> Enrichment:
    """Enrich one text by a configuration folder; what is after `language` is the outlet's."""
    enrichers = _enrichers(config_dir, places, models)
    return enrichers.enrich(
        title=title,
        text=text,
        language=language,
        country=country,
        published=published,
        section=section,
        keywords=keywords,
    )


TASKS: dict[str, Callable[..., Any]] = {"enrich": enrich}
"""Task names that `Workers.run` accepts."""
