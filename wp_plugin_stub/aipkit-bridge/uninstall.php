<?php
/**
 * Takes away what the plugin stored. Balances, ledger and the bridge's own tables are not its to remove.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Uninstall;

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

/**
 * Removes the plugin's options and transients from the current site.
 */
function remove_from_site(): void {
	global $wpdb;
	delete_option( 'aipkit_bridge_settings' );
	delete_option( 'aipkit_bridge_heartbeat' );
	delete_option( 'aipkit_bridge_rewrite' );
	foreach ( array( '_transient_aipkit_bridge_', '_transient_timeout_aipkit_bridge_' ) as $prefix ) {
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- transients have no call that deletes by prefix.
		$wpdb->query( $wpdb->prepare( "DELETE FROM {$wpdb->options} WHERE option_name LIKE %s", $wpdb->esc_like( $prefix ) . '%' ) );
	}
}

/**
 * Removes it from every site of a network, or from the only one.
 */
function remove_everywhere(): void {
	if ( ! is_multisite() ) {
		remove_from_site();
		return;
	}
	foreach ( get_sites( array( 'fields' => 'ids', 'number' => 0 ) ) as $site_id ) {
		switch_to_blog( $site_id );
		remove_from_site();
		restore_current_blog();
	}
}

remove_everywhere();
