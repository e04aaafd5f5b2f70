"""WooCommerce's webhook signature: base64 of HMAC-SHA256 over the raw body."""

import hashlib
import hmac
import re
from base64 import b64encode

_ENTITY = re.compile(r"&(lt|gt|quot|amp|#0*(?:34|38|39|60|62)|#[xX]0*(?:22|26|27));")
_NAMED = {"lt": "<", "gt": ">", "quot": '"', "amp": "&"}


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """
    Say whether *signature* (`X-WC-Webhook-Signature`) is the body's.

    WooCommerce decodes the five special characters' entities in the stored secret, and no
    others, before it signs.
    """
    if not secret or not signature:
        return False
    key = _ENTITY.sub(lambda found: _meaning(found[1]), secret).encode()
    expected = b64encode(hmac.new(key, body, hashlib.sha256).digest())
    return hmac.compare_digest(expected, signature.encode())


def _meaning(entity: str) -> str:
    if entity in _NAMED:
        return _NAMED[entity]
    digits = entity[1:]
    return chr(int(digits[1:], 16) if digits[0] in "xX" else int(digits))
