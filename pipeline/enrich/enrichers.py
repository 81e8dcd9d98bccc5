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
from pipeline.enrich.topics import Topics
from pipeline.errors import ConfigError, Fault
from pipeline.model import Enrichment

_GAZETTEER, _TOPICS = "gazetteer", "topics.toml"


class Enrichers:
    """Language, entities, topics and what copies and stories are found by, a text at a time."""

    def __init__(self, gazetteer: Gazetteer, topic_rules: Topics, versions: dict[str, str]) -> None:
        self._gazetteer = gazetteer
        self._topics = topic_rules
        self._language = LanguageDetector()
        self.versions = versions

    @classmethod
    def load(cls, config_dir: Path) -> "Enrichers":
        """Read gazetteer/ and topics.toml; ConfigError names every fault in all of them."""
        folder, file = config_dir / _GAZETTEER, config_dir / _TOPICS
        faults: list[Fault] = []
        gazetteer = topic_rules = None
        try:
            gazetteer = load_gazetteer(folder)
        except ConfigError as error:
            faults += error.faults
        try:
            topic_rules = Topics.load(file)
        except ConfigError as error:
            faults += error.faults
        if faults or gazetteer is None or topic_rules is None:
            raise ConfigError(faults)
        versions = {
            "language": language.VERSION,
            "entities": f"{entities.VERSION}-{_digest(gazetteer_files(folder))}",
            "topics": f"{topics.VERSION}-{_digest([file])}",
            "fingerprint": fingerprint.VERSION,
            "copies": f"{shingles.VERSION}-{wires.VERSION}",
            "stories": story_terms.VERSION,
        }
        return cls(gazetteer, topic_rules, versions)

    def enrich(self, *, title: str, text: str, language: str | None) -> Enrichment:
        """Return what an article is about; `language` is what page or feed claim, if anything."""
        code, score = self._language.detect(text or title, language)
        parts = {"title": fold(title), "text": fold(text)}
        found = entities.find_entities(self._gazetteer, parts, code)
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
        )


def _digest(files: Iterable[Path]) -> str:
    """Return 8 hex digits that change with the content of the files, not with where they are."""
    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:8]
