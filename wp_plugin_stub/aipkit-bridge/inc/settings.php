<?php
/**
 * The settings: where the bridge is, the secret shared with it, and where browsers find it.
 *
 * Constants in wp-config.php (AIPKIT_BRIDGE_URL and so on) win over what is stored.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Settings;

use AIPKit_Bridge\Fail_Soft;
use AIPKit_Bridge\Peer;
use AIPKit_Bridge\Status_Figures;

defined( 'ABSPATH' ) || exit;

const OPTION             = 'aipkit_bridge_settings';
const SECRET_LENGTH_MIN  = 32;
const CONSTANT_OF_FIELDS = array(
	'url'        => 'AIPKIT_BRIDGE_URL',
	'secret'     => 'AIPKIT_BRIDGE_SECRET',
	'public_url' => 'AIPKIT_BRIDGE_PUBLIC_URL',
);

/**
 * Adds the hooks of this topic.
 */
function bootstrap(): void {
	register_activation_hook( \AIPKit_Bridge\PLUGIN_FILE, __NAMESPACE__ . '\\ensure_option' );
	add_action( 'add_option_' . OPTION, __NAMESPACE__ . '\\forget_what_depends_on_them' );
	add_action( 'update_option_' . OPTION, __NAMESPACE__ . '\\forget_what_depends_on_them' );
}

/**
 * Makes the option once, so that the Settings API only ever updates it: it would make it autoloaded.
 */
function ensure_option(): void {
	add_option( OPTION, array(), '', 'no' );
}

/**
 * What the old address said, or failed to, says nothing about the new one, and without both settings the peer is on duty again.
 */
function forget_what_depends_on_them(): void {
	require_once __DIR__ . '/fail-soft.php';
	require_once __DIR__ . '/status-figures.php';
	Fail_Soft\forget_failure();
	Status_Figures\forget();
	if ( ! is_configured() ) {
		Peer\delete_heartbeat();
	}
}

/**
 * The bridge's address without trailing slash, or '' when there is none that can be used.
 */
function address(): string {
	return clean_address( value_of( 'url' ) );
}

/**
 * Where administrators' browsers find the bridge: an address of its own if there is one, else the bridge's.
 */
function public_address(): string {
	$address = clean_address( value_of( 'public_url' ) );
	return '' === $address ? address() : $address;
}

/**
 * The shared secret, or '' when there is none that is long enough.
 */
function secret(): string {
	$secret = value_of( 'secret' );
	return strlen( $secret ) >= SECRET_LENGTH_MIN ? $secret : '';
}

/**
 * Whether address and secret can be used.
 */
function is_configured(): bool {
	return '' !== address() && '' !== secret();
}

/**
 * The site's address as the bridge knows it: the option `home`, which translation plugins do not change.
 */
function site_url(): string {
	return untrailingslashit( (string) get_option( 'home' ) );
}

/**
 * Whether wp-config.php decides over this setting.
 *
 * @param string $field A key of CONSTANT_OF_FIELDS.
 */
function is_locked( string $field ): bool {
	return defined( CONSTANT_OF_FIELDS[ $field ] );
}

/**
 * What is stored, always as text.
 *
 * @return array{url: string, secret: string, public_url: string}
 */
function stored(): array {
	$empty  = array_fill_keys( array_keys( CONSTANT_OF_FIELDS ), '' );
	$stored = get_option( OPTION );
	$stored = is_array( $stored ) ? array_filter( $stored, 'is_string' ) : array();
	return array_intersect_key( $stored, $empty ) + $empty;
}

/**
 * An http(s) address in its plain form, or '' if it is not one. User names, queries and fragments are refused.
 *
 * @param string $address What was typed in.
 */
function clean_address( string $address ): string {
	$address = untrailingslashit( trim( $address ) );
	$parts   = wp_parse_url( $address );
	if ( ! is_array( $parts ) || empty( $parts['host'] ) || empty( $parts['scheme'] ) ) {
		return '';
	}
	if ( ! in_array( strtolower( $parts['scheme'] ), array( 'http', 'https' ), true ) ) {
		return '';
	}
	if ( isset( $parts['user'] ) || isset( $parts['pass'] ) || isset( $parts['query'] ) || isset( $parts['fragment'] ) ) {
		return '';
	}
	return esc_url_raw( $address, array( 'http', 'https' ) );
}

/**
 * The value in force: the constant where there is one, else what is stored.
 *
 * @param string $field A key of CONSTANT_OF_FIELDS.
 */
function value_of( string $field ): string {
	if ( is_locked( $field ) ) {
		$value = constant( CONSTANT_OF_FIELDS[ $field ] );
		return is_string( $value ) ? trim( $value ) : '';
	}
	return stored()[ $field ];
}
