"""How views reach what was built for this process."""

from typing import cast

from flask import current_app

from bridge.services.reports.view_status import StatusView
from bridge.wiring import Bridge


def get_bridge() -> Bridge:
    """Return the process's bridge."""
    return cast(Bridge, current_app.extensions["bridge"])


def current_status() -> StatusView:
    """Return the state of the bridge now."""
    return get_bridge().view_status()
