"""What is sent to a receiver's webhook, and how it knows that it comes from us.

Signed as Standard Webhooks has it (https://www.standardwebhooks.com, version 1): HMAC-SHA256 over
"ID.TIMESTAMP.BODY" with a secret that sender and receiver share. The same message sent again has
the same ID.
"""

import hmac
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import datetime

_PREFIX, _SECRET_BYTES = "whsec_", 32


@dataclass(frozen=True, slots=True)
class Message:
    """A body for a receiver."""

    message_id: str  # the same when it is sent again
    body: bytes
    content_type: str = "application/json"
    secret: str = field(default="", repr=False)  # "": not signed


def new_secret() -> str:
    """Return a secret for one receiver, as its libraries take it: `whsec_` and base64."""
    return _PREFIX + b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def headers(message: Message, now: datetime) -> tuple[tuple[str, str], ...]:
    """Return the headers of a message; two of them prove where and when it comes from."""
    sent_at = str(int(now.timestamp()))
    found = (
        ("Content-Type", message.content_type),
        ("webhook-id", message.message_id),
        ("webhook-timestamp", sent_at),
    )
    if not message.secret:
        return found
    signed = f"{message.message_id}.{sent_at}.".encode() + message.body
    key = b64decode(message.secret.removeprefix(_PREFIX))
    signature = b64encode(hmac.digest(key, signed, "sha256")).decode()
    return (*found, ("webhook-signature", f"v1,{signature}"))
