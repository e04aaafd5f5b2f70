<?php
/**
 * Plugin Name: Stand-in of WooCommerce
 * Description: Calls the hooks that the bridge's plugin listens to, with WooCommerce's own arguments. Only for tests.
 */

final class WooCommerce {}

require __DIR__ . '/products.php';
require __DIR__ . '/orders.php';
require __DIR__ . '/account.php';
require __DIR__ . '/rest-keys.php';

register_activation_hook( __FILE__, 'stand_in_install' );

/** Gives the administrator the shop, and customers their page. Addresses are made anew, as by WooCommerce. */
function stand_in_install() {
	foreach ( array( 'edit', 'edit_others', 'edit_published', 'edit_private', 'publish', 'read_private', 'delete', 'delete_others', 'delete_published' ) as $may ) {
		get_role( 'administrator' )->add_cap( $may . '_products' );
	}
	if ( ! get_option( 'woocommerce_myaccount_page_id' ) ) {
		$page = array(
			'post_type'    => 'page',
			'post_status'  => 'publish',
			'post_name'    => 'my-account',
			'post_title'   => 'My account',
			'post_content' => '[woocommerce_my_account]',
		);
		update_option( 'woocommerce_myaccount_page_id', wp_insert_post( $page ) );
	}
	delete_option( 'rewrite_rules' );
}
