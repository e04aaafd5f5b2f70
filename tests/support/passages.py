"""Requests as the WordPress plugin passes them on, and the seals of their answers."""

import hashlib
import hmac
import secrets
from typing import Any

from werkzeug.test import TestResponse

from tests.support.client import make_token
from tests.support.site import SECRET

AUDIENCE = "aipkit-bridge/screens"
NONCE, SESSION, BASE = "a1b2c3d4e5", "a-session-of-wordpress", "/wp-admin/admin.php"


def claims_of(method: str, target: str, body: bytes = b"") -> dict[str, Any]:
    """Return what the plugin signs of a request, beside when and for whom."""
    return {
        "jti": secrets.token_hex(16),
        "cap": "manage_options",
        "ask": hashlib.sha256(f"{method} {target}".encode()).hexdigest(),
        "body": hashlib.sha256(body).hexdigest(),
        "name": "admin",
        "locale": "en_US",
        "scheme": "fresh",
        "colors": ["#1d2327", "#2c3338", "#2271b1", "#72aee6"],
        "nonce": NONCE,
        "session": SESSION,
        "base": BASE,
        "upload": 64 * 2**20,
    }


def passed(
    method: str, target: str, sent: bytes = b"", user: int | str = 1, **claims: Any
) -> dict[str, str]:
    """Return the headers of a request that is passed on; *claims* replace or, as None, remove."""
    signed = {"aud": AUDIENCE, **claims_of(method, target, sent), **claims}
    return {"Authorization": f"Passage {make_token(user, None, **signed)}"}


def seal_of(answer: TestResponse, token_id: str, *, streamed: bool = False) -> str:
    """Return the seal that an answer must have."""
    names = ("Content-Type", "Location", "Content-Disposition")
    parts = [answer.headers.get(name, "") for name in names]
    digest = "" if streamed else hashlib.sha256(answer.data).hexdigest()
    text = "\n".join(["answer", token_id, str(answer.status_code), *parts, digest])
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
