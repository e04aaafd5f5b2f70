"""A real browser for tests of what people see; a missing one is a failure, never a skip."""

from collections.abc import Iterator
from threading import Thread

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from bridge.demo.shop import RunningShop
from bridge.services.poll_shop import poll_shop
from bridge.web.app import create_app
from bridge.wiring import Bridge
from tests.support.site import SiteDatabase


@pytest.fixture
def bridge(site: SiteDatabase, recorded_shop: RunningShop) -> Bridge:
    """The recorded site with its orders granted."""
    bridge = site.bridge(recorded_shop.url)
    poll_shop(bridge.import_context(), bridge.shop)
    return bridge


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def address(bridge: Bridge) -> Iterator[str]:
    """The bridge over HTTP."""
    server = make_server("127.0.0.1", 0, create_app(bridge), threaded=True, request_handler=_Quiet)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
