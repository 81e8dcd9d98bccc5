"""Scores places against gold coordinates.

The offsets of the file count one character too many before each text; they are put right here.
"""

import json
import math
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from itertools import groupby

from pipeline.enrich.entities import link_names
from pipeline.enrich.folding import fold, fold_key
from pipeline.enrich.linking import Linker
from pipeline.enrich.places.choosing import Choosing
from pipeline.enrich.places.finding import Candidate
from pipeline.enrich.places.places import _Article

NEAR_KM = 161  # a hundred miles: what the literature counts as right
_EARTH_KM = 6371.0


def articles(path):
    """Yield (text, toponyms) of whole articles: the file cuts each into several records."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for _, several in groupby(rows, key=lambda row: row["url"]):
        text, gold = "", []
        for row in several:
            text += "\n\n" if text else ""
            for one in row["toponyms"]:
                start = row["text"].index(one["text"], one["start"] - 1)
                end = start + len(one["text"])
                gold.append({**one, "start": start + len(text), "end": end + len(text)})
            text += row["text"]
        yield text, gold


def distance_km(some, other):
    """Return the way along the surface of the earth."""
    (lat, lon), (lat2, lon2) = (map(math.radians, point) for point in (some, other))
    half = math.sin((lat2 - lat) / 2) ** 2
    half += math.cos(lat) * math.cos(lat2) * math.sin((lon2 - lon) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(half))


def is_right(name, gold):
    """Tell whether a place is the one of the gold: near it, or by name when it has no point."""
    if name.location:
        return distance_km(name.location, (gold["lat"], gold["lon"])) <= NEAR_KM
    title = gold["wikipedia"].rsplit("/", 1)[-1].replace("_", " ")
    if "(" in title and "(country)" not in title:
        return False
    keys = {fold_key(spelling) for _, spelling in name.spellings()}
    return bool(
        {fold_key(re.sub(r" \(.*", "", title)).removeprefix("the "), fold_key(gold["text"])} & keys
    )


class Read:
    """One article, read once: what is linked where, and the best guess for any stretch."""

    def __init__(self, enrichers, text, language="en"):
        self._places = enrichers._places
        self._parts = {"title": fold(""), "text": fold(text)}
        spans = link_names(Linker(enrichers._gazetteer, self._parts, language))
        self._placed = self._places.find(self._parts, spans, language, None)
        self._article = _Article(self._places, self._parts, spans, language)
        self._votes = self._article.votes(None)
        _, sights = self._article._seeing.look()
        self._choosing = Choosing(self._article._finding, self._article._known, language)
        self._pairs = self._choosing._qualified(list(sights))
        self._choosing.choose(list(sights), self._votes)
        folded = self._parts["text"]
        self.linked = {
            folded.span(span.start, span.end): self._placed.names[span.entity]
            for span in self._placed.spans
            if span.entity and span.part == "text"
        }

    def at(self, start, end):
        """Return what is linked at a stretch, if anything."""
        for (first, last), name in self.linked.items():
            if first < end and start < last and name.type == "place":
                return name
        return None

    def guess(self, start, end):
        """Return what is linked, or else the most likely place that the words name."""
        known = self.at(start, end)
        if known:
            return known
        folded = self._parts["text"]
        first, last = bisect_left(folded.starts, start), bisect_right(folded.ends, end)
        key = folded.text[first:last]
        finding = self._article._finding
        listed = finding.named(key) or finding.named(key.removeprefix("the "))
        if not listed:
            short = finding.abbreviation("text", first)
            return self._places.name_of(short) if short else None
        sight = self._article._seeing.sight(Candidate("text", first, last, key, listed))
        ranked = self._choosing.ranked(sight, self._pairs, self._votes)
        return self._places.name_of(ranked[0].place)


def score(enrichers, path):
    """Return counts: gold, right by guess, linked, right of the linked; and the misses."""
    counts, misses = Counter(), []
    for text, gold in articles(path):
        read = Read(enrichers, text)
        for one in gold:
            counts["gold"] += 1
            guess, linked = read.guess(one["start"], one["end"]), read.at(one["start"], one["end"])
            right = guess is not None and is_right(guess, one)
            counts["guessed_right"] += right
            counts["linked"] += linked is not None
            counts["linked_right"] += linked is not None and is_right(linked, one)
            if not right or linked is None:
                misses.append((one["text"], guess and guess.name, linked and linked.name))
        spans = [(one["start"], one["end"]) for one in gold]
        for (start, end), name in read.linked.items():
            if name.type == "place":
                counts["found"] += 1
                extra = not any(a < end and start < b for a, b in spans)
                counts["not_in_gold"] += extra
                if extra:
                    misses.append(("+", name.name, text[max(0, start - 30) : end + 20]))
    return counts, misses


def sentences(path):
    """Yield (document, text, spans of LOC) of a CoNLL file; words are joined by spaces."""
    document, words = "", []
    for line in [*path.read_text("utf-8").splitlines(), ""]:
        if line.startswith("# doc"):
            document = line
        elif line.strip():
            words.append(line.split("\t"))
        elif words:
            yield document, *_joined(words)
            words = []


def _joined(words):
    text, spans = "", []
    for word, tag in words:
        start = len(text) + bool(text)
        text += f" {word}" if text else word
        if tag == "B-LOC" or (tag == "I-LOC" and not spans):
            spans.append((start, len(text)))
        elif tag == "I-LOC":
            spans[-1] = (spans[-1][0], len(text))
    return text, spans


def score_loc(enrichers, path, language):
    """Return right, found and gold spans of places, and the misses; documents are read whole."""
    right = found = total = 0
    misses = Counter()
    for _, several in groupby(sentences(path), key=lambda one: one[0]):
        text, gold = "", set()
        for _, sentence, spans in several:
            text += "\n" if text else ""
            gold |= {(start + len(text), end + len(text)) for start, end in spans}
            text += sentence
        entities = enrichers.enrich(title="", text=text, language=language).entities
        ours = {
            _bare(one, text, language)
            for entity in entities
            if entity.type == "place"
            for one in entity.mentions
            if one.part == "text"
        }
        gold = {_without_ending(start, end, text, language) for start, end in gold}
        gold = {_as_ours(start, end, ours, language) for start, end in gold}
        right += len(ours & gold)
        found += len(ours)
        total += len(gold)
        misses.update(("missed", text[start:end]) for start, end in gold - ours)
        misses.update(
            ("wrong", text[start:end], text[max(0, start - 30) : end + 20])
            for start, end in ours - gold
        )
    return right, found, total, misses


def _as_ours(start, end, ours, language):
    """Return a gold span as we mark it: without Arabic clitics and the German genitive -s."""
    shorter = {"ar": [(start + 1, end), (start + 2, end)], "de": [(start, end - 1)]}
    return next((one for one in shorter.get(language, []) if one in ours), (start, end))


def _bare(one, text, language):
    return _without_ending(one.start, one.end, text, language)


def _without_ending(start, end, text, language):
    """Return a span without the Turkish ending, Arabic clitic or English article of the gold."""
    surface = text[start:end]
    if language == "tr":
        end = start + len(re.split("['’]", surface)[0])
    if language == "ar":
        start += len(surface) - len(re.sub(r"^[وف]?[بلك]?(?=ال)|^لل", "", surface))
    if surface.lower().startswith("the "):
        start += 4
    return start, end
