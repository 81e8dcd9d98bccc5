"""Opens the port that the server listens on, or says why it cannot."""

import socket

from pipeline.errors import UsageError

_BACKLOG = 1_024


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes any that is free. Raises UsageError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (while ")[0]
        raise UsageError(
            f"cannot listen on {host}, port {port}: {reason}; choose another with --host or --port"
        ) from None
