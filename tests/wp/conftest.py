"""A WordPress site with the plugin, and a stand-in of the bridge beside it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Page

from bridge.demo.server import PrivateServer

from .bridge_stand_in import SECRET, BridgeStandIn
from .browser import PICTURES
from .debian_wordpress import find_or_fetch
from .mariadb import Server
from .php_cli import quoted, require_php
from .site import WordPressSite
from .visitor import Visitor

PEER = "gpt3-ai-content-generator"


@pytest.fixture(scope="session")
def wp_database(server: PrivateServer) -> Server:
    """The tests' database server, as WordPress reaches it."""
    return Server(Path(server.socket))


@pytest.fixture(scope="session")
def installed_site(
    tmp_path_factory: pytest.TempPathFactory, wp_database: Server
) -> Iterator[WordPressSite]:
    """One WordPress for all tests, with the customers Alice and Bob."""
    require_php()
    site = WordPressSite(tmp_path_factory.mktemp("wordpress"), find_or_fetch(), wp_database)
    try:
        site.install()
        site.create_user("alice")
        site.create_user("bob")
        site.start()
        yield site
    finally:
        site.stop()


@pytest.fixture(scope="session")
def running_bridge() -> Iterator[BridgeStandIn]:
    """One stand-in for all tests."""
    bridge = BridgeStandIn()
    bridge.start()
    yield bridge
    bridge.stop()


@pytest.fixture
def bridge(running_bridge: BridgeStandIn, installed_site: WordPressSite) -> BridgeStandIn:
    """A healthy bridge that has seen no request yet."""
    running_bridge.reset(issuer=installed_site.url)
    return running_bridge


@pytest.fixture
def site(installed_site: WordPressSite, bridge: BridgeStandIn) -> Iterator[WordPressSite]:
    """The site with only our plugin active and set up; PHP may not complain about the plugin."""
    installed_site.set_constants({})
    clean(installed_site)
    installed_site.activate("aipkit-bridge")
    set_up(installed_site, bridge.url)
    with no_complaints(installed_site):
        yield installed_site
        bridge.stop_hanging()


@pytest.fixture
def site_with_peer(site: WordPressSite) -> WordPressSite:
    """The same beside the peer, which adds its hooks on init."""
    site.wp_eval("delete_option( 'stand_in_hooks_on' );")
    site.activate(PEER, "aipkit-bridge")
    forget_heartbeat(site)
    return site


@pytest.fixture
def shop_site(site: WordPressSite) -> WordPressSite:
    """The same beside WooCommerce."""
    site.activate("woocommerce", "aipkit-bridge")
    return site


@pytest.fixture
def page_url(site: WordPressSite) -> str:
    """A page that has nothing but the shortcode."""
    return site.create_page("[aipkit_token_usage]").url


@pytest.fixture(scope="session")
def log_in(installed_site: WordPressSite) -> Iterator[Callable[[str], Visitor]]:
    """Gives a user's browser; each user logs in once for all tests."""
    with ExitStack() as browsers:
        yield cache(lambda user: browsers.enter_context(installed_site.login(user)))


@pytest.fixture
def alice(site: WordPressSite, log_in: Callable[[str], Visitor]) -> Visitor:
    """A customer who is logged in."""
    return log_in("alice")


@pytest.fixture
def bob(site: WordPressSite, log_in: Callable[[str], Visitor]) -> Visitor:
    """Another customer who is logged in."""
    return log_in("bob")


@pytest.fixture
def admin(site: WordPressSite, log_in: Callable[[str], Visitor]) -> Visitor:
    """The administrator, logged in."""
    return log_in("admin")


@pytest.fixture
def manager(site: WordPressSite, log_in: Callable[[str], Visitor]) -> Visitor:
    """Somebody who may manage the shop, but not the site."""
    if not site.wp_value("username_exists( 'manager' )"):
        site.create_user("manager")
        site.wp_eval("get_user_by( 'login', 'manager' )->add_cap( 'manage_woocommerce' );")
    return log_in("manager")


@pytest.fixture
def guest(site: WordPressSite) -> Iterator[Visitor]:
    """Somebody who is not logged in."""
    with Visitor(site.url) as visitor:
        yield visitor


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Keeps a picture of a page, or of one part of it, for the docs if asked to."""

    def take(page: Page, name: str, part: str = "") -> None:
        if not request.config.getoption("--pictures"):
            return
        page.add_style_tag(content="#wpadminbar { display: none }")  # it would float
        path = PICTURES / f"{name}.png"
        if part:
            page.locator(part).screenshot(path=path)
        else:
            page.screenshot(path=path, full_page=True)

    return take


@contextmanager
def no_complaints(site: WordPressSite) -> Iterator[None]:
    """PHP has nothing to say about the plugin meanwhile."""
    log_before = site.debug_log()
    yield
    log = site.debug_log().removeprefix(log_before)
    assert [line for line in log.splitlines() if "aipkit-bridge" in line] == []


def set_up(site: WordPressSite, url: str, secret: str = SECRET) -> None:
    """Stores the plugin's settings; nothing is remembered of an earlier bridge."""
    site.wp_eval(
        f"""update_option( 'aipkit_bridge_settings',
            array( 'url' => {quoted(url)}, 'secret' => {quoted(secret)} ) );"""
    )


def clean(site: WordPressSite) -> None:
    """Takes away what the plugin wrote in an earlier test."""
    site.sql("DELETE FROM wp_options WHERE option_name LIKE %s", "%aipkit_bridge_%")


def forget_heartbeat(site: WordPressSite) -> None:
    """As if the peer's hook had never been stood down."""
    site.sql("DELETE FROM wp_options WHERE option_name = 'aipkit_bridge_heartbeat'")


def plugin_files() -> list[Path]:
    """Every PHP file we ship."""
    root = Path(__file__).resolve().parents[2] / "wp_plugin_stub"
    return sorted(root.rglob("*.php"))
