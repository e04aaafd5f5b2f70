"""Asks the bridge as the WordPress plugin does: one signed request for one visitor."""

import time
from dataclasses import dataclass
from typing import Any

import jwt
from werkzeug.test import TestResponse

from bridge.web.app import create_app
from bridge.wiring import Bridge
from tests.support.site import SECRET, SITE_URL

FRAGMENT = "/v1/fragments/token-usage"
PAGE_URL = "https://shop.example/account/"
LOGIN_URL = "https://shop.example/wp-login.php"


def sign(user_id: int, *, audience: str = "aipkit-bridge", **claims: Any) -> str:
    """Return a token as the plugin makes it."""
    now = int(time.time())
    known = {"iss": SITE_URL, "aud": audience, "sub": str(user_id), "iat": now, "exp": now + 60}
    return jwt.encode({**known, **claims}, SECRET, algorithm="HS256")


@dataclass
class Visitor:
    """One user in front of a page with the shortcode; 0 is a guest."""

    bridge: Bridge
    user_id: int

    def get(self, **query: str) -> TestResponse:
        """Ask for the fragment."""
        token = sign(self.user_id, scope="fragment")
        return (
            create_app(self.bridge)
            .test_client()
            .get(
                FRAGMENT,
                query_string={"locale": "en_US", "page_url": PAGE_URL, **query},
                headers={"Authorization": f"Bearer {token}"},
            )
        )

    def html(self, **query: str) -> str:
        """Return the fragment's HTML."""
        response = self.get(**query)
        assert response.status_code == 200, response.text
        return response.text
