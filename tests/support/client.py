"""The bridge's HTTP, called in-process, and tokens as the WordPress plugin makes them."""

import hashlib
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from flask.testing import FlaskClient

from tests.support.apps import create_app
from tests.support.site import SECRET, SITE_URL, SiteDatabase

API_KEY = "an-api-key-of-a-back-end"


def make_token(user_id: int | str, scope: str | None = "fragment read", **claims: Any) -> str:
    """Return a token like the plugin's; *claims* replace or, given as None, remove some."""
    now = int(time.time())
    values: dict[str, Any] = {
        "iss": SITE_URL,
        "aud": "aipkit-bridge",
        "sub": str(user_id),
        "scope": scope,
        "iat": now,
        "exp": now + 60,
    }
    secret = claims.pop("secret", SECRET)
    algorithm = claims.pop("algorithm", "HS256")
    values |= claims
    payload = {name: value for name, value in values.items() if value is not None}
    return jwt.encode(payload, secret, algorithm=algorithm)


def bearer(credential: str) -> dict[str, str]:
    """Return the header."""
    return {"Authorization": f"Bearer {credential}"}


def api_key(*scopes: str) -> dict[str, Any]:
    """Return the `security` section with a back end's key."""
    digest = hashlib.sha256(API_KEY.encode()).hexdigest()
    return {"api_keys": [{"name": "tests", "sha256": digest, "scopes": list(scopes)}]}


@pytest.fixture
def client(site: SiteDatabase) -> Iterator[FlaskClient]:
    """The bridge on the recorded site, with an API key that may read."""
    bridge = site.bridge(security=api_key("read"), woocommerce={"webhook_secret": WEBHOOK_SECRET})
    with create_app(bridge).test_client() as test_client:
        yield test_client


WEBHOOK_SECRET = "whsec-fixture-secret"
