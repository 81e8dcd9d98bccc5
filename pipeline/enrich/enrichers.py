"""All enrichers together: built once from a configuration folder, then pure."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from pipeline.enrich import (
    entities,
    fingerprint,
    iptc,
    key_phrases,
    language,
    naming,
    sentences,
    shingles,
    story_terms,
    topics,
    wires,
)
from pipeline.enrich.attempts import ONCE_BUDGET_S, Attempts
from pipeline.enrich.dates import dates
from pipeline.enrich.folding import Folded, fold
from pipeline.enrich.gazetteer import Gazetteer
from pipeline.enrich.gazetteer_files import gazetteer_files, load_gazetteer
from pipeline.enrich.iptc import iptc_files, load_iptc
from pipeline.enrich.language import LanguageDetector
from pipeline.enrich.linking import Linker, Span
from pipeline.enrich.models import NameModel, load_models
from pipeline.enrich.naming import Named, Naming
from pipeline.enrich.places import places
from pipeline.enrich.places.listed import NoPlaces, PlaceNames
from pipeline.enrich.places.places import Placed, Places
from pipeline.enrich.places.words import PlaceWords
from pipeline.enrich.quotes import quotes
from pipeline.enrich.topic_files import load_topics
from pipeline.enrich.topics import Topics
from pipeline.enrich.words import words_of
from pipeline.errors import ConfigError, Fault
from pipeline.model import Enrichment, Entity, Place

#: What is read for dates and key phrases: more is no article, and its end says nothing new.
_WORDS_CHARS = 100_000
_GAZETTEER, _TOPICS, _PLACES, _IPTC = "gazetteer", "topics.toml", "places.toml", "iptc"


class Enrichers:
    """Everything that is said about one text, a text at a time.

    An enricher that fails leaves its part empty and its name in `Enrichment.failed`. Not so the
    fingerprint: without it equal texts would not be told.
    """

    def __init__(
        self,
        gazetteer: Gazetteer,
        places: Places,
        topic_rules: Topics,
        media_topics: Topics,
        versions: dict[str, str],
        *,
        models: Mapping[str, NameModel] | None = None,
    ) -> None:
        self._gazetteer = gazetteer
        self._places = places
        self._topics = topic_rules
        self._iptc = media_topics
        self._language = LanguageDetector()
        self._models = models or {}
        self._naming = Naming(gazetteer)
        self.versions = versions

    @classmethod
    def load(
        cls, config_dir: Path, listed: PlaceNames | None = None, models: Sequence[str] = ()
    ) -> "Enrichers":
        """Read gazetteer/, places.toml, topics.toml and iptc/; ConfigError names every fault.

        `listed` are the places of GeoNames; without them those of gazetteer/ are all that is known.
        `models` are packages that find names which no list has.
        """
        folder, file = config_dir / _GAZETTEER, config_dir / _TOPICS
        faults: list[Fault] = []
        by_language: Mapping[str, NameModel] = {}
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
        try:
            by_language = load_models(models)
        except ConfigError as error:
            faults += error.faults
        if faults or not (gazetteer and topic_rules and place_words and media_topics):
            raise ConfigError(faults)
        listed = listed or NoPlaces()
        versions = {
            "language": language.VERSION,
            "entities": "-".join(
                [entities.VERSION, _digest(gazetteer_files(folder)), *_engines(by_language)]
            ),
            "places": f"{places.VERSION}-{_digest([config_dir / _PLACES])}-{listed.version}",
            "topics": f"{topics.VERSION}-{_digest([file])}",
            "iptc": f"{topics.VERSION}-{iptc.VERSION}-{_digest(iptc_files(config_dir / _IPTC))}",
            "fingerprint": fingerprint.VERSION,
            "copies": f"{shingles.VERSION}-{wires.VERSION}",
            "stories": story_terms.VERSION,
            "sentences": sentences.VERSION,
            "quotes": quotes.VERSION,
            "dates": dates.VERSION,
            "key_phrases": key_phrases.VERSION,
        }
        placing = Places(gazetteer, listed, place_words)
        return cls(gazetteer, placing, topic_rules, media_topics, versions, models=by_language)

    def enrich(
        self,
        *,
        title: str,
        text: str,
        language: str | None,
        country: str | None = None,
        published: date | None = None,
        section: str | None = None,
        keywords: Sequence[str] = (),
    ) -> Enrichment:
        """Return what an article is about.

        `language` is what page or feed claim, `country` where the outlet is, `published` the day
        there on which it came out; each if known. `section` and `keywords` are the outlet's own.
        """
        attempts = Attempts()
        code, score = attempts.of(
            "language", lambda: self._language.detect(text or title, language), (None, 0.0)
        )
        parts = {"title": fold(title), "text": fold(text)}
        found, places = self._named(attempts, parts, code, country)
        about = attempts.of("topics", lambda: self._topics.find(parts, code), ())
        starts = attempts.of("sentences", lambda: sentences.sentence_starts(text, code), ())
        words = {part: words_of(folded, _WORDS_CHARS) for part, folded in parts.items()}
        return Enrichment(
            language=code,
            language_score=score,
            entities=found,
            topics=about,
            fingerprint=fingerprint.fingerprint(text),
            versions=self.versions,
            bands=attempts.of("copies", lambda: shingles.band_keys(shingles.word_runs(text)), ()),
            terms=attempts.of(
                "stories", lambda: story_terms.story_terms(title, text, found, about), {}
            ),
            wire=attempts.of("copies", lambda: wires.wire_credit(text), None),
            places=places,
            quotes=attempts.of(
                "quotes",
                lambda: quotes.find_quotes(text, starts, found, code, self._gazetteer.words),
                (),
            ),
            dates=attempts.of(
                "dates",
                lambda: dates.find_dates(parts, words, code, published=published, country=country),
                (),
            ),
            iptc=attempts.of(
                "iptc",
                lambda: self._iptc.find({**parts, **_tags(section, keywords)}, code),
                (),
            ),
            key_phrases=attempts.of(
                "key_phrases", lambda: key_phrases.find_key_phrases(parts, words, found, code), ()
            ),
            sentences=starts,
            failed=attempts.failed,
        )

    def _named(
        self,
        attempts: Attempts,
        parts: Mapping[str, Folded],
        code: str | None,
        country: str | None,
    ) -> tuple[tuple[Entity, ...], tuple[Place, ...]]:
        """Return who is named, and the places among them; names alone when the places fail."""
        linker = Linker(self._gazetteer, parts, code)
        spans = attempts.of("entities", lambda: entities.link_names(linker), [])
        named = self._found_by_model(attempts, linker, spans, code)
        spans = [span for span in spans if span not in named.replaced]
        masks = [replace(span, entity="") for span in named.spans]
        placed = attempts.of(
            "places",
            lambda: self._places.find(parts, [*spans, *masks], code, country),
            Placed(tuple(spans), self._gazetteer.names, ()),
        )
        found = attempts.of("entities", lambda: self._as_entities(named, linker, placed), ())
        return found, placed.places

    def _as_entities(self, named: Named, linker: Linker, placed: Placed) -> tuple[Entity, ...]:
        spans = self._naming.finish(named, linker, placed.spans)
        return entities.as_entities({**placed.names, **named.names}, linker.parts, spans)

    def _found_by_model(
        self, attempts: Attempts, linker: Linker, spans: Sequence[Span], code: str | None
    ) -> Named:
        """Return what the model of a language adds, where there is one."""
        model = self._models.get(code or "")
        if model is None:
            return Named()
        ready = attempts.of("entities", model.opened, None, budget_s=ONCE_BUDGET_S)
        if ready is None:
            return Named()
        return attempts.of("entities", lambda: self._naming.begin(ready, linker, spans), Named())


def _tags(section: str | None, keywords: Sequence[str]) -> dict[str, Folded]:
    """Return what the outlet says itself, as parts beside title and text."""
    said = {"section": section or "", "keywords": "\n\n".join(keywords)}
    return {part: fold(text) for part, text in said.items() if text}


def _engines(models: Mapping[str, NameModel]) -> list[str]:
    """Return what says by which models, and how, names were found."""
    engines = sorted(model.engine for model in models.values())
    return [naming.VERSION, *engines] if engines else []


def _digest(files: Iterable[Path]) -> str:
    """Return 8 hex digits that change with the content of the files, not with where they are."""
    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:8]
