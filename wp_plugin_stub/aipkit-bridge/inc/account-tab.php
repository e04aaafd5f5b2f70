<?php
/**
 * The tab "Credits" of WooCommerce's My Account page: the same as the shortcode shows.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Account_Tab;

use AIPKit_Bridge\Settings;
use AIPKit_Bridge\Shortcode;
use AIPKit_Bridge\WooCommerce;

defined( 'ABSPATH' ) || exit;

const ENDPOINT = 'ai-credits';
const OPTION   = 'aipkit_bridge_rewrite';

/**
 * Adds the hooks of this topic.
 */
function bootstrap(): void {
	register_activation_hook( \AIPKit_Bridge\PLUGIN_FILE, __NAMESPACE__ . '\\want_rewrite_rules' );
	add_action( 'wp_loaded', __NAMESPACE__ . '\\renew_rewrite_rules' );
	add_filter( 'woocommerce_get_query_vars', __NAMESPACE__ . '\\add_endpoint' );
	add_filter( 'woocommerce_account_menu_items', __NAMESPACE__ . '\\add_menu_item' );
	add_filter( 'woocommerce_endpoint_' . ENDPOINT . '_title', __NAMESPACE__ . '\\title' );
	add_action( 'woocommerce_account_' . ENDPOINT . '_endpoint', __NAMESPACE__ . '\\render' );
	add_action( 'wp_enqueue_scripts', __NAMESPACE__ . '\\enqueue_style', 20 );
}

/**
 * Has the rules for addresses made anew by the next request: this one began without us.
 */
function want_rewrite_rules(): void {
	delete_option( OPTION );
}

/**
 * Makes the rules for addresses anew once for each version. When WooCommerce itself is activated later, it does that.
 */
function renew_rewrite_rules(): void {
	if ( class_exists( 'WooCommerce', false ) && get_option( OPTION ) !== \AIPKit_Bridge\VERSION ) {
		update_option( OPTION, \AIPKit_Bridge\VERSION );
		flush_rewrite_rules( false );
	}
}

/**
 * Tells WooCommerce the tab's name and its part of the address.
 *
 * @param array<string, string> $query_vars Parts of addresses by name.
 * @return array<string, string>
 */
function add_endpoint( array $query_vars ): array {
	$query_vars[ ENDPOINT ] = ENDPOINT;
	return $query_vars;
}

/**
 * Puts the tab before "Log out", once there is something to show.
 *
 * @param array<string, string> $items Labels by name.
 * @return array<string, string>
 */
function add_menu_item( array $items ): array {
	return Settings\is_configured() ? WooCommerce\insert_before( $items, 'customer-logout', ENDPOINT, title() ) : $items;
}

/**
 * The tab's label, and the title of its page.
 */
function title(): string {
	return __( 'Credits', 'aipkit-bridge' );
}

/**
 * Loads the fragment's style in time, and keeps page caches away before the first byte is sent.
 */
function enqueue_style(): void {
	if ( isset( $GLOBALS['wp']->query_vars[ ENDPOINT ] ) ) {
		Shortcode\forbid_page_cache();
		wp_enqueue_style( Shortcode\STYLE );
	}
}

/**
 * The page.
 */
function render(): void {
	// phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- cleaned by Fragment_Html, or escaped.
	echo Shortcode\render( array() );
}
