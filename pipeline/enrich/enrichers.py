"""All enrichers together: built once from a configuration folder, then pure."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.enrich import (
    entities,
    fingerprint,
    iptc,
    language,
    shingles,
    story_terms,
    topics,
    wires,
)
from pipeline.enrich.folding import Folded, fold
from pipeline.enrich.gazetteer import Gazetteer
from pipeline.enrich.gazetteer_files import gazetteer_files, load_gazetteer
from pipeline.enrich.iptc import iptc_files, load_iptc
from pipeline.enrich.language import LanguageDetector
from pipeline.enrich.places import places
from pipeline.enrich.places.listed import NoPlaces, PlaceNames
from pipeline.enrich.places.places import Places
from pipeline.enrich.places.words import PlaceWords
from pipeline.enrich.topic_files import load_topics
from pipeline.enrich.topics import Topics
from pipeline.errors import ConfigError, Fault
from pipeline.model import Enrichment

_GAZETTEER, _TOPICS, _PLACES, _IPTC = "gazetteer", "topics.toml", "places.toml", "iptc"


class Enrichers:
    """Language, entities, topics and what copies and stories are found by, a text at a time."""

    def __init__(
        self,
        gazetteer: Gazetteer,
        places: Places,
        topic_rules: Topics,
        media_topics: Topics,
        versions: dict[str, str],
    ) -> None:
        self._gazetteer = gazetteer
        self._places = places
        self._topics = topic_rules
        self._iptc = media_topics
        self._language = LanguageDetector()
        self.versions = versions

    @classmethod
    def load(cls, config_dir: Path, listed: PlaceNames | None = None) -> "Enrichers":
        """Read gazetteer/, places.toml, topics.toml and iptc/; ConfigError names every fault.

        `listed` are the places of GeoNames; without them those of gazetteer/ are all that is known.
        """
        folder, file = config_dir / _GAZETTEER, config_dir / _TOPICS
        faults: list[Fault] = []
        gazetteer = topic_rules = place_words = media_topics = None
        try:
            gazetteer = load_gazetteer(folder)
        except ConfigError as error:
            faults += error.faults
        try:
            topic_rules = load_topics(file)
        except ConfigError as error:
            faults += error.faults
        try:
            place_words = PlaceWords.load(config_dir / _PLACES)
        except ConfigError as error:
            faults += error.faults
        try:
            media_topics = load_iptc(config_dir / _IPTC)
        except ConfigError as error:
            faults += error.faults
        if not (gazetteer and topic_rules and place_words and media_topics):
            raise ConfigError(faults)
        listed = listed or NoPlaces()
        versions = {
            "language": language.VERSION,
            "entities": f"{entities.VERSION}-{_digest(gazetteer_files(folder))}",
            "places": f"{places.VERSION}-{_digest([config_dir / _PLACES])}-{listed.version}",
            "topics": f"{topics.VERSION}-{_digest([file])}",
            "iptc": f"{topics.VERSION}-{iptc.VERSION}-{_digest(iptc_files(config_dir / _IPTC))}",
            "fingerprint": fingerprint.VERSION,
            "copies": f"{shingles.VERSION}-{wires.VERSION}",
            "stories": story_terms.VERSION,
        }
        placing = Places(gazetteer, listed, place_words)
        return cls(gazetteer, placing, topic_rules, media_topics, versions)

    def enrich(
        self,
        *,
        title: str,
        text: str,
        language: str | None,
        country: str | None = None,
        section: str | None = None,
        keywords: Sequence[str] = (),
    ) -> Enrichment:
        """Return what an article is about.

        `language` is what page or feed claim, `country` where the outlet is; both if known.
        `section` and `keywords` are the outlet's own.
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
            iptc=self._iptc.find({**parts, **_tags(section, keywords)}, code),
        )


def _tags(section: str | None, keywords: Sequence[str]) -> dict[str, Folded]:
    """Return what the outlet says itself, as parts beside title and text."""
    said = {"section": section or "", "keywords": "\n\n".join(keywords)}
    return {part: fold(text) for part, text in said.items() if text}


def _digest(files: Iterable[Path]) -> str:
    """Return 8 hex digits that change with the content of the files, not with where they are."""
    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:8]
