"""A TCP proxy on loopback between a client and a real server, which can go wrong in every way.

What is set holds for every connection, open ones too, until it is set otherwise.
"""

import socket
import threading
import time
from contextlib import suppress
from urllib.parse import urlsplit

_RST = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # linger for no time: close says RST instead of FIN
_SLICES_A_S = 20  # of a throttled line
_LOOK_EVERY_S = 0.01


class Proxy:
    """Use as a context manager; `url` is the server's address through the proxy."""

    def __init__(self, server_url):
        parts = urlsplit(server_url)
        self._server = (parts.hostname, parts.port)
        self._listener, self._pairs, self._threads = None, set(), []
        self._closing = threading.Event()
        self.port = 0
        self.silent = False  # half open: connections stay, not a byte passes
        self.delay_s = 0.0  # before each piece of an answer
        self.bytes_s = None  # in each direction
        self.answer_bytes = None  # a connection is reset when so much of an answer has passed

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        self.listen()
        return self

    def __exit__(self, *_):
        self._closing.set()
        self.refuse()
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()

    def listen(self):
        """Accept connections, at the same port as before."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)  # a slow line is felt
        listener.bind(("127.0.0.1", self.port))
        listener.listen()
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._start(self._accept, listener)

    def refuse(self):
        """Refuse connections and cut the open ones, until `listen`."""
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.cut()

    def cut(self):
        """Reset every open connection."""
        for pair in list(self._pairs):
            _reset(*pair)

    def _start(self, work, *args):
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._server)
            except OSError:
                _reset(client)
                continue
            pair = (client, server)
            self._pairs.add(pair)
            self._start(self._pump, client, server, pair, False)
            self._start(self._pump, server, client, pair, True)

    def _pump(self, source, target, pair, answers):
        """Pass on what comes from one side until either has gone."""
        passed = 0
        try:
            while received := source.recv(self._piece()):
                self._hold_back(received, answers=answers)
                if answers and self.answer_bytes is not None:
                    received = received[: self.answer_bytes - passed]
                    passed += len(received)
                target.sendall(received)
                if answers and self.answer_bytes is not None and passed >= self.answer_bytes:
                    break
        except OSError:
            return  # one side has gone, or was cut off by a test
        finally:
            _reset(*pair)
            self._pairs.discard(pair)

    def _piece(self):
        return max(1, self.bytes_s // _SLICES_A_S) if self.bytes_s else 65536

    def _hold_back(self, received, *, answers):
        if answers:
            self._closing.wait(self.delay_s)
        if self.bytes_s:
            self._closing.wait(len(received) / self.bytes_s)
        while self.silent and not self._closing.is_set():
            time.sleep(_LOOK_EVERY_S)


def _reset(*sockets):
    for one in sockets:
        with suppress(OSError):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for it
        one.close()
