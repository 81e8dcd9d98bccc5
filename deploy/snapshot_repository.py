"""Registers the folder in which the stack's Elasticsearch keeps snapshots of the index.

Where and as whom it asks comes from NEWSLINE_INDEX__* and /run/secrets, as for the other steps of
the set-up. Done anew at every start of the stack; the snapshots that are there stay.
"""

import os
from pathlib import Path

from elasticsearch import Elasticsearch

SECRETS = Path("/run/secrets")
#: Below path.repo of deploy/elasticsearch/elasticsearch.yml.
FOLDER = "newsline"


def main() -> None:
    """Register the repository; Elasticsearch tries whether it can write there."""
    admin = (SECRETS / "elastic_password").read_text("ascii").strip()
    name = os.environ["NEWSLINE_INDEX__SNAPSHOT_REPOSITORY"]
    with Elasticsearch(
        os.environ["NEWSLINE_INDEX__URL"],
        ca_certs=os.environ["NEWSLINE_INDEX__CA_FILE"],
        basic_auth=("elastic", admin),
        request_timeout=60,
    ) as client:
        client.snapshot.create_repository(
            name=name, repository={"type": "fs", "settings": {"location": FOLDER}}
        )
    print(f"snapshots: the repository {name} is registered")


if __name__ == "__main__":
    main()
