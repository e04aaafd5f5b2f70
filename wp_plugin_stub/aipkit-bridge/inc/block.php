<?php
/**
 * The block "Token usage": the shortcode with its settings in the editor's sidebar.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Block;

use AIPKit_Bridge\Fragment_Query;
use AIPKit_Bridge\Shortcode;

defined( 'ABSPATH' ) || exit;

const NAME       = 'aipkit-bridge/token-usage';
const FOLDER     = 'blocks/token-usage';
const SCRIPT     = 'aipkit-bridge-block';
const SCRIPT_USE = array( 'wp-blocks', 'wp-block-editor', 'wp-components', 'wp-element', 'wp-i18n', 'wp-server-side-render' );

/**
 * Adds the hooks of this topic. The block names the shortcode's style, which must be known before.
 */
function bootstrap(): void {
	add_action( 'init', __NAMESPACE__ . '\\register', 99 );
}

/**
 * Makes the block known.
 */
function register(): void {
	$plugin = dirname( \AIPKit_Bridge\PLUGIN_FILE );
	wp_register_script( SCRIPT, plugins_url( FOLDER . '/index.js', \AIPKit_Bridge\PLUGIN_FILE ), SCRIPT_USE, \AIPKit_Bridge\VERSION, true );
	wp_set_script_translations( SCRIPT, 'aipkit-bridge', $plugin . '/languages' );
	register_block_type( $plugin . '/' . FOLDER, array( 'render_callback' => __NAMESPACE__ . '\\render' ) );
}

/**
 * The block's HTML; in the editor too, where it shows the editor's own figures.
 *
 * @param array<string, mixed> $attributes The block's settings.
 */
function render( array $attributes ): string {
	$html = Shortcode\render( shortcode_attributes( $attributes ) );
	return '' === $html ? '' : sprintf( '<div %s>%s</div>', get_block_wrapper_attributes(), $html );
}

/**
 * The same settings as attributes of the shortcode; what is as it comes is left to the bridge.
 *
 * @param array<string, mixed> $attributes The block's settings.
 * @return array<string, string>
 */
function shortcode_attributes( array $attributes ): array {
	require_once __DIR__ . '/fragment-query.php';
	$written = array();
	foreach ( Fragment_Query\BOOLEAN_ATTRIBUTES as $name ) {
		if ( false === ( $attributes[ $name ] ?? true ) ) {
			$written[ $name ] = 'false';
		}
	}
	foreach ( Fragment_Query\TEXT_ATTRIBUTES as $name ) {
		$text = trim( (string) ( $attributes[ $name ] ?? '' ) );
		if ( '' !== $text ) {
			$written[ $name ] = $text;
		}
	}
	return $written;
}
