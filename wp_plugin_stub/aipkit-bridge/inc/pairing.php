<?php
/**
 * Pairing: a bridge on another machine gets its REST key and the shared secret for a code that an administrator was shown.
 *
 * The code is good once and for ten minutes, only its hash is kept, and five tries void it.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Pairing;

use AIPKit_Bridge\Settings;
use WP_Error;
use WP_REST_Request;
use WP_REST_Response;

defined( 'ABSPATH' ) || exit;

const OPTION          = 'aipkit_bridge_pairing';
const TRIES           = 'aipkit_bridge_pairing_tries';
const TRIES_MAX       = 5;
const GOOD_FOR        = 600;
const LETTERS         = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LENGTH          = 12;
const KEY_DESCRIPTION = 'AIP Bridge';
const CAPABILITY      = 'manage_options';

/**
 * Makes a code; an earlier one is void from then on.
 *
 * @param int $user_id The administrator in whose name the REST key will be made.
 */
function make_code( int $user_id ): string {
	$code = '';
	$last = strlen( LETTERS ) - 1;
	for ( $count = 0; $count < LENGTH; ++$count ) {
		$code .= LETTERS[ random_int( 0, $last ) ];
	}
	$kept = array(
		'hash'  => hash_of( $code ),
		'until' => time() + GOOD_FOR,
		'user'  => $user_id,
	);
	update_option( OPTION, $kept, false );
	update_option( TRIES, (string) TRIES_MAX, false );
	return implode( '-', str_split( $code, 4 ) );
}

/**
 * What is kept of a code. Letters that look alike are the same.
 *
 * @param string $code As it was shown, or typed.
 */
function hash_of( string $code ): string {
	$code = strtr( strtoupper( $code ), 'OIL', '011' );
	return hash_hmac( 'sha256', (string) preg_replace( '/[^0-9A-Z]/', '', $code ), wp_salt() );
}

/**
 * Answers a bridge that has a code.
 *
 * @param WP_REST_Request $request With `code`, and `bridge_url`: where this site reaches the bridge.
 * @return WP_REST_Response|WP_Error
 */
function answer( WP_REST_Request $request ) {
	if ( ! is_ssl() ) {
		return refusal( 'https_needed', 403 );
	}
	if ( ! class_exists( 'WooCommerce', false ) ) {
		return refusal( 'woocommerce_missing', 409 );
	}
	if ( ! take_try() ) {
		return refusal( 'too_many_tries', 429 );
	}
	$user_id = claim( text_of( $request, 'code' ) );
	if ( 0 === $user_id ) {
		return refusal( 'wrong_code', 401 );
	}
	$response = new WP_REST_Response( hand_over( $user_id, text_of( $request, 'bridge_url' ) ) );
	$response->header( 'Cache-Control', 'no-store' );
	return $response;
}

/**
 * A text of the request, or ''.
 *
 * @param WP_REST_Request $request The request.
 * @param string          $name    Its parameter.
 */
function text_of( WP_REST_Request $request, string $name ): string {
	$value = $request->get_param( $name );
	return is_string( $value ) ? $value : '';
}

/**
 * An error for a program, which has the words for people.
 *
 * @param string $code   What is wrong.
 * @param int    $status HTTP status.
 */
function refusal( string $code, int $status ): WP_Error {
	return new WP_Error( "aipkit_bridge_$code", $code, array( 'status' => $status ) );
}

/**
 * Counts a try; says no when there is none left. By one statement: many may try at once.
 */
function take_try(): bool {
	global $wpdb;
	// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- options have no call that counts down in one step.
	$left = $wpdb->query( $wpdb->prepare( "UPDATE {$wpdb->options} SET option_value = option_value - 1 WHERE option_name = %s AND option_value > 0", TRIES ) );
	wp_cache_delete( TRIES, 'options' );
	return 1 === $left;
}

/**
 * Spends a code; returns who made it, or 0 if it is not the one, or not any more. Of two at once one gets it.
 *
 * @param string $code What was sent.
 */
function claim( string $code ): int {
	global $wpdb;
	// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- past the cache: the row itself decides.
	$stored = (string) $wpdb->get_var( $wpdb->prepare( "SELECT option_value FROM {$wpdb->options} WHERE option_name = %s", OPTION ) );
	$kept   = maybe_unserialize( $stored );
	if ( ! is_array( $kept ) || ! isset( $kept['hash'], $kept['until'], $kept['user'] ) || $kept['until'] < time() ) {
		return 0;
	}
	if ( ! hash_equals( (string) $kept['hash'], hash_of( $code ) ) || ! user_can( (int) $kept['user'], CAPABILITY ) ) {
		return 0;
	}
	$row = array(
		'option_name'  => OPTION,
		'option_value' => $stored,
	);
	// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- only one of two gets it.
	$claimed = $wpdb->delete( $wpdb->options, $row );
	wp_cache_delete( OPTION, 'options' );
	delete_option( TRIES );
	return 1 === $claimed ? (int) $kept['user'] : 0;
}

/**
 * Stores the bridge's address and a secret, and makes a REST key; returns what the bridge needs to know.
 *
 * @param int    $user_id    In whose name the key is.
 * @param string $bridge_url Where this site reaches the bridge; '' keeps what is stored.
 * @return array<string, string>
 */
function hand_over( int $user_id, string $bridge_url ): array {
	global $wpdb;
	$settings = Settings\stored();
	$secret   = Settings\secret();
	if ( '' === $secret ) {
		$secret = bin2hex( random_bytes( 32 ) );
	}
	$address            = Settings\clean_address( $bridge_url );
	$settings['url']    = '' === $address ? $settings['url'] : $address;
	$settings['secret'] = $secret;
	update_option( Settings\OPTION, $settings, false );
	return make_rest_key( $user_id ) + array(
		'secret'       => $secret,
		'site'         => Settings\site_url(),
		'table_prefix' => $wpdb->prefix,
	);
}

/**
 * Makes a REST key as WooCommerce's own screen does.
 *
 * @param int $user_id Whose key it is.
 * @return array{consumer_key: string, consumer_secret: string}
 */
function make_rest_key( int $user_id ): array {
	global $wpdb;
	$key    = 'ck_' . bin2hex( random_bytes( 20 ) );
	$secret = 'cs_' . bin2hex( random_bytes( 20 ) );
	$row    = array(
		'user_id'         => $user_id,
		'description'     => KEY_DESCRIPTION,
		'permissions'     => 'read_write',
		'consumer_key'    => hash_hmac( 'sha256', $key, 'wc-api' ),
		'consumer_secret' => $secret,
		'truncated_key'   => substr( $key, -7 ),
	);
	// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- as WooCommerce does; it has no call for it.
	$wpdb->insert( $wpdb->prefix . 'woocommerce_api_keys', $row );
	return array(
		'consumer_key'    => $key,
		'consumer_secret' => $secret,
	);
}
