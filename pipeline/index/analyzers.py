"""Elasticsearch's analyzers: made from the rules of `analysis`, kept in config/elasticsearch/.

    python -m pipeline.index.analyzers > config/elasticsearch/news-analysis.json

One pattern says what a word is, that of `analysis.surfaces`; no rule of Elasticsearch's own does.
Before it, two char filters part acronyms from their dots and drop the English possessive; for the
exact form `letters` then maps each character to what it is folded to. A folded text has the same
words, for no character is folded to a sign, and nothing but FOLDED_MARKS to nothing.
"""

import re
import sys
from typing import Any

from pipeline.index.analysis import FOLDED_MARKS, IDEOGRAPHS, MARKS, MAX_WORD_CHARS, exact_forms
from pipeline.index.mapping import LANGUAGES, render

#: Language → what Elasticsearch calls its stemmer.
_STEMMERS = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "porter2",
    "es": "spanish", "fa": "persian", "fi": "finnish", "fr": "french", "hu": "hungarian",
    "it": "italian", "nl": "dutch", "no": "norwegian", "pt": "portuguese", "ro": "romanian",
    "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
#: Languages whose letters are brought to one form before they are stemmed.
_NORMALIZED = {
    "ar": ["decimal_digit", "arabic_normalization"],
    "fa": ["decimal_digit", "arabic_normalization", "persian_normalization"],
}
_LOWERCASE = {"tr": "turkish", "el": "greek"}  # capitals of their own
_RULES_PER_LINE = 16
_RULES = "letters are listed here"


def _java(characters: str) -> str:
    """Return the inside of a character class as Java reads it, in ASCII."""
    return "".join(one if one == "-" else rf"\x{{{ord(one):x}}}" for one in characters)


#: Java asks one range of a class after the other, so one range around all of them comes first.
_MARK = rf"[[\x{{ad}}\x{{300}}-\x{{200d}}]&&[{_java(MARKS)}]]"
_INSIDE = rf"\p{{L}}\p{{N}}{_MARK}"  # of a word; ideographs are among the letters
_IDEOGRAPH = rf"[[\x{{3038}}-\x{{3134f}}]&&[{_java(IDEOGRAPHS)}]]"
_LETTER = rf"[\p{{L}}\p{{Nl}}\p{{No}}&&[^{_java(FOLDED_MARKS)}{_IDEOGRAPH}]]"
_ASCII = "[0-9A-Za-z]"
_OTHER = rf"[[^\x{{0}}-\x{{7f}}]&&[{_INSIDE}]&&[^{_IDEOGRAPH}]]"
_FIRST = rf"[{_OTHER}&&[^{_java(FOLDED_MARKS)}]]"

#: Name → (what is replaced, by what), in this order. Each begins with what is rare in a text and
#: looks around only then: Java tries a pattern at every character.
_CUTS = {
    "acronyms": (
        rf"\.(?<=(?:^|[^_{_INSIDE}]){_LETTER}\.)(?={_LETTER}(?:$|[^_{_INSIDE}]))", ""
    ),
    "possessives": (r"['’](?<=[\p{L}\p{N}_]['’])s(?![\p{L}\p{N}_])", " "),
}  # fmt: skip
_WORD = rf"(?:{_ASCII}++|{_FIRST})(?:{_ASCII}++|{_OTHER})*+|{_IDEOGRAPH}"


def component() -> dict[str, Any]:
    """Return the body of the component template `news-analysis`, its letters left out."""
    char_filters: dict[str, Any] = {
        name: {"type": "pattern_replace", "pattern": pattern, "replacement": by}
        for name, (pattern, by) in _CUTS.items()
    }
    char_filters["letters"] = {"type": "mapping", "mappings": _RULES}
    filters: dict[str, Any] = {"cut": {"type": "truncate", "length": MAX_WORD_CHARS}}
    filters |= {
        f"lowercase_{language}": {"type": "lowercase", "language": name}
        for language, name in _LOWERCASE.items()
    }
    filters |= {
        f"stemmer_{language}": {"type": "stemmer", "language": _STEMMERS[language]}
        for language in LANGUAGES
    }
    analysis = {
        "char_filter": char_filters,
        "tokenizer": {"words": {"type": "pattern", "pattern": _WORD, "group": 0}},
        "filter": filters,
        "analyzer": {
            "exact": _analyzer([*_CUTS, "letters"], ["lowercase", "cut"]),
            **{f"stem_{language}": _stemming(language) for language in LANGUAGES},
        },
    }
    return {
        "template": {"settings": {"index": {"analysis": analysis}}},
        "_meta": {
            "description": "How words are cut, folded and stemmed. The exact form is one for all"
            " languages; stem_<code> is for by_language.<code>."
            " Generated: python -m pipeline.index.analyzers"
        },
    }


def _stemming(language: str) -> dict[str, Any]:
    """Stem, then fold: a stemmer needs the accents, a searcher may leave them out."""
    lowercase = f"lowercase_{language}" if language in _LOWERCASE else "lowercase"
    normalized = _NORMALIZED.get(language, [])
    folded = [] if normalized else ["asciifolding"]
    return _analyzer([*_CUTS], [lowercase, "cut", *normalized, f"stemmer_{language}", *folded])


def _analyzer(char_filters: list[str], filters: list[str]) -> dict[str, Any]:
    return {
        "type": "custom",
        "char_filter": char_filters,
        "tokenizer": "words",
        "filter": filters,
    }


def letters() -> list[str]:
    """Return a rule for every character whose exact form is more than its lower case."""
    of_words = re.compile(rf"[^\W_]|[{MARKS}{IDEOGRAPHS}]")
    found = []
    for code in range(sys.maxunicode + 1):
        char = chr(code)
        if of_words.match(char) and (exact := exact_forms([char])[0]) != char.lower():
            found.append(f"{_visible(char)}=>{''.join(map(_visible, exact))}")
    return found


def _visible(char: str) -> str:
    """Return a character as a rule names it: marks by number, for they are not seen alone."""
    return char if char.isalnum() else "".join(rf"\u{ord(one):04x}" for one in char)


def news_analysis() -> str:
    """Return the text of news-analysis.json: the long list on lines of several rules."""
    rules = [f'"{rule}"'.replace("\\", "\\\\") for rule in letters()]
    lines = [
        ", ".join(rules[first : first + _RULES_PER_LINE])
        for first in range(0, len(rules), _RULES_PER_LINE)
    ]
    listed = "[\n" + ",\n".join(lines) + "\n]"
    return render(component()).replace(f'"{_RULES}"', listed)


if __name__ == "__main__":
    sys.stdout.write(news_analysis())
