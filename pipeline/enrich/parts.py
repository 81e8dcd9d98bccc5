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
#: Enricher → those that read what it found, and say something else when it does.
READERS: Mapping[str, tuple[str, ...]] = {
    "language": tuple(name for name in PARTS if name != "fingerprint"),
    "entities": ("quotes", "stories", "key_phrases"),
    "places": ("quotes", "stories", "key_phrases"),
    "topics": ("stories",),
    "sentences": ("quotes",),
}


def with_part(kept: Enrichment, new: Enrichment, enricher: str) -> Enrichment:
    """Return an enrichment with what one enricher says now, and those that read what it found.

    The others' parts stay as they are, and so does that of a reader that failed.
    """
    renewed = {enricher, *READERS.get(enricher, ())} - new.failed.keys()
    fields = {name for part in renewed for name in PARTS[part]}
    made = {name for name, parts in PARTS.items() if fields.issuperset(parts)}
    versions = {**kept.versions, **{name: new.versions[name] for name in made}}
    failed = {name: why for name, why in kept.failed.items() if name not in made}
    return replace(
        kept, **{name: getattr(new, name) for name in fields}, versions=versions, failed=failed
    )
