"""Deleting the plugin takes away what it stored, and nothing else."""

from .site import WordPressSite
from .visitor import Visitor


def test_nothing_of_the_plugin_stays_but_the_credits_do(
    site: WordPressSite, alice: Visitor, page_url: str
) -> None:
    alice.get(page_url)
    site.wp_eval(
        """update_user_meta( 1, '_aipkit_token_balance', 12 );
        set_transient( 'aipkit_bridge_failure', 'x', 15 );
        set_transient( 'aipkit_bridge_notices_1', array( 'x' ), 15 );
        update_option( 'aipkit_bridge_heartbeat', 1 );
        update_option( 'aipkit_bridge_mails', array() );
        update_option( 'aipkit_bridge_mails_to', 'owner@shop.example' );
        update_option( 'aipkit_bridge_mail_sent_7', 1 );
        update_option( 'aipkit_bridge_down_since', array() );
        update_user_meta( 1, 'aipkit_bridge_no_mails', '1' );
        update_option( 'aipkit_bridge_rewrite', '1' );
        update_option( 'aipkit_token_shop_page_url', '/shop/' );"""
    )
    site.wp_eval(
        """define( 'WP_UNINSTALL_PLUGIN', 'aipkit-bridge/aipkit-bridge.php' );
        require WP_PLUGIN_DIR . '/aipkit-bridge/uninstall.php';"""
    )
    rows = site.sql("SELECT option_name FROM wp_options WHERE option_name LIKE %s", "%aipkit\\_%")
    assert rows == [("aipkit_token_shop_page_url",)]
    assert site.wp_value("get_user_meta( 1, 'aipkit_bridge_no_mails' )") == []
    assert site.wp_value("get_user_meta( 1, '_aipkit_token_balance', true )") == "12"
