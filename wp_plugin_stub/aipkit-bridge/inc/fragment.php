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
use AIPKit_Bridge\Fragment_Ids;
use AIPKit_Bridge\Kept_Fragments;
use AIPKit_Bridge\Settings;
use AIPKit_Bridge\Visitor_Facts;

defined( 'ABSPATH' ) || exit;

require_once __DIR__ . '/client.php';
require_once __DIR__ . '/fail-soft.php';
require_once __DIR__ . '/fragment-html.php';
require_once __DIR__ . '/kept-fragments.php';
require_once __DIR__ . '/visitor-facts.php';

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
	return with_own_ids( is_string( $filtered ) && $filtered !== $html ? Fragment_Html\clean( $filtered ) : $html );
}

/**
 * A fragment as it may stand on this page: the first one as it is, each other one with a number behind its ids.
 *
 * @param string $html A clean fragment.
 */
function with_own_ids( string $html ): string {
	static $shown = 0;
	++$shown;
	if ( 1 === $shown ) {
		return $html;
	}
	require_once __DIR__ . '/fragment-ids.php';
	return Fragment_Ids\numbered( $html, $shown );
}

/**
 * The kept fragment while it shows what is so now, else the bridge's, or what stands in for that.
 *
 * @param int                   $user_id The user; 0 is a guest.
 * @param array<string, string> $query   What to ask the bridge.
 */
function answer_for( int $user_id, array $query ): string {
	if ( ! Settings\is_configured() ) {
		$reason = __( 'the bridge is not set up yet; see Settings > AIP Bridge.', 'aipkit-bridge' );
		return Fail_Soft\quiet_line() . Fail_Soft\hint( $reason );
	}
	$name    = Kept_Fragments\name_of( $user_id, $query );
	$version = Visitor_Facts\version_of( $user_id, Kept_Fragments\options_of( $name ) );
	$kept    = Kept_Fragments\genuine( $name );
	if ( null !== $kept && Kept_Fragments\is_current( $kept, $version ) ) {
		return $kept['html'];
	}
	$reason = Fail_Soft\recent_failure();
	return '' !== $reason ? Fail_Soft\fallback( $name, $reason ) : asked_for( $user_id, $query, $name, $kept );
}

/**
 * The fragment that the bridge answers, or what stands in for it. What is kept need not be sent again.
 *
 * @param int                       $user_id The user; 0 is a guest.
 * @param array<string, string>     $query   What to ask the bridge.
 * @param string                    $name    What Kept_Fragments\name_of() gave.
 * @param array<string, mixed>|null $kept    What Kept_Fragments\genuine() gave.
 */
function asked_for( int $user_id, array $query, string $name, ?array $kept ): string {
	$etag     = $kept['etag'] ?? '';
	$headers  = '' === $etag ? array() : array( 'If-None-Match' => $etag );
	$asked_at = time();
	$response = Client\get_as( PATH, $query, $user_id, Client\PAGE_SECONDS_MAX, 'fragment', $headers );
	$is_kept  = '' !== $etag && 304 === (int) wp_remote_retrieve_response_code( $response );
	$reason   = $is_kept ? '' : reason_not_to_show( $response, $user_id );
	if ( '' === $reason ) {
		return Kept_Fragments\keep( $name, $kept, $response, $asked_at );
	}
	if ( is_failure_of_all( $response ) ) {
		Fail_Soft\remember_failure( $reason );
	}
	return Fail_Soft\fallback( $name, $reason );
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
