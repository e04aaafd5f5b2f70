<?php
/**
 * The shortcode [aipkit_token_usage]: where it stands, and what the page needs for it.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Shortcode;

use AIPKit_Bridge\Block;
use AIPKit_Bridge\Fragment;
use AIPKit_Bridge\Fragment_Query;
use AIPKit_Bridge\Settings;

defined( 'ABSPATH' ) || exit;

const TAG   = 'aipkit_token_usage';
const STYLE = 'aipkit-bridge-fragment';

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
	require_once __DIR__ . '/fragment.php';
	require_once __DIR__ . '/fragment-query.php';
	forbid_page_cache();
	wp_enqueue_style( STYLE );
	$user_id = get_current_user_id();
	$query   = Fragment_Query\query_for( is_array( $attributes ) ? $attributes : array(), $user_id );
	return Fragment\for_user( $user_id, $query );
}
