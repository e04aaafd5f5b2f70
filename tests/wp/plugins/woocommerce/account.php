<?php
/**
 * The page "My account" with its tabs.
 */

add_action( 'init', 'stand_in_add_endpoints' );
add_filter( 'query_vars', 'stand_in_add_query_vars', 0 );
add_action( 'parse_request', 'stand_in_parse_request', 0 );
add_filter( 'the_title', 'stand_in_endpoint_title' );
add_shortcode( 'woocommerce_my_account', 'stand_in_my_account' );

function stand_in_query_vars() {
	return apply_filters( 'woocommerce_get_query_vars', array( 'orders' => 'orders', 'customer-logout' => 'customer-logout' ) );
}

function stand_in_add_endpoints() {
	foreach ( stand_in_query_vars() as $part ) {
		add_rewrite_endpoint( $part, EP_PAGES );
	}
}

function stand_in_add_query_vars( $vars ) {
	return array_merge( $vars, array_keys( stand_in_query_vars() ) );
}

function stand_in_parse_request( $wp ) {
	foreach ( stand_in_query_vars() as $name => $part ) {
		if ( isset( $wp->query_vars[ $part ] ) ) {
			$wp->query_vars[ $name ] = $wp->query_vars[ $part ];
		}
	}
}

/** Name of the tab that was asked for, or ''. */
function stand_in_current_endpoint() {
	global $wp;
	return (string) current( array_intersect( array_keys( stand_in_query_vars() ), array_keys( (array) $wp->query_vars ) ) );
}

function stand_in_endpoint_title( $title ) {
	$endpoint = stand_in_current_endpoint();
	if ( '' === $endpoint || ! is_main_query() || ! in_the_loop() || ! is_page() ) {
		return $title;
	}
	return apply_filters( "woocommerce_endpoint_{$endpoint}_title", '', $endpoint, '' ) ?: $title;
}

function stand_in_my_account() {
	global $wp;
	if ( ! is_user_logged_in() ) {
		return '<form class="woocommerce-form-login">Log in</form>';
	}
	$items = array( 'dashboard' => 'Dashboard', 'orders' => 'Orders', 'customer-logout' => 'Log out' );
	$items = apply_filters( 'woocommerce_account_menu_items', $items, array( 'orders' => 'orders', 'customer-logout' => 'customer-logout' ) );
	ob_start();
	echo '<nav class="woocommerce-MyAccount-navigation"><ul>';
	foreach ( $items as $name => $label ) {
		$part = 'dashboard' === $name ? '' : stand_in_query_vars()[ $name ] . '/';
		printf( '<li><a href="%s">%s</a></li>', esc_url( get_permalink() . $part ), esc_html( $label ) );
	}
	echo '</ul></nav><div class="woocommerce-MyAccount-content">';
	$endpoint = stand_in_current_endpoint();
	if ( '' !== $endpoint ) {
		do_action( "woocommerce_account_{$endpoint}_endpoint", $wp->query_vars[ $endpoint ] );
	}
	return ob_get_clean() . '</div>';
}
