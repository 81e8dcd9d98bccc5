"""Fixtures that several end-to-end tests share."""

from support_airflow import airflow, desk_of  # noqa: F401 - fixtures
from support_browser import browser  # noqa: F401 - a fixture
from support_postgres import postgres_server, postgres_url  # noqa: F401 - fixtures
