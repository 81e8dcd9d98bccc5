"""A loopback server that says exactly the bytes a test tells it to, well-formed or not.

Each connection has a thread; each path a script. A script gets the open connection and returns
True when the connection may be used again.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

Script = Callable[["Connection"], bool | None]


@dataclass
class Request:
    """One request as it was received."""

    path: str
    headers: dict[str, str]  # lower-case names
    raw: bytes  # the head
    body: bytes = b""


class Connection:
    """What a script may do with a connection."""

    def __init__(self, sock, server, request):
        self._sock = sock
        self._server = server
        self.request = request

    @property
    def open(self):
        """False once the server is being closed: ends drips."""
        return not self._server.closing

    def send(self, data):
        """Send bytes; raises OSError when the client has gone."""
        self._sock.sendall(data)

    def drip(self, data, every_s=0.02):
        """Send byte by byte until the client or the test has had enough."""
        for position in range(len(data)):
            if not self.open:
                return
            self.send(data[position : position + 1])
            time.sleep(every_s)

    def reset(self):
        """Close with RST instead of FIN."""
        self._sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
        )
        self._sock.close()

    def wait(self):
        """Say nothing until the client or the test has had enough."""
        with suppress(OSError):
            self._sock.recv(1)


@dataclass
class ScriptedServer:
    """Use as a context manager; `port` is known inside."""

    tls: ssl.SSLContext | None = None
    scripts: dict[str, Script] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    closing: bool = False
    port: int = 0

    def on(self, path, script):
        """Set what a path answers: a script, or bytes after which the connection is closed."""
        self.scripts[path] = script if callable(script) else raw(script)

    def url(self, path="/", host="127.0.0.1"):
        """The address of a path."""
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sockets, self._threads = set(), []
        self._start(self._accept)
        return self

    def __exit__(self, *_):
        self.closing = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in list(self._sockets):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()

    def _start(self, work, *args):
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while not self.closing:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._serve, sock)

    def _serve(self, sock):
        self._sockets.add(sock)
        try:
            with suppress(OSError):  # the client left, or refused our certificate
                if self.tls:
                    plain, sock = sock, self.tls.wrap_socket(sock, server_side=True)
                    self._sockets.discard(plain)
                    self._sockets.add(sock)
                while self._answer(sock):
                    continue
        finally:
            self._sockets.discard(sock)
            sock.close()

    def _answer(self, sock):
        head = b""
        while b"\r\n\r\n" not in head:
            received = sock.recv(65536)
            if not received:
                return False
            head += received
        head, end, body = head.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        while len(body) < int(headers.get("content-length", 0)):
            received = sock.recv(65536)
            if not received:
                return False
            body += received
        path = first.split(" ")[1]
        request = Request(path, headers, head + end, body)
        self.requests.append(request)
        script = self.scripts.get(path.partition("?")[0]) or reply(b"nothing here", "404 Not Found")
        return bool(script(Connection(sock, self, request)))


def raw(data):
    """Send bytes, then close."""

    def script(connection):
        connection.send(data)

    return script


def response(body=b"", status="200 OK", headers=()):
    """Return a well-formed response with its length."""
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
    lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def reply(body=b"", status="200 OK", headers=()):
    """Answer well and keep the connection."""

    def script(connection):
        connection.send(response(body, status, headers))
        return True

    return script


def redirect(location, status="302 Found"):
    """Send somewhere else."""
    return reply(b"", status, [("Location", location)])
