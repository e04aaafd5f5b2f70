"""How views reach what was built for this process."""

from typing import cast

from flask import current_app

from bridge.wiring import Bridge


def get_bridge() -> Bridge:
    """Return the process's bridge."""
    return cast(Bridge, current_app.extensions["bridge"])
