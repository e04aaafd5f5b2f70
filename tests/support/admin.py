"""An administrator's browser, in-process."""

from flask import Flask
from flask.testing import FlaskClient

from bridge.services.sign_in import sign_in
from bridge.wiring import Bridge
from tests.support.visitor import Html

ADMIN = 1
COOKIE = "aipkit_bridge_session"


def new_session(bridge: Bridge, user_id: int = ADMIN, token: str = "a-token-of-this-test") -> str:
    """Return the cookie of a new session."""
    return sign_in(bridge.db, bridge.site, user_id=user_id, token_id=token)


def sign_in_browser(app: Flask, bridge: Bridge, user_id: int = ADMIN) -> FlaskClient:
    """Return a browser that is signed in."""
    client = app.test_client()
    client.set_cookie(COOKIE, new_session(bridge, user_id, f"a-token-of-user-{user_id}"))
    return client


def look(browser: FlaskClient, path: str, status: int = 200, **query: str) -> Html:
    """Return a page, read."""
    answer = browser.get(path, query_string=query or None)
    assert answer.status_code == status, answer.text
    return Html(answer.text)
