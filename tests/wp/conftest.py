"""A WordPress site with the plugin, and a stand-in of the bridge beside it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page

from demo.private_server import PrivateServer
from tests.support.folders import IMAGES, ROOT
from tests.support.processes import ended_with_the_test

from .bridge_stand_in import SECRET, BridgeStandIn
from .debian_wordpress import find_or_fetch
from .php_cli import quoted, require_php
from .site import WordPressSite
from .spending_bridge import SpendingBridge, run_spending_bridge
from .visitor import Visitor

# The administrator has seen the block editor's welcome, which would cover the page.
WELCOMED = """
    update_user_meta( 1, $GLOBALS['wpdb']->get_blog_prefix() . 'persisted_preferences', array(
        'core/edit-post' => array( 'welcomeGuide' => false ),
        '_modified'      => gmdate( 'c' ),
    ) );"""
PEER = "gpt3-ai-content-generator"


@pytest.fixture(scope="session")
def installed_site(
    server: PrivateServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WordPressSite]:
    """One WordPress for all tests: our plugin is active, nobody has done anything yet."""
    require_php()
    site = WordPressSite(tmp_path_factory.mktemp("wordpress"), find_or_fetch(), server)
    try:
        site.install()
        site.create_user("alice")
        site.create_user("bob")
        site.create_user("manager")
        site.wp_eval("get_user_by( 'login', 'manager' )->add_cap( 'manage_woocommerce' );")
        site.activate("aipkit-bridge")
        site.wp_eval(WELCOMED)
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


@pytest.fixture(scope="session")
def browsers(installed_site: WordPressSite) -> Iterator[dict[str, Visitor]]:
    """Those who have logged in, each once for all tests."""
    with ExitStack() as stack:
        names = ("admin", "manager", "alice", "bob")
        yield {name: stack.enter_context(installed_site.login(name)) for name in names}


@pytest.fixture(scope="session")
def kept_wordpress(
    installed_site: WordPressSite, running_bridge: BridgeStandIn, browsers: dict[str, Visitor]
) -> Iterator[WordPressSite]:
    """The site as each test, or file of tests, finds it."""
    assert browsers
    set_up(installed_site, running_bridge.url)
    with installed_site.kept():
        yield installed_site


@pytest.fixture(scope="module")
def module_site(kept_wordpress: WordPressSite) -> WordPressSite:
    """The site, for a state that a whole file of tests starts from: see `WordPressSite.kept`."""
    kept_wordpress.put_back()
    return kept_wordpress


@pytest.fixture(scope="module")
def spending_bridge(
    module_site: WordPressSite, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SpendingBridge]:
    """A real bridge for a whole file of tests, which finds its tables in the site."""
    folder = tmp_path_factory.mktemp("bridge")
    with run_spending_bridge(module_site, folder) as bridge, module_site.kept():
        yield bridge


@pytest.fixture
def site(kept_wordpress: WordPressSite, bridge: BridgeStandIn) -> Iterator[WordPressSite]:
    """The site with only our plugin active and set up; PHP may not complain about the plugin."""
    kept_wordpress.put_back()
    with no_complaints(kept_wordpress), ended_with_the_test():
        yield kept_wordpress
        bridge.stop_hanging()


@pytest.fixture
def site_with_peer(site: WordPressSite) -> WordPressSite:
    """The same beside the peer, which adds its hooks on init."""
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


@pytest.fixture
def alice(site: WordPressSite, browsers: dict[str, Visitor]) -> Visitor:
    """A customer who is logged in."""
    return browsers["alice"]


@pytest.fixture
def bob(site: WordPressSite, browsers: dict[str, Visitor]) -> Visitor:
    """Another customer who is logged in."""
    return browsers["bob"]


@pytest.fixture
def admin(site: WordPressSite, browsers: dict[str, Visitor]) -> Visitor:
    """The administrator, logged in."""
    return browsers["admin"]


@pytest.fixture
def manager(site: WordPressSite, browsers: dict[str, Visitor]) -> Visitor:
    """Somebody who may manage the shop, but not the site."""
    return browsers["manager"]


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
        path = IMAGES / f"{name}.png"
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


def forget_heartbeat(site: WordPressSite) -> None:
    """As if the peer's hook had never been stood down."""
    site.sql("DELETE FROM wp_options WHERE option_name = 'aipkit_bridge_heartbeat'")


def plugin_files() -> list[Path]:
    """Every PHP file we ship."""
    return sorted((ROOT / "wp_plugin_stub").rglob("*.php"))
