"""Fixtures that several contract tests share."""

from support_ledger import ledger, ledger_url, second  # noqa: F401 - fixtures
from support_postgres import (  # noqa: F401 - fixtures
    empty_postgres_url,
    postgres_server,
    postgres_url,
)
