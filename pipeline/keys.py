"""Who may use the server: API keys, the sessions of browsers, and the ledger's `Keys`.

A key is 256 random bits, shown once. Only its SHA-256 is kept: nobody can guess that many bits, so
a slow or salted hash, which protects words that people choose, would only make each request dearer.
"""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

#: So that people, and programs that look for leaked secrets, know one when they see it.
KEY_PREFIX = "nl_"
_SECRET_BYTES = 32
MAX_SECRET_CHARS = 100
MAX_NAME_CHARS = 100


class KeyScope(StrEnum):
    """What a key allows."""

    SEARCH = "search"  # the explorer, and to read articles, stories and entities
    CHANGES = "changes"  # to follow the change feed
    ALERTS = "alerts"  # to keep saved searches
    OPS = "ops"  # to see feeds' health, the balance, the life of a URL, metrics
    ADMIN = "admin"  # all of these


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as the ledger knows it: without the secret."""

    key_id: int
    name: str  # whose it is; one living key of a name
    scopes: frozenset[KeyScope]
    created_at: datetime
    last_used_at: datetime | None = None  # to the minute
    revoked_at: datetime | None = None

    def allows(self, scope: KeyScope) -> bool:
        """Tell whether the key is good for something."""
        return scope in self.scopes or KeyScope.ADMIN in self.scopes


def new_secret(prefix: str = KEY_PREFIX) -> str:
    """Return a key, or what a session's cookie holds."""
    return prefix + secrets.token_urlsafe(_SECRET_BYTES)


def digest_of(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


class Keys(Protocol):
    """Keys and sessions in a ledger. Times are real ones, whatever the pipeline's clock says."""

    def add_key(
        self, name: str, scopes: Collection[KeyScope], digest: str, now: datetime
    ) -> ApiKey:
        """Keep a new key. Raises UsageError when a living one has that name."""
        ...

    def find_key(self, digest: str) -> ApiKey | None:
        """Return the living key with a digest."""
        ...

    def api_keys(self) -> list[ApiKey]:
        """Return all keys, revoked ones too, oldest first."""
        ...

    def has_keys(self) -> bool:
        """Tell whether a key was ever made, be it revoked."""
        ...

    def revoke_key(self, name: str, now: datetime) -> bool:
        """Let a key, and the sessions it began, be good for nothing; tell if there was one."""
        ...

    def note_key_used(self, key_id: int, now: datetime) -> None:
        """Keep when a key was last used."""
        ...

    def begin_session(self, key: ApiKey, digest: str, now: datetime, until: datetime) -> None:
        """Keep a session that a key began; those that have ended are forgotten."""
        ...

    def find_session(self, digest: str, now: datetime) -> ApiKey | None:
        """Return the living key that began a session which has not ended."""
        ...

    def end_session(self, digest: str) -> None:
        """Forget a session."""
        ...
