<?php
/**
 * Asks the bridge for a visitor's fragment. Loaded where one is shown.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Fragment;

use AIPKit_Bridge\Client;
use AIPKit_Bridge\Clocks;
use AIPKit_Bridge\Fail_Soft;
use AIPKit_Bridge\Fragment_Html;
use AIPKit_Bridge\Settings;

defined( 'ABSPATH' ) || exit;

require_once __DIR__ . '/client.php';
require_once __DIR__ . '/fail-soft.php';
require_once __DIR__ . '/fragment-html.php';

const PATH = '/v1/fragments/token-usage';

/**
 * The visitor's fragment as the site wants it shown.
 *
 * @param int                   $user_id The user; 0 is a guest.
 * @param array<string, string> $query   What to ask the bridge.
 */
function for_user( int $user_id, array $query ): string {
	$html = answer_for( $user_id, $query );
	/**
	 * Changes the HTML of a fragment before it is shown, also of what stands in for it while the bridge is down.
	 *
	 * What is returned is cleaned as the bridge's own HTML is.
	 *
	 * @since 0.2.0
	 *
	 * @param string                $html    The fragment.
	 * @param int                   $user_id The user; 0 is a guest.
	 * @param array<string, string> $query   What the bridge was asked.
	 */
	$filtered = apply_filters( 'aipkit_bridge_fragment_html', $html, $user_id, $query );
	return is_string( $filtered ) && $filtered !== $html ? Fragment_Html\clean( $filtered ) : $html;
}

/**
 * The bridge's fragment, or what stands in for it.
 *
 * @param int                   $user_id The user; 0 is a guest.
 * @param array<string, string> $query   What to ask the bridge.
 */
function answer_for( int $user_id, array $query ): string {
	$name = Fail_Soft\name_of( $user_id, $query );
	if ( ! Settings\is_configured() ) {
		$reason = __( 'the bridge is not set up yet; see Settings > AIP Bridge.', 'aipkit-bridge' );
		return Fail_Soft\quiet_line() . Fail_Soft\hint( $reason );
	}
	$reason = Fail_Soft\recent_failure();
	if ( '' !== $reason ) {
		return Fail_Soft\fallback( $name, $reason );
	}
	$response = Client\get_as( PATH, $query, $user_id );
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
		require_once __DIR__ . '/clocks.php';
		$clocks = Clocks\complaint_of( $response );
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
