"""Column types that mean the same on SQLite and PostgreSQL, and refuse what only one would take."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.types import TypeDecorator, TypeEngine


class Unstorable(ValueError, DontWrapMixin):
    """A value that no ledger keeps; raised before any database sees it."""


def check_text(text: str) -> str:
    """Return the text; raises Unstorable for U+0000 (PostgreSQL) and lone surrogates (UTF-8)."""
    if "\x00" in text:
        raise Unstorable(f"text holds U+0000, which no ledger keeps: {text[:60]!r}")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            around = text[max(0, error.start - 20) : error.end + 20]
            raise Unstorable(f"text holds a lone surrogate: {around!r}") from None
    return text


class SafeText(TypeDecorator[str]):
    """Text of any length that is valid UTF-8 without U+0000."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        """Check text on its way in."""
        return None if value is None else check_text(str(value))


class UtcTime(TypeDecorator[datetime]):
    """An aware time, kept to the microsecond and read back in UTC."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use timestamptz where there is one; SQLite keeps sortable text."""
        return dialect.type_descriptor(DateTime(timezone=dialect.name != "sqlite"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn any aware time into UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise Unstorable(f"time without a zone: {value.isoformat()}")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's
    ) -> datetime | None:
        """Give every time its zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
