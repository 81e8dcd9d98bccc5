"""Looking up host names with the machine's own resolver.

Each look-up has a thread of its own. The loop's thread pool would let six slow name servers stop
every other look-up on a small machine, and would hold up the end of the process; these threads are
daemons, so a look-up that nobody waits for any more ends with the process.
"""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence

from pipeline.errors import ItemError
from pipeline.fetch.reasons import failure

#: Host name → IP addresses, in order of preference. Raises Transient("dns_…").
Resolver = Callable[[str], Awaitable[Sequence[str]]]

_UNKNOWN = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))


async def system_resolver(host: str) -> Sequence[str]:
    """Ask getaddrinfo, without holding up the loop."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Sequence[str]] = loop.create_future()

    def settle(addresses: Sequence[str], error: ItemError | None) -> None:
        if answer.done():  # the caller gave up
            return
        if error is None:
            answer.set_result(addresses)
        else:
            answer.set_exception(error)

    def look_up() -> None:
        addresses: Sequence[str] = ()
        error: ItemError | None = None
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
        except socket.gaierror as problem:
            reason = "dns_unknown_host" if problem.errno in _UNKNOWN else "dns_temporary"
            error = failure(reason, f"{host}: {problem.strerror}")
        except UnicodeError as problem:  # a label that Python's own check refuses
            error = failure("dns_unknown_host", f"{host}: {problem}")
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, addresses, error)

    threading.Thread(target=look_up, name=f"resolve {host}", daemon=True).start()
    return await answer
