"""Beside the peer plugin: its grant and its reset stand down, and the heartbeat says so."""

import pytest

from .bridge_stand_in import BridgeStandIn
from .conftest import PEER, forget_heartbeat, set_up
from .site import WordPressSite
from .visitor import Visitor

ORDER = 777
TOKENS = 500


def test_a_completed_order_is_not_granted_by_the_peer(site_with_peer: WordPressSite) -> None:
    assert tokens_granted_by_peer(site_with_peer) == 0


@pytest.mark.parametrize("hook", ["plugins_loaded", "wp_loaded", "set_current_user"])
def test_it_does_not_matter_when_the_peer_adds_its_hooks(
    hook: str, site_with_peer: WordPressSite
) -> None:
    site_with_peer.wp_eval(f"update_option( 'stand_in_hooks_on', '{hook}' );")
    assert tokens_granted_by_peer(site_with_peer) == 0


def test_a_hook_added_after_everything_is_caught_when_an_order_completes(
    site_with_peer: WordPressSite,
) -> None:
    late = "WPAICG\\WooCommerce\\add_hooks();"
    assert tokens_granted_by_peer(site_with_peer, before_completion=late) == 0


def test_other_listeners_of_a_completed_order_stay(site_with_peer: WordPressSite) -> None:
    other = "add_action( 'woocommerce_order_status_completed', function () { echo 'heard'; } );"
    late = "WPAICG\\WooCommerce\\add_hooks();"
    php = f"{other} {late} do_action( 'woocommerce_order_status_completed', {ORDER} );"
    assert site_with_peer.wp_eval(php) == "heard"


@pytest.mark.parametrize("late", ["", "WPAICG\\WooCommerce\\add_hooks();"])
def test_the_peers_reset_does_not_run_whenever_it_adds_its_hook(
    late: str, site_with_peer: WordPressSite
) -> None:
    site_with_peer.wp_eval("update_user_meta( 1, '_aipkit_img_tokens_used', 40 );")
    site_with_peer.wp_eval(f"{late} do_action( 'aipkit_token_reset' );")
    used = site_with_peer.wp_value("get_user_meta( 1, '_aipkit_img_tokens_used', true )")
    assert used == "40"


@pytest.mark.parametrize("missing", ["address", "secret"])
def test_unless_the_bridge_is_set_up_the_peer_does_its_work(
    missing: str, site_with_peer: WordPressSite, bridge: BridgeStandIn
) -> None:
    url, secret = ("", "s" * 32) if missing == "address" else (bridge.url, "too short")
    set_up(site_with_peer, url, secret)
    site_with_peer.wp_eval("update_user_meta( 1, '_aipkit_img_tokens_used', 40 );")
    assert tokens_granted_by_peer(site_with_peer) == TOKENS
    site_with_peer.wp_eval("do_action( 'aipkit_token_reset' );")
    assert site_with_peer.wp_value("get_user_meta( 1, '_aipkit_img_tokens_used', true )") == ""
    assert heartbeat(site_with_peer) is None


def test_the_heartbeat_is_the_databases_time_and_not_autoloaded(
    site_with_peer: WordPressSite, guest: Visitor
) -> None:
    guest.get("/")
    rows = site_with_peer.sql(
        """SELECT UNIX_TIMESTAMP() - option_value, autoload FROM wp_options
           WHERE option_name = 'aipkit_bridge_heartbeat'"""
    )
    assert len(rows) == 1
    assert 0 <= rows[0][0] < 30
    assert rows[0][1] == "no"


@pytest.mark.parametrize(
    "address",
    ["/wp-json/", "/wp-cron.php?doing_wp_cron=1", "/wp-admin/admin-ajax.php", "/wp-login.php"],
)
def test_every_kind_of_request_beats(
    address: str, site_with_peer: WordPressSite, guest: Visitor
) -> None:
    guest.get(address)
    assert heartbeat(site_with_peer) is not None


@pytest.mark.parametrize(("age", "written"), [(50, False), (61, True), (-3600, True)])
def test_it_beats_at_most_once_a_minute(
    age: int, written: bool, site_with_peer: WordPressSite, guest: Visitor
) -> None:
    guest.get("/")
    site_with_peer.sql(
        """UPDATE wp_options SET option_value = UNIX_TIMESTAMP() - %s
           WHERE option_name = 'aipkit_bridge_heartbeat'""",
        age,
    )
    before = heartbeat(site_with_peer)
    guest.get("/")
    assert (heartbeat(site_with_peer) != before) is written


