"""Flask applications that bridges use one after another: to make all routes takes 50 ms."""

from flask import Flask

from bridge.web import app as web
from bridge.wiring import Bridge

_in_use: list[tuple[Bridge, Flask]] = []
_idle: list[Flask] = []


def create_app(bridge: Bridge) -> Flask:
    """Return the application of a bridge, its own until the bridge is taken back."""
    for user, app in _in_use:
        if user is bridge:
            return app
    if _idle:
        app = _idle.pop()
        web.attach(app, bridge)
    else:
        app = web.create_app(bridge)
    _in_use.append((bridge, app))
    return app


def take_back(bridge: Bridge) -> None:
    """Let the next bridge have its application."""
    for number, (user, app) in enumerate(_in_use):
        if user is bridge:
            _idle.append(app)
            del _in_use[number]
            return
