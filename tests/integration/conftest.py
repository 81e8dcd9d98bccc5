"""Fixtures that several integration tests share."""

from support_elasticsearch import (  # noqa: F401 - fixtures
    elasticsearch_url,
    secure_elasticsearch,
)
from support_serve import serving  # noqa: F401 - fixture
