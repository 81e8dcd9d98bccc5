"""Stems of words, in the languages whose inflections we know: for the embedded index and for marks.

The stemmers are tantivy's (Snowball). Elasticsearch finds with its own, which are the same but for
Arabic and Persian; what is marked in a hit goes by these for both.
"""

from collections.abc import Sequence
from functools import cache, partial

import tantivy

from pipeline.index.analysis import stem_inputs
from pipeline.index.highlight import Stemmer

#: Languages with a stemmer, by tantivy's name of it.
STEMMED = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "fi": "finnish", "fr": "french", "hu": "hungarian", "it": "italian",
    "nl": "dutch", "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian",
    "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip

#: Languages of the news that have none: found by exact forms only.
UNSTEMMED = ("fa", "he", "ja", "ko", "ku", "pl", "uk", "ur", "zh")


@cache
def analyzer(language: str) -> tantivy.TextAnalyzer:
    """Stem, then fold: a stemmer needs the accents, a searcher may leave them out."""
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    stemmer = tantivy.Filter.stemmer(STEMMED[language])
    return builder.filter(stemmer).filter(tantivy.Filter.ascii_fold()).build()


def stems(written: Sequence[str], language: str) -> list[str]:
    """Return the stem of each word, in order, as it stands in the field of a language."""
    return analyzer(language).analyze(" ".join(stem_inputs(written, language)))


def stemmer_of(language: str | None) -> Stemmer | None:
    """Return what stems words of a language, None for a language without stemmer."""
    return partial(stems, language=language) if language in STEMMED else None
