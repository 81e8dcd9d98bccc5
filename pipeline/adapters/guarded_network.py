"""The address guard at the socket: httpcore2 opens no connection but through this.

A name is looked up once, every answer must pass the table of `fetch/addresses.py`, and the
connection goes to an address that was checked. A check before the request could be fooled by a name
that answers differently the second time (DNS rebinding); here there is no second time.
"""

import asyncio
import errno
import ssl
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import httpcore2
from httpcore2 import SOCKET_OPTION, AnyIOBackend, AsyncNetworkStream

from pipeline.adapters.resolver import Resolver, system_resolver
from pipeline.config import FetchSettings
from pipeline.errors import ItemError
from pipeline.fetch.guard import Guard, known_addresses
from pipeline.fetch.reasons import failure

#: OpenSSL's X509_V_ERR_… numbers, by what they mean to an operator.
_TLS_REASONS = {
    9: "tls_expired",  # not yet valid
    10: "tls_expired",
    62: "tls_wrong_name",
    63: "tls_wrong_name",
    64: "tls_wrong_name",
}
#: More addresses than this are not tried: each one costs a share of the time limit.
_MAX_ADDRESSES = 4
#: Of a response that never comes to its point: endless 1xx answers, chunk extensions, trailers.
_FRAMING_FACTOR = 2
_FRAMING_FREE_BYTES = 256 * 1024


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return a context that checks certificates and host names; `ca_file` is trusted as well."""
    context = httpcore2.default_ssl_context()  # the machine's own authorities, wherever they are
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


class GuardedNetwork(httpcore2.AsyncNetworkBackend):
    """Opens connections to public addresses only."""

    def __init__(self, settings: FetchSettings, resolver: Resolver | None = None) -> None:
        self._settings = settings
        self._guard = Guard(settings)
        self._resolve = resolver or system_resolver
        self._backend = AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109, ARG002 - httpcore2's signature
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Look up, check, connect. Raises ItemErrors that say which of the three failed."""
        deadline_s = time.monotonic() + self._settings.connect_timeout_s
        addresses = (await self.checked(host, port))[:_MAX_ADDRESSES]
        problem: ItemError | None = None
        for position, address in enumerate(addresses):
            share_s = (deadline_s - time.monotonic()) / (len(addresses) - position)
            try:
                stream = await self._backend.connect_tcp(
                    address, port, max(0.0, share_s), local_address, socket_options
                )
            except (httpcore2.ConnectTimeout, httpcore2.ConnectError) as error:
                problem = _connect_problem(error, f"{host} ({address}) port {port}")
            else:
                wire_bytes = self._settings.max_wire_bytes
                return GuardedStream(stream, _FRAMING_FACTOR * wire_bytes + _FRAMING_FREE_BYTES)
        raise problem or failure("connect_failed", f"{host}: not tried")

    async def checked(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host, all of which we may connect to. Raises ItemErrors."""
        addresses = await self._addresses(host)
        self._guard.check(host, port, addresses)
        if not addresses:
            raise failure("dns_unknown_host", f"{host}: no address")
        return addresses

    async def _addresses(self, host: str) -> Sequence[str]:
        known = known_addresses(host)
        if known is not None:
            return known
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                return await self._resolve(host)
        except TimeoutError:
            raise failure("dns_temporary", f"{host}: no answer in time") from None


class GuardedStream(AsyncNetworkStream):
    """A connection that knows how much came since the last request, and whether it was ended."""

    def __init__(self, stream: AsyncNetworkStream, max_bytes: int) -> None:
        self._stream = stream
        self._max_bytes = max_bytes
        self._received_bytes = 0
        self.ended = False  # the other side closed its end

    async def read(
        self,
        max_bytes: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore2's signature
    ) -> bytes:
        """Read what is there. Raises Permanent("too_large") when it never stops."""
        try:
            received = await self._stream.read(max_bytes, timeout)
        except OSError as error:  # of the TLS layer: a broken record, not a cut connection
            raise httpcore2.ReadError(error) from error
        self.ended = not received
        self._received_bytes += len(received)
        if self._received_bytes > self._max_bytes:
            raise failure("too_large", f"more than {self._max_bytes} bytes for one response")
        return received

    async def write(
        self,
        buffer: bytes,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore2's signature
    ) -> None:
        """Send a request; the count of what comes back starts again."""
        self._received_bytes = 0
        try:
            await self._stream.write(buffer, timeout)
        except OSError as error:
            raise httpcore2.WriteError(error) from error

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore2's signature
    ) -> AsyncNetworkStream:
        """Agree on TLS; the certificate must be valid for the host name. Raises Transient."""
        try:
            stream = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except (httpcore2.ConnectTimeout, httpcore2.ConnectError, OSError) as error:
            raise _tls_problem(error, server_hostname or "") from error
        except asyncio.CancelledError:
            # httpcore2 closes it after errors only, not after a deadline
            await self._stream.aclose()
            raise
        return GuardedStream(stream, self._max_bytes)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - httpcore2's signature
        """Pass on what the connection says of itself."""
        return self._stream.get_extra_info(info)


def _connect_problem(error: Exception, where: str) -> ItemError:
    """Name a failed connection. httpcore2 keeps the cause as its argument, anyio as a cause."""
    if isinstance(error, httpcore2.ConnectTimeout):
        return failure("connect_timeout", where)
    cause: BaseException | None = error.args[0] if error.args else None
    while cause is not None and getattr(cause, "errno", None) is None:
        cause = cause.__cause__
    refused = getattr(cause, "errno", None) == errno.ECONNREFUSED
    return failure("connect_refused" if refused else "connect_failed", f"{where}: {cause or error}")


def _tls_problem(error: Exception, host: str) -> ItemError:
    """Name a failed handshake."""
    if isinstance(error, httpcore2.ConnectTimeout):
        return failure("connect_timeout", f"{host}: TLS handshake")
    cause = error.args[0] if error.args and isinstance(error.args[0], Exception) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        reason = _TLS_REASONS.get(cause.verify_code, "tls_untrusted")
        return failure(reason, f"{host}: {cause.verify_message}")
    return failure("tls_error", f"{host}: {cause}")
