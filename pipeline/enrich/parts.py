"""Which parts of an enrichment each enricher makes: what changes when one of them is run again."""

from collections.abc import Mapping
from dataclasses import replace

from pipeline.model import Enrichment

#: Enricher → fields of `Enrichment`. Places are linked among the names, so the two go together.
PARTS: Mapping[str, tuple[str, ...]] = {
    "language": ("language", "language_score"),
    "entities": ("entities", "places"),
    "places": ("entities", "places"),
    "topics": ("topics",),
    "iptc": ("iptc",),
    "fingerprint": ("fingerprint",),
    "copies": ("bands", "wire"),
    "stories": ("terms",),
    "sentences": ("sentences",),
    "quotes": ("quotes",),
    "dates": ("dates",),
    "key_phrases": ("key_phrases",),
}


def with_part(kept: Enrichment, new: Enrichment, enricher: str) -> Enrichment:
    """Return an enrichment with what one enricher says now; the others' parts stay as they are."""
    fields = PARTS[enricher]
    made = {name for name, parts in PARTS.items() if set(parts) & set(fields)}
    versions = {**kept.versions, **{name: new.versions[name] for name in made}}
    failed = {name: why for name, why in kept.failed.items() if name not in made}
    return replace(
        kept, **{name: getattr(new, name) for name in fields}, versions=versions, failed=failed
    )
