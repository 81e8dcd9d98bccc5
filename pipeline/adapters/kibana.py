"""Kibana's HTTP API, as far as giving it dashboards needs it: patient, and exact about refusals."""

import base64
import secrets
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpcore2
import orjson

from pipeline.errors import AccessDenied, StoreUnavailable, UsageError
from pipeline.kibana.saved_objects import SavedObject, ndjson

#: Kibana takes one to three minutes to start.
PATIENCE_S = 240.0
_WAIT_S = 3.0
_TIMEOUT_S = 60.0  # an import of a dozen objects takes a second or two
_AGAIN = frozenset({429, 502, 503, 504})
_DENIED = frozenset({401, 403})
_OK = range(200, 300)
_REDIRECTS = range(300, 400)
_NOT_FOUND = 404
_AWAY = (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.RemoteProtocolError)


@dataclass(frozen=True, slots=True)
class Put:
    """What became of one object."""

    type: str
    id: str
    refused: str = ""  # Kibana's reason; "" when it was taken
    became: str = ""  # another id that it was given, because a different space has this one


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: Any  # JSON, else text

    @property
    def message(self) -> str:
        """What Kibana says about a refusal."""
        said = self.body.get("message") if isinstance(self.body, Mapping) else self.body
        return f"HTTP {self.status}: {str(said or '')[:500]}"


