"""Quotations, dates, key phrases and sentences of an article as its document has them."""

from typing import Any

from pipeline.index.schema import MAX_KEYWORD_CHARS
from pipeline.model import Enrichment, Mention, MentionedDate, Quote


def said(enrichment: Enrichment | None) -> dict[str, Any]:
    """Return the fields of a document that hold quotations, dates, key phrases and sentences."""
    if enrichment is None:
        return {"quotes": [], "dates_mentioned": [], "key_phrases": [], "sentences": []}
    return {
        "quotes": [_quote(quote) for quote in enrichment.quotes],
        "dates_mentioned": [_date(one) for one in enrichment.dates],
        "key_phrases": [phrase[:MAX_KEYWORD_CHARS] for phrase in enrichment.key_phrases],
        "sentences": list(enrichment.sentences),
    }


def _quote(quote: Quote) -> dict[str, Any]:
    return {
        "start": quote.start,
        "end": quote.end,
        "text": quote.text,
        "speaker": (quote.speaker or "")[:MAX_KEYWORD_CHARS] or None,
        "speaker_id": quote.speaker_id,
        "speaker_at": _at(quote.speaker_at),
        "verb": _at(quote.verb),
        "why": quote.why,
    }


def _at(mention: Mention | None) -> dict[str, Any] | None:
    if mention is None:
        return None
    return {"start": mention.start, "end": mention.end, "surface": mention.surface}


def _date(one: MentionedDate) -> dict[str, Any]:
    return {
        "value": one.value,
        "precision": one.precision,
        "first": one.first,
        "last": one.last,
        "start": one.start,
        "end": one.end,
        "surface": one.surface,
        "part": one.part,
        "why": one.why,
    }
