"""A real browser for tests of what people see; a missing one is a failure, never a skip."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from bridge.services.orders.poll_shop import poll_shop
from bridge.wiring import Bridge
from shop_stand_in.shop import RunningShop, serve_shop
from shop_stand_in.state import ShopState
from tests.browser.looking import Open
from tests.support.admin import ADMIN, COOKIE, new_session
from tests.support.apps import create_app
from tests.support.folders import FIXTURES
from tests.support.fresh import fresh_site
from tests.support.serving import serve
from tests.support.site import SiteDatabase
from tests.support.snapshot import Snapshot


@pytest.fixture(scope="session")
def kept_granted_site(kept_site: Snapshot) -> Snapshot:
    """The recorded site with its orders granted."""
    kept_site.put_back()
    shop = serve_shop(ShopState.from_recordings(FIXTURES / "site/rest"))
    with SiteDatabase(kept_site.server, kept_site.name) as site:
        bridge = site.bridge(shop.url)
        poll_shop(bridge.import_context(), bridge.shop)
    shop.stop()
    return Snapshot(kept_site.server, kept_site.name, "granted")


@pytest.fixture
def site(kept_granted_site: Snapshot) -> Iterator[SiteDatabase]:
    with fresh_site(kept_granted_site) as site:
        yield site


@pytest.fixture
def bridge(site: SiteDatabase, recorded_shop: RunningShop) -> Bridge:
    """The recorded site with its orders granted, and its shop read just now."""
    bridge = site.bridge(recorded_shop.url)
    poll_shop(bridge.import_context(), bridge.shop)
    return bridge


@pytest.fixture
def address(bridge: Bridge) -> Iterator[str]:
    """The bridge over HTTP."""
    with serve(create_app(bridge)) as url:
        yield url


@pytest.fixture
def open_page(chromium: Browser, bridge: Bridge, address: str) -> Iterator[Open]:
    """Opens a screen in a browser of its own, signed in."""
    contexts: list[BrowserContext] = []

    def open_it(path: str = "/admin/credits", user: int = ADMIN, **more: object) -> Page:
        context = chromium.new_context(**more)  # type: ignore[arg-type]  # as the caller says
        contexts.append(context)
        secret = new_session(bridge, user, f"a-token-of-browser-{len(contexts)}")
        context.add_cookies([{"name": COOKIE, "value": secret, "url": address}])
        page = context.new_page()
        page.goto(address + path)
        return page

    yield open_it
    for context in contexts:
        context.close()