class Kibana:
    """One Kibana, in one of its spaces. Every call waits while it is still starting."""

    def __init__(
        self,
        url: str,
        *,
        space: str = "",
        authorization: str | None = None,
        ca_file: Path | None = None,
        say: Callable[[str], None],
        patience_s: float = PATIENCE_S,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take where it is and the Authorization header; `say` is told why one has to wait.

        Raises UsageError for an address or a file of authorities that cannot be used.
        """
        if "@" in url:  # not repeated: what stands before it is a secret
            raise UsageError(
                "the address of Kibana holds no user and no password;"
                " give --user and --password-file, or --api-key-file"
            )
        if not url.startswith(("http://", "https://")):
            raise UsageError(f"{url}: the address of Kibana begins with http:// or https://")
        self.url = url.rstrip("/")
        self._root = f"{self.url}/s/{quote(space, safe='')}" if space else self.url
        self._headers = {"kbn-xsrf": "newsline", "accept": "application/json"}
        if authorization is not None:
            self._headers["authorization"] = authorization
        self._say = say
        self._patience_s = patience_s
        self._sleep = sleep
        self._pool = httpcore2.ConnectionPool(ssl_context=_tls(ca_file))

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def version(self) -> tuple[int, int]:
        """Return major and minor version. Raises UsageError when it does not say."""
        answer = self._ask("GET", "/api/status", "ask for the version")
        body = answer.body if isinstance(answer.body, Mapping) else {}
        number = str(body.get("version", {}).get("number", ""))
        major, _, rest = number.partition(".")
        minor = rest.partition(".")[0]
        if answer.status not in _OK or not (major.isdigit() and minor.isdigit()):
            raise UsageError(
                f"{self.url} does not say which version of Kibana it is ({answer.message[:80]});"
                " is this its address? --form says what to send without asking"
            )
        return int(major), int(minor)

    def import_objects(self, objects: Sequence[SavedObject]) -> list[Put]:
        """Put saved objects, over those that are there; say of each what became of it."""
        content, content_type = _file_form(ndjson(objects))
        path = "/api/saved_objects/_import?overwrite=true"
        answer = self._ask("POST", path, "import saved objects", content, content_type)
        if answer.status not in _OK or not isinstance(answer.body, Mapping):
            return [Put(one["type"], one["id"], answer.message) for one in objects]
        taken = {_key(one): one for one in answer.body.get("successResults", [])}
        refused = {_key(one): _reason(one) for one in answer.body.get("errors", [])}
        found = []
        for one in objects:
            key = _key(one)
            unsaid = "" if key in taken else "Kibana's answer does not name it"
            became = str(taken.get(key, {}).get("destinationId", ""))
            found.append(Put(*key, refused.get(key, unsaid), became))
        return found

    def put_dashboard(self, id_: str, body: Mapping[str, Any]) -> Put:
        """Make a dashboard, or put it in the place of the one that has its id."""
        path = f"/api/dashboards/{quote(id_, safe='')}"
        content = orjson.dumps(body)
        answer = self._ask("PUT", path, "put a dashboard", content, "application/json")
        if answer.status == _NOT_FOUND:
            return Put("dashboard", id_, "this Kibana has no Dashboards API; use --form ndjson")
        return Put("dashboard", id_, "" if answer.status in _OK else answer.message)

    def _ask(
        self, method: str, path: str, doing: str, content: bytes = b"", content_type: str = ""
    ) -> _Answer:
        """Ask until there is an answer that is one. Raises StoreUnavailable, AccessDenied."""
        headers = {**self._headers, **({"content-type": content_type} if content else {})}
        started = time.monotonic()
        while True:
            try:
                answer = self._once(method, path, headers, content)
                why = answer.message
            except _AWAY as error:
                if isinstance(error.__context__, ssl.SSLError):
                    raise UsageError(f"{self.url}: {error}; is index.ca_file right?") from None
                answer, why = None, str(error) or type(error).__name__
            if answer is not None and answer.status not in _AGAIN:
                return self._checked(answer, doing)
            if time.monotonic() - started + _WAIT_S > self._patience_s:
                raise StoreUnavailable(
                    f"cannot {doing}: Kibana at {self.url} is away, and was waited for "
                    f"{self._patience_s:.0f} s: {why}; is it running there? --url says where it is"
                )
            self._say(f"waiting for Kibana at {self.url}: {why}")
            self._sleep(_WAIT_S)

    def _once(self, method: str, path: str, headers: Mapping[str, str], content: bytes) -> _Answer:
        limits = dict.fromkeys(("connect", "read", "write", "pool"), _TIMEOUT_S)
        response = self._pool.request(
            method,
            f"{self._root}{path}",
            headers=[(name.encode(), value.encode()) for name, value in headers.items()],
            content=content or None,
            extensions={"timeout": limits},
        )
        try:
            body = orjson.loads(response.content)
        except ValueError:
            body = response.content.decode("utf-8", "replace").strip()
        return _Answer(response.status, body)

    def _checked(self, answer: _Answer, doing: str) -> _Answer:
        if answer.status in _DENIED:
            raise AccessDenied(f"Kibana does not allow to {doing}: {answer.message}")
        if answer.status in _REDIRECTS:
            raise UsageError(
                f"{self.url} redirects (HTTP {answer.status}); give the address that it leads to"
            )
        return answer


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    """Trust the system's authorities and, if one is given, that of the cluster."""
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(f"index.ca_file {ca_file}: cannot be used: {error}") from None
    return context


def basic(user: str, password: str) -> str:
    """Return the Authorization header of a user."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def api_key(key: str) -> str:
    """Return the Authorization header of an API key, in the encoded form that Kibana shows."""
    return f"ApiKey {key}"


def _file_form(content: bytes) -> tuple[bytes, str]:
    """Return a form with one file and its content type; Kibana goes by the end of the name."""
    boundary = secrets.token_hex(16)
    head = (
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="file"; filename="newsline.ndjson"\r\n'
        "Content-Type: application/ndjson\r\n\r\n"
    )
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"


def _key(one: Mapping[str, Any]) -> tuple[str, str]:
    return str(one.get("type")), str(one.get("id"))


def _reason(one: Mapping[str, Any]) -> str:
    """Return why an object was not imported, in one line."""
    error = one.get("error", {})
    said = [
        str(error.get("type", "unknown")),
        str(error.get("message") or error.get("reason") or ""),
    ]
    missing = [f"{part.get('type')} {part.get('id')}" for part in error.get("references", [])]
    return ": ".join(part for part in (*said, ", ".join(missing)) if part)[:500]
