"""
Sending an event to an address, signed as the Standard Webhooks specification says.

The package of that specification's authors is not used: it brings an HTTP client of its own for
what are three lines here.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass

import requests

from bridge.domain.errors import BridgeError
from bridge.domain.events import SECRET_PREFIX
from bridge.version import VERSION

_TIMEOUT = (5.0, 15.0)  # to connect, and between two bytes, in seconds


class WebhookRefusedError(BridgeError):
    """The receiver has not taken an event; the text says what was seen."""

    code = "webhook_refused"

    def __init__(self, seen: str, *, is_gone: bool = False) -> None:
        super().__init__(seen)
        self.is_gone = is_gone  # it wants no more of them (410)


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: the same id and body each time it is tried."""

    message_id: str
    body: bytes


def sign(secret: str, message: Message, at: int) -> str:
    """
    Return the value of `webhook-signature`.

    Args:
        secret: `whsec_` and Base64 of the key.
        message: What is sent.
        at: The time of this try in Unix seconds, which the receiver compares with its clock.
    """
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = b".".join((message.message_id.encode(), str(at).encode(), message.body))
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def post(url: str, secret: str, message: Message, at: int) -> None:
    """
    Send once; return when the receiver has taken it.

    Raises:
        WebhookRefusedError: It has not, or nobody knows whether it has.
    """
    headers = {
        "content-type": "application/json",
        "user-agent": f"aipkit-bridge/{VERSION}",
        "webhook-id": message.message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": sign(secret, message, at),
    }
    try:
        with requests.post(
            url,
            data=message.body,
            headers=headers,
            timeout=_TIMEOUT,
            allow_redirects=False,
            stream=True,
        ) as answer:
            status = answer.status_code
    except requests.RequestException as error:
        # Its text may hold the address, which may hold a password.
        raise WebhookRefusedError(
            f"The address does not answer ({type(error).__name__})."
        ) from None
    if not 200 <= status < 300:
        raise WebhookRefusedError(f"The address answers HTTP {status}.", is_gone=status == 410)
