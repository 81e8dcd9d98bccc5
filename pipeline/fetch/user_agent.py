"""How we introduce ourselves: one product token, a version, and where to complain."""

from functools import lru_cache
from importlib.metadata import version

from pipeline.config import FetchSettings

#: The product token. robots.txt groups for it are found by this word, so it is a distinctive one.
PRODUCT = "Newsline"


def user_agent(settings: FetchSettings) -> str:
    """Return the User-Agent header."""
    if not settings.contact:
        return _product()
    return f"{_product()} (+{settings.contact})"


@lru_cache(maxsize=1)
def _product() -> str:
    return f"{PRODUCT}/{version('newsline')}"
