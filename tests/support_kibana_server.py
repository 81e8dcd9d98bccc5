"""Answers on loopback as Kibana's API does, as far as its description and sources say.

It keeps what it is given, refuses what Kibana refuses (no kbn-xsrf header, a file of another name,
objects that refer to nothing, forms that are too new, bodies with a key too many), and can be told
to be still starting, to be of another version, to want a key and to refuse one object.
"""

import email
import email.policy
import ssl
import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import jsonschema
import orjson
from support_kibana_api import BODY

#: The newest forms of saved objects that each version knows.
NEWEST_FORMS = {"index-pattern": (10, 1), "search": (10, 5), "map": (8, 4), "dashboard": (10, 2)}
DASHBOARDS_SINCE = (9, 5)
_CREATED, _BAD_REQUEST, _UNAUTHORIZED, _NOT_FOUND = 201, 400, 401, 404


class KibanaServer:
    """One Kibana while the context lasts. `objects` is what it holds, by space, type and id."""

    def __init__(self, version="9.2.0", *, starting=0, authorization=None, refuses=(), tls=None):
        self.version = version
        self.starting = starting  # how many requests it answers with 503 at first
        self.authorization = authorization
        self.refuses = set(refuses)
        self.objects = {}
        self.requests = []  # (method, path with query, content type)
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._server.tls = tls
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()

    def held(self, type_, space="default"):
        """Id → object of one type."""
        return {
            id_: one for (where, kind, id_), one in self.objects.items()
            if (where, kind) == (space, type_)
        }  # fmt: skip

    def answer(self, method, target, headers, content):
        """Return (status, body)."""
        self.requests.append((method, target, headers.get("content-type", "")))
        turned_away = self._turned_away(method, headers)
        if turned_away is not None:
            return turned_away
        url = urlsplit(target)
        space, path = _space_of(url.path)
        match method, path.rsplit("/", 1):
            case "GET", ["/api", "status"]:
                level = {"overall": {"level": "available"}}
                return 200, {"version": {"number": self.version}, "status": level}
            case "POST", ["/api/saved_objects", "_import"]:
                return self._import(space, parse_qs(url.query), headers, content)
            case "PUT", ["/api/dashboards", id_] if self._has_dashboards_api:
                return self._put(space, id_, content)
        return _error(_NOT_FOUND, "Not Found")

    def _turned_away(self, method, headers):
        if self.starting > 0:
            self.starting -= 1
            return 503, "Kibana server is not ready yet"
        if self.authorization and headers.get("authorization") != self.authorization:
            return _error(_UNAUTHORIZED, "missing authentication credentials")
        if method != "GET" and "kbn-xsrf" not in headers:
            return _error(_BAD_REQUEST, "Request must contain a kbn-xsrf header.")
        return None

    @property
    def _has_dashboards_api(self):
        return tuple(int(part) for part in self.version.split(".")[:2]) >= DASHBOARDS_SINCE

    def _import(self, space, query, headers, content):
        file, name = _file_of(headers.get("content-type", ""), content)
        if file is None or not name.endswith(".ndjson"):
            return _error(_BAD_REQUEST, "Invalid file extension")
        overwrite = query.get("overwrite") == ["true"]
        incoming = [orjson.loads(line) for line in file.splitlines() if line.strip()]
        known = {(type_, id_) for where, type_, id_ in self.objects if where == space}
        known |= {(one["type"], one["id"]) for one in incoming}
        taken, errors = [], []
        for one in incoming:
            error = self._refusal(one, space, known, overwrite=overwrite)
            named = {"id": one["id"], "type": one["type"], "meta": {}}
            if error is not None:
                errors.append({**named, "error": error})
                continue
            taken.append(named)
            self.objects[space, one["type"], one["id"]] = one
        body = {"success": not errors, "successCount": len(taken), "successResults": taken}
        return 200, body | ({"errors": errors} if errors else {})

    def _refusal(self, one, space, known, *, overwrite):
        """Return the error of an object that cannot be imported, or None."""
        if one["type"] not in NEWEST_FORMS:
            return {"type": "unsupported_type"}
        form = tuple(int(part) for part in one["typeMigrationVersion"].split(".")[:2])
        if form > NEWEST_FORMS[one["type"]]:
            return {"type": "unknown", "message": "belongs to a more recent version of Kibana"}
        if one["id"] in self.refuses:
            return {"type": "unknown", "message": "Document is too large", "statusCode": 413}
        wanted = [(part["type"], part["id"]) for part in one["references"]]
        missing = [{"type": type_, "id": id_} for type_, id_ in wanted if (type_, id_) not in known]
        if missing:
            return {"type": "missing_references", "references": missing}
        if (space, one["type"], one["id"]) in self.objects and not overwrite:
            return {"type": "conflict"}
        return None

    def _put(self, space, id_, content):
        body = orjson.loads(content)
        errors = [
            error.message for error in jsonschema.Draft202012Validator(BODY).iter_errors(body)
        ]
        if id_ in self.refuses:
            errors.append("[request body.panels]: definition for this key is missing")
        if errors:
            return _error(_BAD_REQUEST, errors[0])
        created = (space, "dashboard", id_) not in self.objects
        self.objects[space, "dashboard", id_] = body
        return _CREATED if created else 200, {"id": id_, "data": body, "meta": {}}


class _Server(ThreadingHTTPServer):
    tls = None  # an ssl.SSLContext

    def finish_request(self, request, client_address):
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        # Who does not believe us goes away.
        with suppress(ssl.SSLError), self.tls.wrap_socket(request, server_side=True) as wrapped:
            super().finish_request(wrapped, client_address)


def _handler(kibana):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _respond(self):
            length = int(self.headers.get("content-length", 0))
            content = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, body = kibana.answer(self.command, self.path, headers, content)
            sent = body.encode() if isinstance(body, str) else orjson.dumps(body)
            self.send_response(status)
            self.send_header("content-length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = do_PUT = _respond  # noqa: N815 - the server's names

        def log_message(self, *_):
            pass

    return Handler


def _space_of(path):
    if path.startswith("/s/"):
        _, _, space, rest = path.split("/", 3)
        return space, f"/{rest}"
    return "default", path


def _file_of(content_type, content):
    """Return the bytes and the name of the form's one file."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    form = email.message_from_bytes(head + content, policy=email.policy.HTTP)
    if not form.is_multipart():
        return None, ""
    (part,) = form.iter_parts()
    if part.get_param("name", header="content-disposition") != "file":
        return None, ""
    return part.get_payload(decode=True), part.get_filename()


def _error(status, message):
    return status, {"statusCode": status, "error": HTTPStatus(status).phrase, "message": message}
