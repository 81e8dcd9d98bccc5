"""Sends letters by the operator's mail server, whose address passes the guard as all others do."""

import asyncio
import socket
from email.message import EmailMessage

from aiosmtplib import SMTP, SMTPException

from pipeline.adapters.guarded_network import GuardedNetwork, tls_context
from pipeline.config import FetchSettings, MailSettings
from pipeline.errors import Transient

#: What a server says of itself or of a letter, in the log.
_MAX_SAID_CHARS = 200


async def send(letter: EmailMessage, settings: MailSettings, fetch: FetchSettings) -> None:
    """Hand a letter to the server. Raises Transient, whatever the server says: people mend it."""
    # The server stands in the settings, so its port does as well.
    named = fetch.model_copy(update={"ports": (*fetch.ports, settings.port)})
    letter["From"] = settings.sender
    try:
        async with asyncio.timeout(fetch.page_deadline_s):
            addresses = await GuardedNetwork(named).checked(settings.host, settings.port)
            where = (addresses[0], settings.port)
            async with SMTP(
                hostname=settings.host,  # the certificate is for this name
                sock=await asyncio.to_thread(_connected, where, fetch.connect_timeout_s),
                use_tls=settings.security == "tls",
                start_tls=settings.security == "starttls",
                tls_context=tls_context(fetch.ca_file),
                timeout=fetch.connect_timeout_s,
                username=settings.user or None,
                password=settings.password.get_secret_value() or None,
            ) as session:
                await session.send_message(letter)
    except (SMTPException, OSError) as error:  # a time-out is an OSError, too
        await asyncio.sleep(0)  # a connection that broke off is closed in the loop's next turn
        said = f"{type(error).__name__}: {error}"[:_MAX_SAID_CHARS]
        raise Transient("mail_not_taken", said) from None


def _connected(where: tuple[str, int], timeout_s: float) -> socket.socket:
    connection = socket.create_connection(where, timeout_s)
    connection.setblocking(False)
    return connection
