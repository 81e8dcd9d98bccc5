"""The connections to a cluster, one for each role's key, and what its refusals mean."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

from elastic_transport import ConnectionTimeout, SerializationError, TransportError
from elasticsearch import ApiError, Elasticsearch, OrjsonSerializer, UnsupportedProductError

from pipeline.config import IndexSettings
from pipeline.errors import AccessDenied, ConfigError, Fault, IndexUnavailable
from pipeline.index.bulk import describe, is_busy

_UNAUTHENTICATED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404
#: No answer within this is an outage. A bulk request of 5 MB takes a second or two; a run that is
#: told to stop while one hangs must still end within 15 s.
REQUEST_TIMEOUT_S = 10.0

#: What a message about an address that leads nowhere ends with.
_WHENCE = "This address is [index] url, or NEWSLINE_INDEX__URL where that is set"


class Role(StrEnum):
    """Who asks: each role has a key that can do no more than it needs."""

    WRITER = "writer"  # index documents, see what the aliases lead to
    READER = "reader"  # search the alias
    MAINTAINER = "maintainer"  # make, fill, compare and switch indices


#: Whose key serves when a role has none of its own, in this order.
_STAND_INS = {
    Role.WRITER: (Role.WRITER, Role.MAINTAINER),
    Role.READER: (Role.READER, Role.MAINTAINER, Role.WRITER),
    Role.MAINTAINER: (Role.MAINTAINER, Role.WRITER, Role.READER),
}


class Cluster:
    """One cluster; a connection for each role is opened when it is first used."""

    def __init__(self, settings: IndexSettings) -> None:
        self.settings = settings
        self._clients: dict[Role, Elasticsearch] = {}

    def client(self, role: Role) -> Elasticsearch:
        """Return the connection with a role's key. Raises ConfigError for a key that is no file."""
        if role not in self._clients:
            self._clients[role] = connect(self.settings, self._key(role))
        return self._clients[role]

    def _key(self, role: Role) -> str | None:
        """Return a role's key, else a stand-in's; None when no keys are set up (security off)."""
        folder = self.settings.keys
        if folder is None:
            return None
        paths = [key_file(folder, one) for one in _STAND_INS[role]]
        path = next((path for path in paths if path.is_file()), None)
        if path is None:
            problem = f"no {role}.key in {folder}; `newsline index init` makes the keys"
            raise ConfigError([Fault("settings", "index.keys", problem)])
        try:
            return path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError([Fault(str(path), "(file)", f"cannot be read: {error}")]) from None

    def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()


def key_file(folder: Path, role: Role) -> Path:
    """Return where a role's key is kept."""
    return folder / f"{role}.key"


def connect(settings: IndexSettings, api_key: str | None, **more: Any) -> Elasticsearch:  # noqa: ANN401 - the client's
    """Open a connection that never retries by itself: retries have one owner, not this one."""
    secure = settings.url.startswith("https:")
    if secure and settings.ca_file is not None:
        more["ca_certs"] = str(settings.ca_file)
    if api_key is not None:
        more["api_key"] = api_key
    return Elasticsearch(
        settings.url,
        max_retries=0,
        retry_on_timeout=False,
        serializer=OrjsonSerializer(),
        request_timeout=REQUEST_TIMEOUT_S,
        **more,
    )


@contextmanager
def refusals(doing: str, url: str) -> Iterator[None]:
    """Turn the client's errors into ours; `doing` says what was tried.

    Raises IndexUnavailable when the cluster does not answer, is busy or lacks its indices,
    AccessDenied when the key may not do it. Any other answer is a bug of ours and stays as it is.
    """
    try:
        yield
    except ApiError as error:
        status, said = error.status_code, describe(error_of(error))
        if isinstance(error, UnsupportedProductError):
            problem = f"cannot {doing}: {url} is not Elasticsearch. {_WHENCE}"
            raise IndexUnavailable(problem) from None
        if status in (_UNAUTHENTICATED, _FORBIDDEN) and "cluster_block" not in said:
            problem = f"Elasticsearch at {url} does not allow to {doing}: {said}"
            raise AccessDenied(problem) from None
        if status == _NOT_FOUND:
            advice = "`newsline index init` makes what is missing"
            raise IndexUnavailable(f"cannot {doing}: {url}: {said}; {advice}") from None
        if is_busy(status) or status in (_UNAUTHENTICATED, _FORBIDDEN):
            raise IndexUnavailable(f"cannot {doing} now: {url}: {status}: {said}") from None
        raise
    except TransportError as error:
        if isinstance(error, SerializationError) and "deserialize" not in str(error.message):
            raise  # what we wanted to send was no JSON
        kind = "no answer in time" if isinstance(error, ConnectionTimeout) else str(error.message)
        problem = f"cannot {doing}: {url}: {kind}. {_WHENCE}: start the cluster there, or mend it"
        raise IndexUnavailable(problem) from None


def error_of(error: ApiError) -> object:
    """Return what Elasticsearch says of an error."""
    body = error.body
    return body.get("error", body) if isinstance(body, dict) else body
