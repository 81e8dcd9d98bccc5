"""Sends messages to a receiver's address, through the guard of all our requests."""

import asyncio
from datetime import datetime

import httpcore2

from pipeline.adapters.guarded_network import GuardedNetwork, tls_context
from pipeline.config import FetchSettings
from pipeline.errors import Transient
from pipeline.fetch.reasons import failure, http_reason
from pipeline.fetch.target import parse_target
from pipeline.fetch.user_agent import user_agent
from pipeline.messages import Message, headers

_OK = range(200, 300)


async def post(url: str, message: Message, settings: FetchSettings, now: datetime) -> None:
    """Send a message; done when the answer is 2xx. Redirects are not followed.

    Raises Transient or Permanent with a reason of pipeline/fetch/reasons.py. Neither they nor the
    log name the address: part of it is often a secret.
    """
    target = parse_target(url)
    address = httpcore2.URL(
        scheme=target.scheme.encode(),
        host=target.host.encode(),
        port=target.port,
        target=target.path.encode(),
    )
    sent = (
        ("Host", target.authority),
        ("User-Agent", user_agent(settings)),
        *headers(message, now),
    )
    pool = httpcore2.AsyncConnectionPool(
        ssl_context=tls_context(settings.ca_file), network_backend=GuardedNetwork(settings)
    )
    try:
        async with asyncio.timeout(settings.page_deadline_s), pool:
            answer = await pool.request("POST", address, headers=sent, content=message.body)
    except TimeoutError:
        raise failure("deadline", f"more than {settings.page_deadline_s:g} s") from None
    except (httpcore2.NetworkError, httpcore2.RemoteProtocolError) as error:
        raise failure("reset", type(error).__name__) from None
    if answer.status not in _OK:
        raise Transient(http_reason(answer.status), f"HTTP {answer.status}")
