<?php
/**
 * The part of the settings page that shows a pairing code. It is shown once, in the answer to the click, and kept nowhere.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Pairing_Form;

use AIPKit_Bridge\Pairing;
use AIPKit_Bridge\Settings_Page;

defined( 'ABSPATH' ) || exit;

const FIELD  = 'aipkit_bridge_pair';
const ACTION = 'aipkit_bridge_pair';

/**
 * The form, and after a click the code.
 */
function render(): void {
	echo '<h2 id="' . esc_attr( FIELD ) . '">' . esc_html__( 'Pair a bridge', 'aipkit-bridge' ) . '</h2>';
	if ( ! is_ssl() ) {
		echo '<p>' . esc_html__( 'A bridge on another machine can be paired by a code once this site is served by HTTPS.', 'aipkit-bridge' ) . '</p>';
		return;
	}
	if ( was_asked() ) {
		render_code();
	}
	echo '<p>' . esc_html__( 'For a bridge on another machine: a code with which it gets its WooCommerce REST key and the shared secret from this site. It is good for ten minutes and for one use.', 'aipkit-bridge' ) . '</p>';
	echo '<form action="' . esc_url( Settings_Page\url() . '#' . FIELD ) . '" method="post">';
	wp_nonce_field( ACTION, FIELD );
	submit_button( __( 'Show a pairing code', 'aipkit-bridge' ), 'secondary', 'aipkit_bridge_pair_button', false );
	echo '</form>';
}

/**
 * Whether the button was pressed, by whom may press it.
 */
function was_asked(): bool {
	$nonce = isset( $_POST[ FIELD ] ) ? sanitize_key( $_POST[ FIELD ] ) : '';
	return '' !== $nonce && false !== wp_verify_nonce( $nonce, ACTION ) && current_user_can( Settings_Page\CAPABILITY );
}

/**
 * A new code, and what to do with it.
 */
function render_code(): void {
	require_once dirname( __DIR__ ) . '/pairing.php';
	$code    = Pairing\make_code( get_current_user_id() );
	$command = sprintf( 'aipkit-bridge init --pair %s %s', untrailingslashit( home_url() ), $code );
	echo '<div class="notice notice-success inline" role="status"><p>';
	/* translators: %s: the code. */
	echo esc_html( sprintf( __( 'The pairing code is %s. On the bridge\'s machine:', 'aipkit-bridge' ), $code ) );
	echo '</p><p><code>' . esc_html( $command ) . '</code></p></div>';
}
