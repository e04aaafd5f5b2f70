"""WooCommerce's webhook signature: base64 of HMAC-SHA256 over the raw body."""

import hashlib
import hmac
import html
from base64 import b64encode


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """
    Say whether *signature* (`X-WC-Webhook-Signature`) is the body's.

    WooCommerce decodes HTML entities in the stored secret before it signs.
    """
    if not secret or not signature:
        return False
    key = html.unescape(secret).encode()
    expected = b64encode(hmac.new(key, body, hashlib.sha256).digest())
    return hmac.compare_digest(expected, signature.encode())
