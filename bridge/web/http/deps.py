"""How views reach what was built for this process."""

from typing import cast

from flask import Flask, current_app

from bridge.services.reports.view_status import StatusView
from bridge.wiring import Bridge


def get_bridge() -> Bridge:
    """Return the process's bridge."""
    return bridge_of(current_app)


def bridge_of(app: Flask) -> Bridge:
    """Return the bridge that an application answers for."""
    return cast(Bridge, app.extensions["bridge"])


def current_status() -> StatusView:
    """Return the state of the bridge now."""
    return get_bridge().view_status()
