<?php
/**
 * The shortcode [aipkit_token_usage]: asks the bridge for the visitor's fragment and shows it.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Shortcode;

use AIPKit_Bridge\Block;
use AIPKit_Bridge\Client;
use AIPKit_Bridge\Connection_Test;
use AIPKit_Bridge\Fail_Soft;
use AIPKit_Bridge\Fragment_Html;
use AIPKit_Bridge\Fragment_Query;
use AIPKit_Bridge\Settings;

defined( 'ABSPATH' ) || exit;

const TAG           = 'aipkit_token_usage';
const STYLE         = 'aipkit-bridge-fragment';
const FRAGMENT_PATH = '/v1/fragments/token-usage';

/**
 * Adds the hooks of this topic. The peer plugin registers the same shortcode on init, earlier.
 */
function bootstrap(): void {
	add_action( 'init', __NAMESPACE__ . '\\register_style' );
	add_action( 'init', __NAMESPACE__ . '\\register', 99 );
	add_action( 'wp_enqueue_scripts', __NAMESPACE__ . '\\enqueue_style' );
	add_action( 'template_redirect', __NAMESPACE__ . '\\prepare_page' );
}

/**
 * Takes the shortcode over; without settings the peer's stays, if there is one.
 */
function register(): void {
	if ( ! Settings\is_configured() && shortcode_exists( TAG ) ) {
		return;
	}
	remove_shortcode( TAG );
	add_shortcode( TAG, __NAMESPACE__ . '\\render' );
}

/**
 * Makes the fragment's style known.
 */
function register_style(): void {
	$url = plugins_url( 'assets/fragment.css', \AIPKit_Bridge\PLUGIN_FILE );
	wp_register_style( STYLE, $url, array(), \AIPKit_Bridge\VERSION );
}

/**
 * Loads it early where the page is known to need it; other pages never do.
 */
function enqueue_style(): void {
	if ( queried_page_has_shortcode() ) {
		wp_enqueue_style( STYLE );
	}
}

/**
 * Keeps page caches away before the first byte is sent, where the page is known to show a visitor's own numbers.
 */
function prepare_page(): void {
	if ( queried_page_has_shortcode() ) {
		forbid_page_cache();
	}
}

/**
 * Tells page caches, proxies and browsers not to keep this page.
 */
function forbid_page_cache(): void {
	if ( ! defined( 'DONOTCACHEPAGE' ) ) {
		// phpcs:ignore WordPress.NamingConventions.PrefixAllGlobals.NonPrefixedConstantFound -- the name caching plugins read.
		define( 'DONOTCACHEPAGE', true );
	}
	if ( ! headers_sent() ) {
		nocache_headers();
		header( 'Cache-Control: no-store, no-cache, must-revalidate, max-age=0, private' );
	}
}

/**
 * Whether the page that was asked for has the shortcode, or the block, in its own text.
 */
function queried_page_has_shortcode(): bool {
	$post = is_singular() ? get_queried_object() : null;
	return $post instanceof \WP_Post
		&& ( has_shortcode( $post->post_content, TAG ) || has_block( Block\NAME, $post ) );
}

/**
 * The shortcode's HTML.
 *
 * @param array<string, string>|string $attributes What the author wrote; '' when nothing.
 */
function render( $attributes ): string {
	if ( is_feed() ) {
		return '';
	}
	forbid_page_cache();
	wp_enqueue_style( STYLE );
	$user_id = get_current_user_id();
	$query   = Fragment_Query\query_for( is_array( $attributes ) ? $attributes : array() );
	return fragment_for( $user_id, $query );
}

/**
 * The bridge's fragment, or what stands in for it.
 *
 * @param int                   $user_id The user; 0 is a guest.
 * @param array<string, string> $query   What to ask the bridge.
 */
function fragment_for( int $user_id, array $query ): string {
	if ( 0 === $user_id ) {
		// The log-in prompt has no pages, and strangers must not fill the options table with copies of it.
		$query = array_diff_key( $query, array_flip( Fragment_Query\OWN_ARGUMENTS ) );
	}
	$name = Fail_Soft\name_of( $user_id, $query );
	if ( ! Settings\is_configured() ) {
		$reason = __( 'the bridge is not set up yet; see Settings > AIP Bridge.', 'aipkit-bridge' );
		return Fail_Soft\quiet_line() . Fail_Soft\hint( $reason );
	}
	$reason = Fail_Soft\recent_failure();
	if ( '' !== $reason ) {
		return Fail_Soft\fallback( $name, $reason );
	}
	$response = Client\get_as( FRAGMENT_PATH, $query, $user_id );
	$reason   = reason_not_to_show( $response, $user_id );
	if ( '' !== $reason ) {
		if ( is_failure_of_all( $response ) ) {
			Fail_Soft\remember_failure( $reason );
		}
		return Fail_Soft\fallback( $name, $reason );
	}
	return Fail_Soft\cleaned( $name, wp_remote_retrieve_body( $response ) );
}

/**
 * Why an answer cannot be shown, or '' when it can.
 *
 * @param array|\WP_Error $response What the client returned.
 * @param int             $user_id  The user; 0 is a guest.
 */
function reason_not_to_show( $response, int $user_id ): string {
	if ( is_wp_error( $response ) ) {
		/* translators: %s: technical message. */
		return sprintf( __( 'the bridge cannot be reached: %s', 'aipkit-bridge' ), $response->get_error_message() );
	}
	$status = (int) wp_remote_retrieve_response_code( $response );
	if ( 401 === $status || 403 === $status ) {
		$clocks = Connection_Test\clock_complaint_of( $response );
		return '' !== $clocks ? $clocks : __( 'the bridge does not accept this site\'s signature; use the connection test in Settings > AIP Bridge.', 'aipkit-bridge' );
	}
	if ( 200 !== $status ) {
		/* translators: %d: HTTP status. */
		return sprintf( __( 'the bridge answered HTTP %d.', 'aipkit-bridge' ), $status );
	}
	$body = wp_remote_retrieve_body( $response );
	if ( strlen( $body ) >= Client\RESPONSE_BYTES_MAX || ! Client\has_type( $response, 'text/html' ) || ! Fragment_Html\is_for( $body, $user_id ) ) {
		return __( 'the answer is not a token usage fragment; is the address really the bridge\'s?', 'aipkit-bridge' );
	}
	return '';
}

/**
 * Whether a bad answer says that the next call will fail too. A 4xx is quick and may be about one user or query only.
 *
 * @param array|\WP_Error $response What the client returned.
 */
function is_failure_of_all( $response ): bool {
	$status = (int) wp_remote_retrieve_response_code( $response );
	return $status < 400 || $status >= 500 || 429 === $status;
}
