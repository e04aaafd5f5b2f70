"""Fixtures: a real MariaDB for the run, a fresh copy of the recorded site for each test."""

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from bridge.demo.server import PrivateServer, find_program
from bridge.demo.shop import RunningShop, serve_shop
from bridge.demo.shop_state import ShopState
from tests.support.site import SiteDatabase, copy_template, load_template

pytest_plugins = ["tests.support.world", "tests.support.client"]

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[PrivateServer]:
    """A private MariaDB; a missing one is a failure that names the package."""
    # Not pytest's folder: a socket's path may have 107 characters at most.
    with tempfile.TemporaryDirectory(prefix="aipkit-bridge-tests-") as folder:
        private = PrivateServer(Path(folder), options=["--max-connections=300"])
        private.start()
        yield private
        private.stop()


@pytest.fixture(scope="session")
def hpos_template(server: PrivateServer) -> str:
    load_template(server, "template_hpos", "wordpress.sql")
    return "template_hpos"


@pytest.fixture(scope="session")
def posts_template(server: PrivateServer) -> str:
    load_template(server, "template_posts", "wordpress_posts_storage.sql")
    return "template_posts"


def _fresh(server: PrivateServer, template: str) -> Iterator[SiteDatabase]:
    database = SiteDatabase(server, f"site_{next(_numbers)}")
    copy_template(server, template, database.name)
    yield database
    database.close()


@pytest.fixture
def site(server: PrivateServer, hpos_template: str) -> Iterator[SiteDatabase]:
    """The recorded site, orders in HPOS tables."""
    yield from _fresh(server, hpos_template)


@pytest.fixture(scope="module")
def shared_site(server: PrivateServer, hpos_template: str) -> Iterator[SiteDatabase]:
    """The recorded site, one for a whole file of tests that leave nothing behind to stumble on."""
    yield from _fresh(server, hpos_template)


@pytest.fixture
def posts_site(server: PrivateServer, posts_template: str) -> Iterator[SiteDatabase]:
    """The same site with orders as posts."""
    yield from _fresh(server, posts_template)


@pytest.fixture
def recorded_shop() -> Iterator[RunningShop]:
    """A shop over HTTP that answers as the recorded one did."""
    state = ShopState.from_recordings(Path(__file__).parent / "fixtures/site/rest")
    shop = serve_shop(state)
    yield shop
    shop.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The distribution's Chromium, one for the whole run: Playwright allows no second."""
    program = find_program("chromium", "chromium-browser", "google-chrome")
    assert program, "No Chromium found: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pictures", action="store_true", help="renew the pictures in docs/img")
    parser.addoption("--soak", action="store_true", help="run the long forms (make soak)")


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    """How many times a test kills a process: 50, and ten times as many in a soak."""
    return 500 if request.config.getoption("--soak") else 50
