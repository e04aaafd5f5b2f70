"""A network of sites: each has its own settings and heartbeat, and all are looked after."""

from collections.abc import Iterator

import pytest

from .site import WordPressSite

OURS = "SELECT option_name FROM {prefix}options WHERE option_name LIKE '%%aipkit\\_bridge%%'"
BEAT = "update_option( 'aipkit_bridge_heartbeat', time() );"
PLUGIN = "'aipkit-bridge/aipkit-bridge.php'"


def make_network(site: WordPressSite) -> dict[str, str]:
    """Make the site the first of a network; return the constants that say so."""
    site.wp_eval(
        f"""require ABSPATH . 'wp-admin/includes/upgrade.php';
        foreach ( $GLOBALS['wpdb']->tables( 'ms_global' ) as $table => $name ) {{
            $GLOBALS['wpdb']->$table = $name;
        }}
        install_network();
        populate_network( 1, '{site.host}', 'admin@example.test', 'Network', '/', false );"""
    )
    return {
        "MULTISITE": "1",
        "SUBDOMAIN_INSTALL": "",
        "DOMAIN_CURRENT_SITE": site.host,
        "PATH_CURRENT_SITE": "/",
        "SITE_ID_CURRENT_SITE": "1",
        "BLOG_ID_CURRENT_SITE": "1",
    }


def drop_network(site: WordPressSite) -> None:
    """Take the network's tables away."""
    names = "blogs", "blogmeta", "site", "sitemeta", "signups", "registration_log"
    tables = [f"wp_{name}" for name in names]
    tables += [row[0] for row in site.sql("SHOW TABLES LIKE %s", "wp\\_2\\_%")]
    site.sql(f"DROP TABLE {', '.join(tables)}")


@pytest.fixture
def network(site: WordPressSite) -> Iterator[WordPressSite]:
    """The site as the first of a network of two, in which our plugin is active everywhere."""
    site.set_constants(make_network(site))
    site.wp_eval(
        f"""wpmu_create_blog( '{site.host}', '/two/', 'Two', 1 );
        require_once ABSPATH . 'wp-admin/includes/plugin.php';
        activate_plugin( {PLUGIN}, '', true );"""
    )
    yield site
    site.set_constants({})
    drop_network(site)


def test_uninstalling_takes_our_options_away_in_every_site(network: WordPressSite) -> None:
    keep = "set_transient( 'aipkit_bridge_failure', 'x', 15 );"
    set_up = "update_option( 'aipkit_bridge_settings', array( 'url' => 'http://two.test' ) );"
    network.wp_eval(f"{BEAT} {keep} switch_to_blog( 2 ); {set_up} {BEAT} {keep}")

    network.wp_eval(
        """define( 'WP_UNINSTALL_PLUGIN', 'aipkit-bridge/aipkit-bridge.php' );
        require WP_PLUGIN_DIR . '/aipkit-bridge/uninstall.php';"""
    )

    assert network.sql(OURS.format(prefix="wp_")) == []
    assert network.sql(OURS.format(prefix="wp_2_")) == []


def test_deactivating_for_the_network_ends_every_heartbeat(network: WordPressSite) -> None:
    network.wp_eval(f"{BEAT} switch_to_blog( 2 ); {BEAT}")

    network.wp_eval(
        f"""require_once ABSPATH . 'wp-admin/includes/plugin.php';
        deactivate_plugins( {PLUGIN}, false, true );"""
    )

    sql = "SELECT 1 FROM {prefix}options WHERE option_name = 'aipkit_bridge_heartbeat'"
    assert [network.sql(sql.format(prefix=prefix)) for prefix in ("wp_", "wp_2_")] == [[], []]


def test_each_site_has_a_bridge_of_its_own_and_all_share_the_balance(
    network: WordPressSite,
) -> None:
    said = network.wp_value(
        """array_map( function ( $site_id ) {
            switch_to_blog( $site_id );
            $balance = (int) get_user_meta( 1, '_aipkit_token_balance', true );
            update_user_meta( 1, '_aipkit_token_balance', $balance + 5 );
            return array( \\AIPKit_Bridge\\Settings\\is_configured(), $balance );
        }, array( 1, 2 ) )"""
    )

    (first_set_up, before), (second_set_up, after) = said
    assert (first_set_up, second_set_up) == (True, False)
    assert after == before + 5
