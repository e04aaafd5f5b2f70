"""How views reach what was built for this process."""

from typing import cast

from flask import current_app

from bridge.services.reports.view_status import StatusView, view_status
from bridge.wiring import Bridge


def get_bridge() -> Bridge:
    """Return the process's bridge."""
    return cast(Bridge, current_app.extensions["bridge"])


def current_status() -> StatusView:
    """Return the state of the bridge now."""
    bridge = get_bridge()
    return view_status(
        bridge.db,
        bridge.site.get(),
        shop_url=bridge.settings.shop_url,
        poll_seconds=bridge.settings.woocommerce.poll_seconds,
    )