def test_a_heartbeat_that_is_autoloaded_or_nonsense_is_put_right(
    site_with_peer: WordPressSite, guest: Visitor
) -> None:
    site_with_peer.sql(
        """INSERT INTO wp_options (option_name, option_value, autoload)
           VALUES ('aipkit_bridge_heartbeat', 'nonsense', 'yes')"""
    )
    guest.get("/")
    assert heartbeat(site_with_peer) not in (None, "nonsense")
    rows = site_with_peer.sql(
        "SELECT autoload FROM wp_options WHERE option_name = 'aipkit_bridge_heartbeat'"
    )
    assert rows == [("no",)]


def test_without_the_peer_there_is_no_heartbeat(site: WordPressSite, guest: Visitor) -> None:
    guest.get("/")
    assert heartbeat(site) is None


def test_a_peer_whose_grant_is_not_found_gets_no_heartbeat(
    site_with_peer: WordPressSite, guest: Visitor
) -> None:
    site_with_peer.wp_eval("update_option( 'stand_in_hooks_on', 'never' );")
    forget_heartbeat(site_with_peer)
    guest.get("/")
    assert heartbeat(site_with_peer) is None


def test_the_heartbeat_ends_when_the_plugin_is_deactivated(
    site_with_peer: WordPressSite, guest: Visitor
) -> None:
    guest.get("/")
    site_with_peer.activate(PEER)
    assert heartbeat(site_with_peer) is None


def test_the_heartbeat_ends_when_the_settings_are_emptied(
    site_with_peer: WordPressSite, guest: Visitor
) -> None:
    guest.get("/")
    set_up(site_with_peer, "")
    assert heartbeat(site_with_peer) is None


def test_the_heartbeat_ends_when_wp_config_takes_the_address_away(
    site_with_peer: WordPressSite, guest: Visitor
) -> None:
    guest.get("/")
    assert heartbeat(site_with_peer) is not None
    site_with_peer.set_constants({"AIPKIT_BRIDGE_URL": ""})
    guest.get("/")
    assert heartbeat(site_with_peer) is None


def test_the_shortcode_is_taken_over(
    site_with_peer: WordPressSite, alice: Visitor, page_url: str
) -> None:
    page = alice.get(page_url).text
    assert "has 1,234 tokens" in page
    assert "peer-dashboard" not in page
    assert "aipkit-public-token-usage" not in page


def test_unless_the_bridge_is_set_up_the_peers_dashboard_stays(
    site_with_peer: WordPressSite, alice: Visitor, page_url: str
) -> None:
    set_up(site_with_peer, "")
    page = alice.get(page_url).text
    assert "peer-dashboard" in page
    assert "aipkit-public-token-usage-css" in page
    assert "aipkit-public-token-usage-js" in page


def tokens_granted_by_peer(site: WordPressSite, before_completion: str = "") -> int:
    """Completes an order of a new user; gives what the user owns then."""
    user = site.wp_value("wp_insert_user( array( 'user_login' => uniqid(), 'user_pass' => 'x' ) )")
    site.wp_eval(f"update_option( 'stand_in_order_{ORDER}', array( {user}, {TOKENS} ) );")
    site.wp_eval(
        f"{before_completion} do_action( 'woocommerce_order_status_completed', {ORDER} );"
    )
    balance = site.wp_value(f"(int) get_user_meta( {user}, '_aipkit_token_balance', true )")
    ledger = site.sql("SELECT COALESCE(SUM(credits_delta), 0) FROM wp_aipkit_token_ledger")
    site.sql("DELETE FROM wp_aipkit_token_ledger")
    site.sql("DELETE FROM wp_postmeta WHERE meta_key = '_aipkit_tokens_granted'")
    assert int(ledger[0][0]) == balance
    return int(balance)


def heartbeat(site: WordPressSite) -> str | None:
    """The heartbeat as it is stored."""
    rows = site.sql(
        "SELECT option_value FROM wp_options WHERE option_name = 'aipkit_bridge_heartbeat'"
    )
    return str(rows[0][0]) if rows else None
