"""One hash for texts that are the same up to case, space and punctuation."""

import hashlib
import unicodedata

VERSION = "1"
#: Letters and digits below which a text gets no fingerprint; about 40 English words. Shorter texts
#: are often teasers, notices or cookie walls, equal on articles that have nothing else in common,
#: and taking one of those for a copy would drop it from the index.
MIN_CHARS = 200


def fingerprint(text: str) -> str:
    """Return the SHA-256 of the text's letters and digits, or "" for a text that is too short."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    # Under case folding the dotless i stays apart from the i that its own capital folds to.
    kept = "".join(char for char in folded if char.isalnum()).replace(
        "\N{LATIN SMALL LETTER DOTLESS I}", "i"
    )
    if len(kept) < MIN_CHARS:
        return ""
    return hashlib.sha256(kept.encode()).hexdigest()
