<?php
/**
 * What the bridge is asked for the shortcode [aipkit_token_usage].
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Fragment_Query;

use AIPKit_Bridge\Shortcode;

defined( 'ABSPATH' ) || exit;

const BOOLEAN_ATTRIBUTES = array( 'chatbot', 'aiforms', 'imagegenerator', 'buycredits', 'purchasehistory' );
const TEXT_ATTRIBUTES    = array( 'title', 'intro', 'buycreditslabel', 'buycreditsurl' );
const PAGE_PATTERN       = '/^[1-9][0-9]{0,4}$/D';
const OWN_ARGUMENTS      = array( 'aipkit_page', 'aipkit_history', 'aipkit_activity', 'aipkit_activity_page' );
const ACTIVITY_PATTERN   = '/^(?:chat-[1-9][0-9]{0,17}|ai_forms|image_generator)$/D';

/**
 * What to ask the bridge: the author's attributes as they are, the language and where the visitor is.
 *
 * @param array<string, string> $attributes What the author wrote.
 * @param int                   $user_id    The user; 0 is a guest.
 * @return array<string, string>
 */
function query_for( array $attributes, int $user_id ): array {
	$query              = with_buy_url( as_texts( written( $attributes ) ), $user_id );
	$page_url           = current_page_url();
	$query['locale']    = determine_locale();
	$query['login_url'] = wp_login_url( $page_url );
	$query['page_url']  = $page_url;
	if ( 0 !== $user_id ) {
		// The log-in prompt has no pages, and strangers must not fill the options table with copies of it.
		$query += passed_through();
	}
	/**
	 * Changes what the bridge is asked for a fragment.
	 *
	 * Copies of the fragment are kept by it: add nothing that differs with every page view.
	 *
	 * @since 0.2.0
	 *
	 * @param array<string, string> $query   The shortcode's attributes, `locale`, `page_url`, `login_url`.
	 * @param int                   $user_id The user; 0 is a guest.
	 */
	$filtered = apply_filters( 'aipkit_bridge_fragment_query', $query, $user_id );
	return is_array( $filtered ) ? as_texts( $filtered ) : $query;
}

/**
 * The attributes that the author wrote, of those there are.
 *
 * @param array<string, string> $attributes What the author wrote.
 * @return array<string, string>
 */
function written( array $attributes ): array {
	$known = array_fill_keys( array_merge( BOOLEAN_ATTRIBUTES, TEXT_ATTRIBUTES ), null );
	$query = array_filter( shortcode_atts( $known, $attributes, Shortcode\TAG ), 'is_scalar' );
	foreach ( $query as $name => $value ) {
		// Editors store "&" in attributes as an entity; the bridge gets text and escapes it itself.
		$query[ $name ] = html_entity_decode( (string) $value, ENT_QUOTES | ENT_HTML5, 'UTF-8' );
	}
	return $query;
}

/**
 * The same with the address that "Buy credits" leads to; without one the bridge takes the shop's page.
 *
 * @param array<string, string> $query   What to ask the bridge.
 * @param int                   $user_id The user; 0 is a guest.
 * @return array<string, string>
 */
function with_buy_url( array $query, int $user_id ): array {
	/**
	 * Changes where "Buy credits" leads.
	 *
	 * @since 0.2.0
	 *
	 * @param string $url     What the page's author entered; '' leaves it to the bridge.
	 * @param int    $user_id The user; 0 is a guest.
	 */
	$url = apply_filters( 'aipkit_bridge_buy_credits_url', $query['buycreditsurl'] ?? '', $user_id );
	unset( $query['buycreditsurl'] );
	return is_string( $url ) && '' !== $url ? array( 'buycreditsurl' => $url ) + $query : $query;
}

/**
 * What can be sent, as text: booleans in the bridge's spelling, and nothing but single values.
 *
 * @param array<string, mixed> $query What to ask the bridge.
 * @return array<string, string>
 */
function as_texts( array $query ): array {
	$texts = array();
	foreach ( array_filter( $query, 'is_scalar' ) as $name => $value ) {
		$texts[ $name ] = in_array( $name, BOOLEAN_ATTRIBUTES, true ) ? boolean_text( (string) $value ) : (string) $value;
	}
	return $texts;
}

/**
 * The one spelling of a boolean that the bridge knows.
 *
 * @param string $value What the author wrote: true, yes, on, 1 or anything else.
 */
function boolean_text( string $value ): string {
	return filter_var( $value, FILTER_VALIDATE_BOOLEAN ) ? 'true' : 'false';
}

/**
 * The address's arguments that are the fragment's own: which pages are shown, and what is open.
 *
 * @return array<string, string>
 */
function passed_through(): array {
	$passed = array();
	foreach ( OWN_ARGUMENTS as $name ) {
		// phpcs:ignore WordPress.Security.NonceVerification.Recommended -- they only choose what the visitor sees of their own.
		$value = isset( $_GET[ $name ] ) ? sanitize_text_field( wp_unslash( $_GET[ $name ] ) ) : '';
		if ( is_fit( $name, $value ) ) {
			$passed[ $name ] = $value;
		}
	}
	return $passed;
}

/**
 * Whether an argument of the address says something the bridge knows.
 *
 * @param string $name  Its name, one of OWN_ARGUMENTS.
 * @param string $value What stands there.
 */
function is_fit( string $name, string $value ): bool {
	if ( 'aipkit_history' === $name ) {
		return '1' === $value;
	}
	if ( 'aipkit_activity' === $name ) {
		return 1 === preg_match( ACTIVITY_PATTERN, $value );
	}
	return 1 === preg_match( PAGE_PATTERN, $value );
}

/**
 * The address of the page the visitor is on, without the arguments that strangers can add to it.
 */
function current_page_url(): string {
	$is_rest = defined( 'REST_REQUEST' ) && REST_REQUEST;
	$path    = $GLOBALS['wp']->request ?? '';
	if ( '' !== (string) $path && ! $is_rest ) {
		return home_url( user_trailingslashit( '/' . $path ) );
	}
	$url = is_singular() || in_the_loop() || $is_rest ? get_permalink() : false;
	return is_string( $url ) ? $url : home_url( '/' );
}
