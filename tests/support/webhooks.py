"""WooCommerce's deliveries, as it signs them."""

import base64
import hashlib
import hmac


def signature_of(body: bytes, secret: str) -> str:
    """Return the header's value."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
