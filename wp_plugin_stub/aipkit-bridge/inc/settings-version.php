<?php
/**
 * Gives the settings that visitors' figures depend on a new version when WordPress changes them, so that no page shows old
 * limits. The bridge writes the same option when it changes them itself.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Settings_Version;

use AIPKit_Bridge\Settings;

defined( 'ABSPATH' ) || exit;

const OPTION       = 'aipkit_bridge_settings_version';
const CHATBOT_TYPE = 'aipkit_chatbot';
const LIMIT_PREFIX = '_aipkit_token_';
const OPTIONS      = array(
	'WPLANG',
	'aipkit_ai_forms_settings',
	'aipkit_image_generator_settings',
	'aipkit_token_shop_page_url',
	'gmt_offset',
	'home',
	'permalink_structure',
	'start_of_week',
	'timezone_string',
	'woocommerce_shop_page_id',
);

/**
 * Adds the hooks of this topic.
 */
function bootstrap(): void {
	foreach ( array( 'added_option', 'updated_option', 'deleted_option' ) as $hook ) {
		add_action( $hook, __NAMESPACE__ . '\\on_option' );
	}
	foreach ( array( 'added_post_meta', 'updated_post_meta', 'deleted_post_meta' ) as $hook ) {
		add_action( $hook, __NAMESPACE__ . '\\on_post_meta', 10, 3 );
	}
	add_action( 'transition_post_status', __NAMESPACE__ . '\\on_post', 10, 3 );
	add_action( 'after_delete_post', __NAMESPACE__ . '\\on_deleted_post', 10, 2 );
	add_action( 'shutdown', __NAMESPACE__ . '\\renew', PHP_INT_MAX );
}

/**
 * Notes a change of an option.
 *
 * @param mixed $name The option.
 */
function on_option( $name ): void {
	if ( in_array( $name, OPTIONS, true ) || $GLOBALS['wpdb']->get_blog_prefix() . 'user_roles' === $name ) {
		note_change();
	}
}

/**
 * Notes a change of a chatbot's limits.
 *
 * @param mixed $meta_id The row, or rows.
 * @param mixed $post_id The post.
 * @param mixed $key     The meta key.
 */
function on_post_meta( $meta_id, $post_id, $key ): void {
	if ( is_string( $key ) && 0 === strncmp( $key, LIMIT_PREFIX, strlen( LIMIT_PREFIX ) ) ) {
		note_change();
	}
}

/**
 * Notes that a chatbot, or the shop's page, was saved: it may have another title, status or address.
 *
 * @param mixed $new_status As stored now.
 * @param mixed $old_status As it was.
 * @param mixed $post       The post.
 */
function on_post( $new_status, $old_status, $post ): void {
	if ( ! $post instanceof \WP_Post ) {
		return;
	}
	if ( CHATBOT_TYPE === $post->post_type || ( 'page' === $post->post_type && (int) get_option( 'woocommerce_shop_page_id' ) === $post->ID ) ) {
		note_change();
	}
}

/**
 * Notes that a chatbot is gone.
 *
 * @param mixed $post_id The post.
 * @param mixed $post    The same.
 */
function on_deleted_post( $post_id, $post ): void {
	on_post( '', '', $post );
}

/**
 * The sites of the network on which this request has changed settings.
 *
 * @return array<int, bool>
 */
function &changed_sites(): array {
	static $sites = array();
	return $sites;
}

/**
 * Notes a change on the site the request is on just now.
 */
function note_change(): void {
	$sites = &changed_sites();

	$sites[ get_current_blog_id() ] = true;
}

/**
 * Writes a new version, once the request has made all its changes. It is never one that there was before.
 */
function renew(): void {
	$sites = &changed_sites();
	foreach ( array_keys( $sites ) as $site_id ) {
		$is_other = is_multisite() && get_current_blog_id() !== $site_id;
		if ( $is_other ) {
			switch_to_blog( $site_id );
		}
		if ( Settings\is_configured() ) {
			update_option( OPTION, bin2hex( random_bytes( 8 ) ), false );
		}
		if ( $is_other ) {
			restore_current_blog();
		}
	}
	$sites = array();
}
