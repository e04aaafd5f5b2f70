"""Fixtures: a real MariaDB for the run, the recorded site as it was for each test."""

import gc
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from demo.private_server import PrivateServer, find_program
from shop_stand_in.shop import RunningShop, serve_shop
from shop_stand_in.state import ShopState
from tests.support.folders import FIXTURES
from tests.support.fresh import fresh_site
from tests.support.processes import ended_with_the_test
from tests.support.site import SiteDatabase, copy_template, keep_site, load_template
from tests.support.snapshot import Snapshot

# Nothing survives the run, so nothing waits for the disk. Who kills a database has another one.
_IN_A_HURRY = ("--innodb-flush-method=nosync", "--innodb-doublewrite=0")


def _in_memory() -> str | None:
    """Return a folder in memory that is large enough for a database, if there is one."""
    folder = Path("/dev/shm")
    is_fit = folder.is_dir() and shutil.disk_usage(folder).free > 2 * 2**30
    return str(folder) if is_fit else None


pytest_plugins = [
    "tests.support.balance",
    "tests.support.client",
    "tests.support.world",
    "tests.support.past_shop",
]


@pytest.fixture(scope="session")
def server() -> Iterator[PrivateServer]:
    """A private MariaDB; a missing one is a failure that names the package."""
    # Not pytest's folder: a socket's path may have 107 characters at most.
    with tempfile.TemporaryDirectory(prefix="aipkit-bridge-tests-", dir=_in_memory()) as folder:
        private = PrivateServer(Path(folder), options=["--max-connections=300", *_IN_A_HURRY])
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


@pytest.fixture(scope="session")
def charset(request: pytest.FixtureRequest) -> str:
    """Of the tables that are not the bridge's own; empty: as recorded."""
    return str(request.config.getoption("--charset"))


@pytest.fixture(scope="session")
def kept_site(server: PrivateServer, hpos_template: str, charset: str) -> Snapshot:
    return keep_site(server, hpos_template, "site", charset)


@pytest.fixture(scope="session")
def kept_posts_site(server: PrivateServer, posts_template: str, charset: str) -> Snapshot:
    return keep_site(server, posts_template, "posts_site", charset)


@pytest.fixture(scope="session")
def kept_shared_site(server: PrivateServer, hpos_template: str, charset: str) -> Snapshot:
    return keep_site(server, hpos_template, "shared_site", charset)


@pytest.fixture
def site(kept_site: Snapshot) -> Iterator[SiteDatabase]:
    """The recorded site, orders in HPOS tables, with the bridge's own tables."""
    with fresh_site(kept_site) as site:
        yield site


@pytest.fixture(scope="module")
def shared_site(kept_shared_site: Snapshot) -> Iterator[SiteDatabase]:
    """The recorded site, one for a whole file of tests that leave nothing behind to stumble on."""
    with fresh_site(kept_shared_site) as site:
        yield site


@pytest.fixture
def posts_site(kept_posts_site: Snapshot) -> Iterator[SiteDatabase]:
    """The same site with orders as posts."""
    with fresh_site(kept_posts_site) as site:
        yield site


@pytest.fixture
def new_site(server: PrivateServer, hpos_template: str) -> Iterator[SiteDatabase]:
    """The recorded site before the first `migrate`."""
    copy_template(server, hpos_template, "new_site")
    with SiteDatabase(server, "new_site") as site, ended_with_the_test():
        yield site


@pytest.fixture
def recorded_shop() -> Iterator[RunningShop]:
    """A shop over HTTP that answers as the recorded one did."""
    state = ShopState.from_recordings(FIXTURES / "site/rest")
    shop = serve_shop(state)
    yield shop
    shop.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """
    The distribution's Chromium, one for the whole run: Playwright allows no second.

    Its headless shell needs a third less processor time than the whole browser.
    """
    program = find_program(
        "chromium-headless-shell", "google-chrome", "google-chrome-stable", "chromium"
    )
    assert program, "No Chromium found: apt-get install chromium-headless-shell"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def pytest_configure() -> None:
    """Look for no cycles while thousands of tests are collected: there are none."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Look for them from now on, but not each time through all that stays to the end."""
    gc.freeze()
    gc.enable()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pictures", action="store_true", help="renew the pictures in docs/img")
    parser.addoption("--charset", default="", help="of the site's shared tables: latin1, utf8mb3")
    parser.addoption("--soak", action="store_true", help="run the long forms (make soak)")


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    """How many times a test kills a process: 20, and 500 in a soak."""
    return 500 if request.config.getoption("--soak") else 20
