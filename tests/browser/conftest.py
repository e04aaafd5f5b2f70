"""A real browser for tests of what people see; a missing one is a failure, never a skip."""

from collections.abc import Iterator

import pytest

from bridge.demo.shop import RunningShop
from bridge.services.poll_shop import poll_shop
from bridge.web.app import create_app
from bridge.wiring import Bridge
from tests.support.serving import serve
from tests.support.site import SiteDatabase


@pytest.fixture
def bridge(site: SiteDatabase, recorded_shop: RunningShop) -> Bridge:
    """The recorded site with its orders granted."""
    bridge = site.bridge(recorded_shop.url)
    poll_shop(bridge.import_context(), bridge.shop)
    return bridge


@pytest.fixture
def address(bridge: Bridge) -> Iterator[str]:
    """The bridge over HTTP."""
    with serve(create_app(bridge)) as url:
        yield url
