<?php
/**
 * The button "Test connection": says in one sentence what is wrong between this site and the bridge, or that all is well.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Connection_Test;

use AIPKit_Bridge\Client;
use AIPKit_Bridge\Clocks;
use AIPKit_Bridge\Fail_Soft;
use AIPKit_Bridge\Fragment;
use AIPKit_Bridge\Fragment_Html;
use AIPKit_Bridge\Settings;
use AIPKit_Bridge\Settings_Page;

defined( 'ABSPATH' ) || exit;

require_once dirname( __DIR__ ) . '/client.php';
require_once dirname( __DIR__ ) . '/clocks.php';
require_once dirname( __DIR__ ) . '/fail-soft.php';
require_once dirname( __DIR__ ) . '/fragment.php';

const ACTION          = 'aipkit_bridge_test';
const TIMEOUT_SECONDS = 5;

/**
 * Adds the hooks of this topic.
 */
function bootstrap(): void {
	add_action( 'admin_post_' . ACTION, __NAMESPACE__ . '\\handle' );
}

/**
 * The form with the button. It tests what is saved.
 */
function render_form(): void {
	echo '<h2>' . esc_html__( 'Test', 'aipkit-bridge' ) . '</h2>';
	echo '<form action="' . esc_url( admin_url( 'admin-post.php' ) ) . '" method="post">';
	echo '<input type="hidden" name="action" value="' . esc_attr( ACTION ) . '">';
	wp_nonce_field( ACTION );
	echo '<p>' . esc_html__( 'Asks the bridge with the saved settings, compares the clocks and checks the secret.', 'aipkit-bridge' ) . '</p>';
	submit_button( __( 'Test connection', 'aipkit-bridge' ), 'secondary', 'aipkit_bridge_test_button', false );
	echo '</form>';
}

/**
 * Runs the test and goes back to the settings page with its result.
 */
function handle(): void {
	if ( ! current_user_can( Settings_Page\CAPABILITY ) ) {
		wp_die( esc_html__( 'You are not allowed to do this.', 'aipkit-bridge' ), '', array( 'response' => 403 ) );
	}
	check_admin_referer( ACTION );
	$result = run( get_current_user_id() );
	if ( $result['ok'] ) {
		Fail_Soft\forget_failure();
	}
	add_settings_error( ACTION, ACTION, esc_html( $result['text'] ), $result['ok'] ? 'success' : 'error' );
	set_transient( 'settings_errors', get_settings_errors(), 30 );
	wp_safe_redirect( add_query_arg( 'settings-updated', 'true', Settings_Page\url() ) );
	exit;
}

/**
 * The test: what is missing, who answers there, what time it is there, and whether it knows the secret.
 *
 * @param int $user_id The administrator to ask for.
 * @return array{ok: bool, text: string}
 */
function run( int $user_id ): array {
	$wrong = missing_setting();
	if ( '' !== $wrong ) {
		return verdict( false, $wrong );
	}
	$sent_at  = microtime( true );
	$response = Client\get( '/healthz', array(), array(), TIMEOUT_SECONDS );
	$between  = ( $sent_at + microtime( true ) ) / 2;
	$health   = health_of( $response );
	$wrong    = null === $health ? why_not_a_bridge( $response ) : Clocks\complaint( (float) $health['time'] - $between );
	if ( '' === $wrong ) {
		$wrong = signature_complaint( $user_id );
	}
	if ( '' !== $wrong || null === $health ) {
		return verdict( false, $wrong );
	}
	/* translators: 1: version of the bridge, 2: its address. */
	$text = __( 'All is well: aipkit-bridge %1$s answers at %2$s, the secret is right and the clocks agree.', 'aipkit-bridge' );
	return verdict( true, sprintf( $text, $health['version'], Settings\address() ) );
}

/**
 * A result.
 *
 * @param bool   $ok   Whether all is well.
 * @param string $text The sentence, as plain text.
 * @return array{ok: bool, text: string}
 */
function verdict( bool $ok, string $text ): array {
	return array(
		'ok'   => $ok,
		'text' => $text,
	);
}

/**
 * Which setting is missing, or ''.
 */
function missing_setting(): string {
	if ( '' === Settings\address() ) {
		return __( 'There is no bridge address yet, or it is not an http(s) address: enter it and save first.', 'aipkit-bridge' );
	}
	if ( '' === Settings\secret() ) {
		/* translators: %d: number of characters. */
		$text = __( 'There is no shared secret of at least %d characters yet: enter it and save first.', 'aipkit-bridge' );
		return sprintf( $text, Settings\SECRET_LENGTH_MIN );
	}
	return '';
}

/**
 * What /healthz told, with the time as Unix seconds, or null if that was not a bridge.
 *
 * @param array|\WP_Error $response What the client returned.
 * @return array{time: int, version: string}|null
 */
function health_of( $response ): ?array {
	if ( 200 !== (int) wp_remote_retrieve_response_code( $response ) ) {
		return null;
	}
	$health = json_decode( wp_remote_retrieve_body( $response ), true );
	if ( ! is_array( $health ) || ! isset( $health['status'], $health['time'], $health['version'] ) ) {
		return null;
	}
	$time = is_string( $health['time'] ) ? strtotime( $health['time'] ) : false;
	if ( false === $time || ! is_string( $health['version'] ) ) {
		return null;
	}
	return array(
		'time'    => $time,
		'version' => $health['version'],
	);
}

/**
 * Why the answer of /healthz is not a bridge's.
 *
 * @param array|\WP_Error $response What the client returned.
 */
function why_not_a_bridge( $response ): string {
	$address = Settings\address();
	if ( is_wp_error( $response ) ) {
		/* translators: 1: address, 2: technical message. */
		return sprintf( __( 'The address %1$s cannot be reached: %2$s', 'aipkit-bridge' ), $address, $response->get_error_message() );
	}
	$status = (int) wp_remote_retrieve_response_code( $response );
	if ( $status >= 502 && $status <= 504 ) {
		/* translators: 1: address, 2: HTTP status. */
		return sprintf( __( 'A server answers at %1$s, but the bridge behind it does not (HTTP %2$d): is the service running?', 'aipkit-bridge' ), $address, $status );
	}
	/* translators: 1: address, 2: HTTP status. */
	return sprintf( __( 'What answers at %1$s is not an aipkit-bridge (HTTP %2$d): check the address.', 'aipkit-bridge' ), $address, $status );
}

/**
 * What is wrong with a signed call, or ''.
 *
 * @param int $user_id The administrator to ask for.
 */
function signature_complaint( int $user_id ): string {
	$response = Client\get_as( Fragment\PATH, array( 'locale' => determine_locale() ), $user_id, TIMEOUT_SECONDS );
	$status   = (int) wp_remote_retrieve_response_code( $response );
	if ( 401 === $status || 403 === $status ) {
		/* translators: %s: address of this site. */
		$text = __( 'The bridge answers, but the shared secret is wrong: it must be security.shared_secret of the bridge, whose site.url must be %s.', 'aipkit-bridge' );
		return sprintf( $text, Settings\site_url() );
	}
	if ( is_wp_error( $response ) ) {
		/* translators: %s: technical message. */
		return sprintf( __( 'The bridge is there, but it does not answer for token usage in time: %s', 'aipkit-bridge' ), $response->get_error_message() );
	}
	if ( 200 !== $status || ! Fragment_Html\is_for( wp_remote_retrieve_body( $response ), $user_id ) ) {
		/* translators: %d: HTTP status. */
		return sprintf( __( 'The bridge is there, but it cannot show token usage (HTTP %d): its log says why.', 'aipkit-bridge' ), $status );
	}
	return '';
}
