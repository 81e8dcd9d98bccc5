"""Gives Elasticsearch's built-in user `kibana_system` the password that Kibana was given.

Where and as whom it asks comes from NEWSLINE_INDEX__* and /run/secrets, as for the other steps of
the set-up. Done anew at every start of the stack: it then holds whatever the secret holds.
"""

import os
from pathlib import Path

from elasticsearch import Elasticsearch

SECRETS = Path("/run/secrets")


def main() -> None:
    """Set the password."""
    admin = (SECRETS / "elastic_password").read_text("ascii").strip()
    password = (SECRETS / "kibana_password").read_text("ascii").strip()
    with Elasticsearch(
        os.environ["NEWSLINE_INDEX__URL"],
        ca_certs=os.environ["NEWSLINE_INDEX__CA_FILE"],
        basic_auth=("elastic", admin),
        request_timeout=30,
    ) as client:
        client.security.change_password(username="kibana_system", password=password)
    print("kibana_system: password set")


if __name__ == "__main__":
    main()
