"""How we introduce ourselves: one product token, a version, and where to complain."""

import re
from functools import lru_cache
from importlib.metadata import version

from pipeline.config import FetchSettings
from pipeline.errors import ConfigError, Fault

#: The product token. robots.txt groups for it are found by this word, so it is a distinctive one.
PRODUCT = "Newsline"
_CONTACT = re.compile(r"[\x21-\x27\x2a-\x7e]*")  # visible ASCII without brackets


def user_agent(settings: FetchSettings) -> str:
    """Return the User-Agent header. Raises ConfigError for a contact that a header cannot carry."""
    if not settings.contact:
        return _product()
    if not _CONTACT.fullmatch(settings.contact):
        problem = f"must be a plain URL or e-mail address (got {settings.contact!r})"
        raise ConfigError([Fault("settings", "fetch.contact", problem)])
    return f"{_product()} (+{settings.contact})"


@lru_cache(maxsize=1)
def _product() -> str:
    return f"{PRODUCT}/{version('newsline')}"
