"""What Airflow reads of this distribution: connection types, with the forms to fill in for them.

Found through the entry point `apache_airflow_provider`; Airflow itself is not imported. The hooks
are in plugins/news_hooks.py.
"""

from typing import Any

LEDGER = "newsline"
#: Not plain "elasticsearch": Airflow's own provider, which may be there for remote logs, owns that.
ELASTICSEARCH = "news_elasticsearch"


def get_provider_info() -> dict[str, Any]:
    """Return our connection types as provider.yaml would have them."""
    return {
        "package-name": "newsline",
        "name": "Newsline",
        "description": "News feeds to a balanced, searchable, enriched index.",
        "connection-types": [_ledger(), _elasticsearch()],
    }


def _ledger() -> dict[str, Any]:
    return {
        "connection-type": LEDGER,
        "hook-class-name": "news_hooks.NewslineHook",
        "hook-name": "Newsline",
        "conn-fields": {
            "config": _text("Settings file", "path of pipeline.toml; empty: NEWSLINE_CONFIG"),
            "data": _text("Data folder", "of archive and embedded index; empty: NEWSLINE_DATA"),
        },
        "ui-field-behaviour": {
            "hidden-fields": ["extra"],
            "relabeling": {"schema": "Database", "host": "Ledger's host"},
            "placeholders": {
                "host": "of the PostgreSQL ledger; empty: the ledger of the settings",
                "schema": "newsline",
                "port": "5432",
            },
        },
    }


def _elasticsearch() -> dict[str, Any]:
    return {
        "connection-type": ELASTICSEARCH,
        "hook-class-name": "news_hooks.NewsElasticsearchHook",
        "hook-name": "Elasticsearch (Newsline)",
        "conn-fields": {
            "api_key": _text("API key", "encoded, as `newsline index init` writes it", secret=True),
            "api_key_file": _text("File with an API key", "instead of the key itself"),
            "ca_certs": _text("CA file", "authority of the cluster's certificate (PEM)"),
            "request_timeout": {
                "label": "Request time-out (s)",
                "schema": {"type": ["number", "null"], "minimum": 0.1},
            },
        },
        "ui-field-behaviour": {
            "hidden-fields": ["extra"],
            "relabeling": {"schema": "Scheme", "host": "Hosts", "login": "User"},
            "placeholders": {"host": "one, or several apart by commas", "schema": "https",
                             "port": "9200"},
        },
    }  # fmt: skip


def _text(label: str, description: str, *, secret: bool = False) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": ["string", "null"]}
    if secret:
        schema["format"] = "password"
    return {"label": label, "description": description, "schema": schema}
