<?php
/**
 * Beside the peer plugin: its grants, its period reset and its dashboard's looks stand down, because the bridge does these.
 *
 * The heartbeat tells the bridge that this is so. Without it the bridge waits before it grants.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Peer;

use AIPKit_Bridge\Network;
use AIPKit_Bridge\Settings;

defined( 'ABSPATH' ) || exit;

const GRANTING_CLASS    = 'WPAICG\\WooCommerce\\AIPKit_WooCommerce_Integration';
const GRANTING_METHOD   = 'grant_tokens_on_order_completion';
const GRANT_HOOK        = 'woocommerce_order_status_completed';
const RESET_HOOK        = 'aipkit_token_reset';
const DASHBOARD_STYLE   = 'aipkit-public-token-usage';
const DASHBOARD_SCRIPT  = 'aipkit-public-token-usage-js';
const HEARTBEAT_OPTION  = 'aipkit_bridge_heartbeat';
const HEARTBEAT_SECONDS = 60;

/**
 * Adds the hooks of this topic. The peer may add its own at any time before an order completes or the reset is due, so
 * we look three times.
 */
function bootstrap(): void {
	foreach ( array( 'init', 'wp_loaded' ) as $hook ) {
		add_action( $hook, __NAMESPACE__ . '\\stand_down', PHP_INT_MAX );
	}
	foreach ( array( GRANT_HOOK, RESET_HOOK ) as $hook ) {
		add_action( $hook, __NAMESPACE__ . '\\stand_down', PHP_INT_MIN );
	}
	add_action( 'wp_enqueue_scripts', __NAMESPACE__ . '\\leave_out_dashboard_assets', PHP_INT_MAX );
	register_deactivation_hook( \AIPKit_Bridge\PLUGIN_FILE, __NAMESPACE__ . '\\end_heartbeats' );
}

/**
 * Takes the peer's two listeners away in this request. Unless the bridge is set up they stay, and no heartbeat may say otherwise.
 */
function stand_down(): void {
	if ( Settings\is_configured() ) {
		remove_all_actions( RESET_HOOK );
		add_action( RESET_HOOK, __NAMESPACE__ . '\\stand_down', PHP_INT_MIN );
		if ( remove_grant_listeners() ) {
			beat();
		}
	} elseif ( class_exists( GRANTING_CLASS, false ) ) {
		delete_heartbeat();
	}
}

/**
 * Removes the peer's grant listener, whatever object and priority it has. Never makes the peer's object itself.
 *
 * @return bool Whether there was one.
 */
function remove_grant_listeners(): bool {
	$removed = false;
	$hook    = $GLOBALS['wp_filter'][ GRANT_HOOK ] ?? null;
	foreach ( $hook instanceof \WP_Hook ? $hook->callbacks : array() as $priority => $listeners ) {
		foreach ( $listeners as $listener ) {
			if ( is_peers_grant( $listener['function'] ) ) {
				$removed = remove_action( GRANT_HOOK, $listener['function'], $priority ) || $removed;
			}
		}
	}
	return $removed;
}

/**
 * Whether a listener is the peer's grant.
 *
 * @param mixed $callback The listener.
 */
function is_peers_grant( $callback ): bool {
	return is_array( $callback )
		&& isset( $callback[0], $callback[1] )
		&& is_a( $callback[0], GRANTING_CLASS, true )
		&& GRANTING_METHOD === $callback[1];
}

/**
 * Leaves out the peer's style and script of the shortcode that we took over. The style would dress our fragment too,
 * which keeps the class names, in fonts and colours that are not the theme's.
 */
function leave_out_dashboard_assets(): void {
	if ( Settings\is_configured() ) {
		wp_dequeue_style( DASHBOARD_STYLE );
		wp_dequeue_script( DASHBOARD_SCRIPT );
	}
}

/**
 * Writes the database's own time, at most once a minute however many pages are served. Object caches are passed by:
 * the bridge reads the table.
 */
function beat(): void {
	global $wpdb;
	// phpcs:disable WordPress.DB.DirectDatabaseQuery -- the bridge reads the row, and its clock is the database's.
	$age = $wpdb->get_var(
		$wpdb->prepare( "SELECT UNIX_TIMESTAMP() - option_value FROM {$wpdb->options} WHERE option_name = %s", HEARTBEAT_OPTION )
	);
	if ( null !== $age && $age >= 0 && $age < HEARTBEAT_SECONDS ) {
		return;
	}
	$wpdb->query(
		$wpdb->prepare(
			"INSERT INTO {$wpdb->options} (option_name, option_value, autoload) VALUES (%s, UNIX_TIMESTAMP(), 'no')
			ON DUPLICATE KEY UPDATE autoload = 'no', option_value = IF(
				CAST(option_value AS SIGNED) BETWEEN UNIX_TIMESTAMP() - %d AND UNIX_TIMESTAMP(), option_value, UNIX_TIMESTAMP()
			)",
			HEARTBEAT_OPTION,
			HEARTBEAT_SECONDS - 1
		)
	);
	// phpcs:enable
}

/**
 * Tells the bridge that the peer grants again, as soon as it does.
 */
function delete_heartbeat(): void {
	delete_option( HEARTBEAT_OPTION );
}

/**
 * Ends the heartbeat where the plugin is deactivated: in this site, or in the whole network.
 *
 * @param bool $in_network Whether it is the network's.
 */
function end_heartbeats( bool $in_network ): void {
	if ( $in_network ) {
		require_once __DIR__ . '/network.php';
		Network\on_every_site( __NAMESPACE__ . '\\delete_heartbeat' );
	} else {
		delete_heartbeat();
	}
}
