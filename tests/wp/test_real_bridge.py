"""The whole way: an order in a shop, the bridge, and the page of a real WordPress in a browser."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from demo.private_server import free_port
from shop_stand_in.shop import serve_shop
from shop_stand_in.state import Line, ShopState
from tests.support.site import CONSUMER_KEY, CONSUMER_SECRET
from tests.support.waiting import wait_until

from .bridge_stand_in import SECRET
from .browser import NARROW, WIDE, open_page
from .conftest import set_up
from .here import BridgeHere, run_here
from .php_cli import quoted
from .shop import make_chatbot, make_product
from .site import DATABASE, WordPressSite
from .test_connection_test import result
from .test_fail_soft import PAGE_SECONDS_MAX, QUIET_LINE
from .visitor import Visitor

SHOP_PAGE = "https://shop.example/packs/"


@dataclass
class Whole:
    """Site, shop, and the running bridge."""

    site: WordPressSite
    shop: ShopState
    pack: int
    chatbot: int
    alice: int
    bridge: BridgeHere


def bridge_config(
    folder: Path, site: WordPressSite, shop: str, port: int, poll_seconds: int
) -> Path:
    path = folder / "config.toml"
    path.write_text(
        f"""
[site]
url = "{site.url}"
[database]
url = "mysql://root@/{DATABASE}?unix_socket={site.database.socket}"
[woocommerce]
url = "{shop}"
consumer_key = "{CONSUMER_KEY}"
consumer_secret = "{CONSUMER_SECRET}"
poll_seconds = {poll_seconds}
[grants]
since = 2026-01-01T00:00:00Z
[server]
port = {port}
[security]
shared_secret = "{SECRET}"
"""
    )
    return path


@pytest.fixture
def whole(site: WordPressSite, tmp_path: Path) -> Iterator[Whole]:
    """A real bridge with its worker beside the real WordPress."""
    with run_bridge(site, tmp_path, poll_seconds=1) as whole:
        yield whole


@contextmanager
def run_bridge(site: WordPressSite, folder: Path, *, poll_seconds: int) -> Iterator[Whole]:
    """Run a bridge with its worker for the site, and a shop for them."""
    port, shop = free_port(), ShopState()
    pack = make_product(site, "10k Token Pack", "10000")
    chatbot = make_chatbot(site, "Support assistant", "2000")
    shop.add_product(pack, "10k Token Pack", "5.00", credits=10_000)
    shop.skip_ids(1000)
    with serve_shop(shop) as running:
        config = bridge_config(folder, site, running.url, port, poll_seconds)
        with run_here(config, with_worker=True) as bridge:
            set_up(site, bridge.url)
            alice = int(site.wp_value("get_user_by( 'login', 'alice' )->ID"))
            yield Whole(site, shop, pack, chatbot, alice, bridge)


def use_chatbot(whole: Whole, credits: int) -> None:
    """Use some of today's free allowance, as the site's chatbot keeps it."""
    whole.site.wp_eval(
        f"""update_user_meta( {whole.alice}, '_aipkit_token_usage_{whole.chatbot}', {credits} );
        update_user_meta( {whole.alice}, '_aipkit_last_token_reset_{whole.chatbot}', time() );
        update_option( 'aipkit_token_shop_page_url', {quoted(SHOP_PAGE)} );"""
    )


def balance_arrives(whole: Whole, credits: int) -> None:
    sql = "SELECT meta_value FROM wp_usermeta WHERE user_id = %s AND meta_key = %s"
    wanted = [(str(credits),)]
    wait_until(
        lambda: whole.site.sql(sql, whole.alice, "_aipkit_token_balance") == wanted,
        "the credits do not arrive",
    )


def overflow(page: Page) -> int:
    script = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    return int(page.evaluate(script))


def test_a_completed_order_is_on_the_members_page(
    whole: Whole, alice: Visitor, chromium: Browser, picture: Callable[[Page, str], None]
) -> None:
    page_url = whole.site.create_page("[aipkit_token_usage]", "My tokens").url
    use_chatbot(whole, 1_340)
    order_id = whole.shop.add_order(
        whole.alice, [Line(whole.pack, quantity=2)], status="completed"
    )

    balance_arrives(whole, 20_000)

    page = open_page(chromium, page_url, alice, WIDE, "light")
    assert "20,000" in page.inner_text(".aipkit_token_usage_dashboard")
    assert "Support assistant" in page.inner_text(".aipkit_usage_table")
    assert "1,340" in page.inner_text(".aipkit_usage_table")
    assert page.get_by_role("link", name="Buy credits").get_attribute("href") == SHOP_PAGE
    page.locator(".aipkit_purchase_history summary").click()
    history = page.locator(".aipkit_purchase_history")
    assert f"#{order_id}" in history.inner_text() or str(order_id) in history.inner_text()
    assert "10k Token Pack" in history.inner_text()
    picture(page, "fragment")

    phone = open_page(chromium, page_url, alice, NARROW, "light")
    assert overflow(phone) == 0
    picture(phone, "fragment-360")
    for one in (page, phone):
        one.context.close()


def test_the_purchase_history_opens_without_javascript(
    whole: Whole, alice: Visitor, chromium: Browser
) -> None:
    page_url = whole.site.create_page("[aipkit_token_usage]").url
    for _ in range(11):
        whole.shop.add_order(whole.alice, [Line(whole.pack)], status="completed")
    balance_arrives(whole, 110_000)

    html = alice.get(page_url + ("&" if "?" in page_url else "?") + "aipkit_page=2").text

    history = html.partition('<details class="aipkit_purchase_history"')[2]
    assert "open" in history.partition(">")[0]
    assert html.count("10k Token Pack") == 1, "the second page holds the eleventh"


def test_a_guest_is_asked_to_log_in(
    whole: Whole, chromium: Browser, picture: Callable[[Page, str], None]
) -> None:
    page_url = whole.site.create_page("[aipkit_token_usage]").url

    page = open_page(chromium, page_url, None, WIDE, "light")

    prompt = page.locator(".aipkit-login-prompt")
    assert prompt.locator("a").get_attribute("href") is not None
    assert "wp-login.php" in str(prompt.locator("a").get_attribute("href"))
    picture(page, "fragment-guest")
    page.context.close()


def test_with_the_bridge_down_the_page_says_so_quietly(
    whole: Whole, alice: Visitor, chromium: Browser, picture: Callable[[Page, str], None]
) -> None:
    page_url = whole.site.create_page("[aipkit_token_usage]").url
    whole.bridge.stop()

    page = open_page(chromium, page_url, alice, WIDE, "light")

    assert "cannot be shown right now" in page.inner_text("body")
    picture(page, "fragment-bridge-down")
    page.context.close()


def test_the_connection_test_finds_all_well(whole: Whole, admin: Visitor) -> None:
    kind, text = result(admin)

    assert (kind, text.partition(":")[0]) == ("success", "All is well")


def test_another_secret_or_clock_leaves_one_quiet_line_at_once(
    whole: Whole, alice: Visitor, wrong_clock: Path
) -> None:
    page_url = whole.site.create_page("[aipkit_token_usage]").url
    address = whole.site.wp_value("get_option( 'aipkit_bridge_settings' )['url']")

    set_up(whole.site, address, "another-secret-" * 4)
    started = time.monotonic()
    other_secret = alice.get(page_url).text
    took_s = time.monotonic() - started
    set_up(whole.site, address)
    wrong_clock.write_text("<?php namespace AIPKit_Bridge\\Client;"
                           " function time() { return \\time() - 600; }")  # fmt: skip
    other_clock = alice.get(page_url).text
    wrong_clock.unlink()

    assert QUIET_LINE in other_secret
    assert took_s < PAGE_SECONDS_MAX
    assert QUIET_LINE in other_clock
    assert "aipkit_token_usage_dashboard" in alice.get(page_url).text


@pytest.fixture
def wrong_clock(site: WordPressSite) -> Iterator[Path]:
    """Where PHP code can set the plugin's clock; gone at the end."""
    folder = site.must_use
    yield folder / "wrong-clock.php"
    (folder / "wrong-clock.php").unlink(missing_ok=True)
