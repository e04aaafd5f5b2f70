<?php
/**
 * Takes away what the plugin stored. Balances, ledger and the bridge's own tables are not its to remove.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Uninstall;

use AIPKit_Bridge\Network;

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

require_once __DIR__ . '/inc/network.php';

/**
 * Removes the plugin's options and transients from the current site.
 */
function remove_from_site(): void {
	global $wpdb;
	delete_option( 'aipkit_bridge_settings' );
	delete_option( 'aipkit_bridge_heartbeat' );
	delete_option( 'aipkit_bridge_pairing' );
	delete_option( 'aipkit_bridge_pairing_tries' );
	delete_option( 'aipkit_bridge_rewrite' );
	delete_option( 'aipkit_bridge_settings_version' );
	delete_option( 'aipkit_bridge_mails' );
	delete_option( 'aipkit_bridge_mails_to' );
	delete_option( 'aipkit_bridge_down_since' );
	wp_clear_scheduled_hook( 'aipkit_bridge_send_mails' );
	delete_metadata( 'user', 0, 'aipkit_bridge_no_mails', '', true );
	foreach ( array( '_transient_aipkit_bridge_', '_transient_timeout_aipkit_bridge_', 'aipkit_bridge_mail_sent_' ) as $prefix ) {
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- WordPress has no call that deletes by prefix.
		$wpdb->query( $wpdb->prepare( "DELETE FROM {$wpdb->options} WHERE option_name LIKE %s", $wpdb->esc_like( $prefix ) . '%' ) );
	}
}

Network\on_every_site( __NAMESPACE__ . '\\remove_from_site' );
