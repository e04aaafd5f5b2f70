<?php
/**
 * Tells who saved a product what could not be saved, on the page that follows.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Product_Notices;

defined( 'ABSPATH' ) || exit;

const TRANSIENT_PREFIX = 'aipkit_bridge_notices_';
const KEPT_SECONDS     = 5 * MINUTE_IN_SECONDS;

/**
 * Adds the hooks of this topic.
 */
function bootstrap(): void {
	add_action( 'admin_notices', __NAMESPACE__ . '\\show' );
}

/**
 * Says something to the current user. Variations are saved without a new page; there WooCommerce shows its own list.
 *
 * @param string $text Plain text.
 */
function add( string $text ): void {
	if ( wp_doing_ajax() && is_callable( array( 'WC_Admin_Meta_Boxes', 'add_error' ) ) ) {
		\WC_Admin_Meta_Boxes::add_error( esc_html( $text ) );
		return;
	}
	$texts   = waiting();
	$texts[] = $text;
	set_transient( transient_name(), $texts, KEPT_SECONDS );
}

/**
 * Shows what waits, once, on the screens of products.
 */
function show(): void {
	$screen = get_current_screen();
	if ( null === $screen || 'product' !== $screen->post_type ) {
		return;
	}
	foreach ( waiting() as $text ) {
		printf( '<div class="notice notice-error is-dismissible"><p>%s</p></div>', esc_html( $text ) );
	}
	delete_transient( transient_name() );
}

/**
 * What waits for the current user.
 *
 * @return string[]
 */
function waiting(): array {
	$texts = get_transient( transient_name() );
	return is_array( $texts ) ? $texts : array();
}

/**
 * Each user reads their own.
 */
function transient_name(): string {
	return TRANSIENT_PREFIX . get_current_user_id();
}
