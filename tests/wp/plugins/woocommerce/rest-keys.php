<?php
/**
 * REST keys as WooCommerce keeps and checks them, and a list of orders that is always empty.
 */

add_action( 'rest_api_init', 'stand_in_register_orders' );

/** The table of WooCommerce 10.9.1, and the shop's version. */
function stand_in_make_rest_keys() {
	global $wpdb;
	$collate = $wpdb->get_charset_collate();
	// phpcs:ignore WordPress.DB -- as WooCommerce makes it.
	$wpdb->query(
		"CREATE TABLE {$wpdb->prefix}woocommerce_api_keys (
		  key_id bigint(20) unsigned NOT NULL auto_increment,
		  user_id bigint(20) unsigned NOT NULL,
		  description varchar(200) NULL,
		  permissions varchar(10) NOT NULL,
		  consumer_key char(64) NOT NULL,
		  consumer_secret char(43) NOT NULL,
		  nonces longtext NULL,
		  truncated_key char(7) NOT NULL,
		  last_access datetime NULL default null,
		  PRIMARY KEY  (key_id),
		  KEY consumer_key (consumer_key),
		  KEY consumer_secret (consumer_secret)
		) $collate"
	);
	update_option( 'woocommerce_version', '10.9.1' );
}

function stand_in_register_orders() {
	register_rest_route(
		'wc/v3',
		'/orders',
		array(
			'methods'             => 'GET',
			'callback'            => 'stand_in_list_orders',
			'permission_callback' => 'stand_in_check_key',
		)
	);
	register_rest_route(
		'wc/v3',
		'/orders/0',
		array(
			'methods'             => 'PUT',
			'callback'            => 'stand_in_finds_no_order',
			'permission_callback' => 'stand_in_check_key',
		)
	);
}

function stand_in_finds_no_order() {
	return new WP_Error( 'woocommerce_rest_shop_order_invalid_id', 'Invalid ID.', array( 'status' => 400 ) );
}

function stand_in_list_orders() {
	$response = new WP_REST_Response( array() );
	$response->header( 'X-WP-Total', 0 );
	$response->header( 'X-WP-TotalPages', 0 );
	return $response;
}

/** Refuse as WC_REST_Authentication does, not as WordPress refuses strangers. */
function stand_in_check_key() {
	if ( stand_in_key_is_right() ) {
		return true;
	}
	return new WP_Error( 'woocommerce_rest_authentication_error', 'Consumer key is invalid.', array( 'status' => 401 ) );
}

/** OAuth 1.0a as WC_REST_Authentication checks it by plain HTTP; the option lets a test refuse. */
function stand_in_key_is_right() {
	global $wpdb;
	$params = wp_unslash( $_GET );
	$hash   = hash_hmac( 'sha256', (string) ( $params['oauth_consumer_key'] ?? '' ), 'wc-api' );
	$row    = $wpdb->get_row( $wpdb->prepare( "SELECT * FROM {$wpdb->prefix}woocommerce_api_keys WHERE consumer_key = %s", $hash ) );
	if ( ! $row || 'read_write' !== $row->permissions || get_option( 'stand_in_refuses' ) ) {
		return false;
	}
	$given = rawurldecode( $params['oauth_signature'] );
	unset( $params['oauth_signature'] );
	uksort( $params, 'strcmp' );
	$pairs = array();
	foreach ( $params as $name => $value ) {
		$pairs[] = rawurlencode( rawurlencode( $name ) . '=' . rawurlencode( $value ) );
	}
	$path   = (string) wp_parse_url( $_SERVER['REQUEST_URI'], PHP_URL_PATH );
	$signed = $_SERVER['REQUEST_METHOD'] . '&' . rawurlencode( get_home_url( null, $path ) ) . '&' . implode( '%26', $pairs );
	$method = strtolower( str_replace( 'HMAC-', '', $params['oauth_signature_method'] ) );
	$right  = base64_encode( hash_hmac( $method, $signed, $row->consumer_secret . '&', true ) );
	return hash_equals( $right, $given ) && user_can( (int) $row->user_id, 'manage_options' );
}
