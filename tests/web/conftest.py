"""An administrator's browser on a bridge's application, for the tests of screens."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from bridge.wiring import Bridge
from tests.support.admin import sign_in_browser
from tests.support.apps import create_app


@pytest.fixture
def app(bridge: Bridge) -> Flask:
    """The bridge that the test's module makes, over WSGI."""
    return create_app(bridge)


@pytest.fixture
def browser(app: Flask, bridge: Bridge) -> Iterator[FlaskClient]:
    """Signed in."""
    with sign_in_browser(app, bridge) as client:
        yield client
