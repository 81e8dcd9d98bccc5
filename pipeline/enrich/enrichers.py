"""All enrichers together: built once from a configuration folder, then pure."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from pipeline.enrich import (
    entities,
    fingerprint,
    language,
    shingles,
    story_terms,
    topics,
    wires,
)
from pipeline.enrich.folding import fold
from pipeline.enrich.gazetteer import Gazetteer
from pipeline.enrich.gazetteer_files import gazetteer_files, load_gazetteer
from pipeline.enrich.language import LanguageDetector
from pipeline.enrich.places import places
from pipeline.enrich.places.listed import NoPlaces, PlaceNames
from pipeline.enrich.places.places import Places
from pipeline.enrich.places.words import PlaceWords
from pipeline.enrich.topics import Topics
from pipeline.errors import ConfigError, Fault
from pipeline.model import Enrichment

_GAZETTEER, _TOPICS, _PLACES = "gazetteer", "topics.toml", "places.toml"


class Enrichers:
    """Language, entities, topics and what copies and stories are found by, a text at a time."""

    def __init__(
        self, gazetteer: Gazetteer, places: Places, topic_rules: Topics, versions: dict[str, str]
    ) -> None:
        self._gazetteer = gazetteer
        self._places = places
        self._topics = topic_rules
        self._language = LanguageDetector()
        self.versions = versions

    @classmethod
    def load(cls, config_dir: Path, listed: PlaceNames | None = None) -> "Enrichers":
        """Read gazetteer/, places.toml and topics.toml; ConfigError names every fault in them.

        `listed` are the places of GeoNames; without them those of gazetteer/ are all that is known.
        """
        folder, file = config_dir / _GAZETTEER, config_dir / _TOPICS
        faults: list[Fault] = []
        gazetteer = topic_rules = place_words = None
        try:
            gazetteer = load_gazetteer(folder)
        except ConfigError as error:
            faults += error.faults
        try:
            topic_rules = Topics.load(file)
        except ConfigError as error:
            faults += error.faults
        try:
            place_words = PlaceWords.load(config_dir / _PLACES)
        except ConfigError as error:
            faults += error.faults
        if faults or gazetteer is None or topic_rules is None or place_words is None:
            raise ConfigError(faults)
        listed = listed or NoPlaces()
        versions = {
            "language": language.VERSION,
            "entities": f"{entities.VERSION}-{_digest(gazetteer_files(folder))}",
            "places": f"{places.VERSION}-{_digest([config_dir / _PLACES])}-{listed.version}",
            "topics": f"{topics.VERSION}-{_digest([file])}",
            "fingerprint": fingerprint.VERSION,
            "copies": f"{shingles.VERSION}-{wires.VERSION}",
            "stories": story_terms.VERSION,
        }
        return cls(gazetteer, Places(gazetteer, listed, place_words), topic_rules, versions)

    def enrich(
        self, *, title: str, text: str, language: str | None, country: str | None = None
    ) -> Enrichment:
        """Return what an article is about.

        `language` is what page or feed claim, `country` where the outlet is; both if known.
        """
        code, score = self._language.detect(text or title, language)
        parts = {"title": fold(title), "text": fold(text)}
        spans = entities.link_names(self._gazetteer, parts, code)
        placed = self._places.find(parts, spans, code, country)
        found = entities.as_entities(placed.names, parts, placed.spans)
        about = self._topics.find(parts, code)
        return Enrichment(
            language=code,
            language_score=score,
            entities=found,
            topics=about,
            fingerprint=fingerprint.fingerprint(text),
            versions=self.versions,
            bands=shingles.band_keys(shingles.word_runs(text)),
            terms=story_terms.story_terms(title, text, found, about),
            wire=wires.wire_credit(text),
            places=placed.places,
        )


def _digest(files: Iterable[Path]) -> str:
    """Return 8 hex digits that change with the content of the files, not with where they are."""
    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:8]
