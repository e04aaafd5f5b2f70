"""A real browser for tests of what people see; a missing one is a failure, never a skip."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from bridge.services.orders.poll_shop import poll_shop
from bridge.wiring import Bridge
from shop_stand_in.shop import RunningShop, serve_shop
from shop_stand_in.state import ShopState
from tests.browser.looking import Open, thorough
from tests.browser.visits import OwnVisits, Visits, WordPressVisits
from tests.browser.wordpress import RecordedWordPress
from tests.support.admin import ADMIN
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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests of screens in the bridge's own pages, and those that say so in WordPress, too."""
    if "way" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("in_wordpress")
    is_own = metafunc.definition.get_closest_marker("own_frame") is not None
    is_both = marker is not None or (metafunc.config.getoption("--soak") and not is_own)
    metafunc.parametrize("way", ["own", "wordpress"] if is_both else ["own"])


@pytest.fixture(scope="session", autouse=True)
def look_closely(request: pytest.FixtureRequest) -> None:
    """Let the long form look where the short one asks for the width alone."""
    if request.config.getoption("--soak"):
        thorough.set()


@pytest.fixture(scope="session")
def running_wordpress(
    kept_granted_site: Snapshot, hpos_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RecordedWordPress]:
    """A real WordPress on the recorded site's database, for all tests."""
    folder = tmp_path_factory.mktemp("wordpress")
    site = RecordedWordPress(
        folder, kept_granted_site.server, kept_granted_site.name, hpos_template
    )
    yield site
    site.stop()


@pytest.fixture
def wordpress(running_wordpress: RecordedWordPress, address: str) -> RecordedWordPress:
    """That WordPress, whose plugin finds this test's bridge."""
    running_wordpress.lead_to(address)
    return running_wordpress


@pytest.fixture
def visits(way: str, request: pytest.FixtureRequest, bridge: Bridge, address: str) -> Visits:
    """How people come to the screens in this test."""
    if way == "own":
        return OwnVisits(bridge, address)
    return WordPressVisits(request.getfixturevalue("wordpress"))


@pytest.fixture
def open_page(chromium: Browser, visits: Visits) -> Iterator[Open]:
    """Opens a screen in a browser of its own, signed in."""
    contexts: list[BrowserContext] = []

    def open_it(path: str = "/admin/credits", user: int = ADMIN, **more: object) -> Page:
        context = chromium.new_context(**more)  # type: ignore[arg-type]  # as the caller says
        contexts.append(context)
        if language := more.get("locale"):
            visits.speak(user, str(language))
        context.add_cookies(visits.cookies(user))
        page = context.new_page()
        page.goto(visits.address_of(path))
        return page

    yield open_it
    for context in contexts:
        context.close()
