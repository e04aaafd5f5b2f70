<?php
/**
 * The part "Shortcode" of the settings page: boxes to tick, texts to enter, and the shortcode to copy.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Shortcode_Builder;

use AIPKit_Bridge\Shortcode;

defined( 'ABSPATH' ) || exit;

const ASSET = 'aipkit-bridge-builder';

/**
 * What can be shown or left out, by attribute.
 *
 * @return array<string, string>
 */
function boxes(): array {
	return array(
		'chatbot'         => __( 'Chatbot', 'aipkit-bridge' ),
		'aiforms'         => __( 'AI Forms', 'aipkit-bridge' ),
		'imagegenerator'  => __( 'Image Generator', 'aipkit-bridge' ),
		'buycredits'      => __( 'Buy credits', 'aipkit-bridge' ),
		'purchasehistory' => __( 'Purchase history', 'aipkit-bridge' ),
	);
}

/**
 * What can be worded otherwise, by attribute.
 *
 * @return array<string, string>
 */
function texts(): array {
	return array(
		'title'           => __( 'Title', 'aipkit-bridge' ),
		'intro'           => __( 'Introduction', 'aipkit-bridge' ),
		'buycreditslabel' => __( 'Text of the button', 'aipkit-bridge' ),
		'buycreditsurl'   => __( 'Address of the button', 'aipkit-bridge' ),
	);
}

/**
 * The whole part. Without JavaScript it is the plain shortcode alone.
 */
function render(): void {
	wp_enqueue_style( ASSET, plugins_url( 'assets/builder.css', \AIPKit_Bridge\PLUGIN_FILE ), array(), \AIPKit_Bridge\VERSION );
	wp_enqueue_script( ASSET, plugins_url( 'assets/builder.js', \AIPKit_Bridge\PLUGIN_FILE ), array(), \AIPKit_Bridge\VERSION, true );
	echo '<section id="aipkit_bridge_builder" data-tag="' . esc_attr( Shortcode\TAG ) . '">';
	echo '<h2>' . esc_html__( 'Shortcode', 'aipkit-bridge' ) . '</h2>';
	echo '<p>' . esc_html__( 'Put it on any page: each visitor sees their own tokens there. In the block editor you can use the block “Token usage” instead.', 'aipkit-bridge' ) . '</p>';
	echo '<table class="form-table hide-if-no-js" role="presentation">';
	render_boxes();
	foreach ( texts() as $name => $label ) {
		printf(
			'<tr><th scope="row"><label for="aipkit_bridge_%1$s">%2$s</label></th><td><input type="text" class="regular-text" id="aipkit_bridge_%1$s" data-attribute="%1$s" autocomplete="off"></td></tr>',
			esc_attr( $name ),
			esc_html( $label )
		);
	}
	echo '</table>';
	render_result();
	echo '</section>';
}

/**
 * The boxes to tick; all are ticked at first, as the shortcode shows all.
 */
function render_boxes(): void {
	$legend = __( 'Show', 'aipkit-bridge' );
	printf( '<tr><th scope="row">%1$s</th><td><fieldset><legend class="screen-reader-text">%1$s</legend>', esc_html( $legend ) );
	foreach ( boxes() as $name => $label ) {
		printf(
			'<label><input type="checkbox" data-attribute="%s" autocomplete="off" checked> %s</label><br>',
			esc_attr( $name ),
			esc_html( $label )
		);
	}
	echo '</fieldset></td></tr>';
}

/**
 * The shortcode with its button.
 */
function render_result(): void {
	printf(
		'<p class="aipkit-bridge-shortcode"><label for="aipkit_bridge_shortcode">%s</label>
		<input type="text" class="large-text code" id="aipkit_bridge_shortcode" value="[%s]" readonly>
		<button type="button" class="button hide-if-no-js" data-copied="%s" data-by-hand="%s">%s</button>
		<span role="status"></span></p>',
		esc_html__( 'The shortcode to copy', 'aipkit-bridge' ),
		esc_attr( Shortcode\TAG ),
		esc_attr__( 'Copied', 'aipkit-bridge' ),
		esc_attr__( 'Selected: press Ctrl+C, or ⌘C on a Mac', 'aipkit-bridge' ),
		esc_html__( 'Copy', 'aipkit-bridge' )
	);
}
