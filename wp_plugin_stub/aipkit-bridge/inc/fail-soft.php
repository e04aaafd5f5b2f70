<?php
/**
 * Keeps pages whole and quick while the bridge is down: the last good fragment, or one quiet line.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Fail_Soft;

use AIPKit_Bridge\Fragment_Html;
use AIPKit_Bridge\Settings;

defined( 'ABSPATH' ) || exit;

require_once __DIR__ . '/fragment-html.php';

const FAILURE_TRANSIENT = 'aipkit_bridge_failure';
const FAILURE_SECONDS   = 15;
const FRAGMENT_PREFIX   = 'aipkit_bridge_fragment_';
const FRAGMENT_SECONDS  = 10 * MINUTE_IN_SECONDS;
const REFRESH_SECONDS   = MINUTE_IN_SECONDS;

/**
 * Lets the next pages skip the call for a moment.
 *
 * @param string $reason Why, for the site's administrators.
 */
function remember_failure( string $reason ): void {
	set_transient( FAILURE_TRANSIENT, $reason, FAILURE_SECONDS );
}

/**
 * The reason of a failure a moment ago, or ''.
 */
function recent_failure(): string {
	return (string) get_transient( FAILURE_TRANSIENT );
}

/**
 * Lets the next page call again.
 */
function forget_failure(): void {
	delete_transient( FAILURE_TRANSIENT );
}

/**
 * Under which name a fragment is kept: one user's is never another's.
 *
 * @param int                   $user_id The user; 0 is a guest.
 * @param array<string, string> $query   What the bridge was asked, the locale among it.
 */
function name_of( int $user_id, array $query ): string {
	ksort( $query );
	return FRAGMENT_PREFIX . $user_id . '_' . md5( (string) wp_json_encode( $query ) );
}

/**
 * The fragment of a good answer, cleaned, and kept. Cleaning takes longer than all else on the page, so one that was
 * cleaned a moment ago is not cleaned again; and one that has not changed is written again at most once a minute.
 *
 * @param string $name What name_of() gave.
 * @param string $body The bridge's answer.
 * @return string HTML.
 */
function cleaned( string $name, string $body ): string {
	$kept = kept( $name );
	if ( null !== $kept && hash_equals( signature( $body, $kept['html'] ), (string) ( $kept['of'] ?? '' ) ) ) {
		$html = $kept['html'];
		if ( time() - $kept['at'] < REFRESH_SECONDS ) {
			return $html;
		}
	} else {
		$html = Fragment_Html\clean( $body );
	}
	set_transient(
		$name,
		array(
			'html' => $html,
			'of'   => signature( $body, $html ),
			'at'   => time(),
		),
		FRAGMENT_SECONDS
	);
	return $html;
}

/**
 * Binds what is kept to the answer and to the rules it was cleaned by: nothing that others write there passes for clean.
 *
 * @param string $body The bridge's answer.
 * @param string $html What cleaning made of it.
 */
function signature( string $body, string $html ): string {
	$parts = array( \AIPKit_Bridge\VERSION, hash( 'sha256', $body ), $html );
	return hash_hmac( 'sha256', implode( ' ', $parts ), Settings\secret() );
}

/**
 * The fragment kept under this name while it is fresh enough to show.
 *
 * @param string $name What name_of() gave.
 * @return array{html: string, at: int, of?: string}|null
 */
function kept( string $name ): ?array {
	$kept = get_transient( $name );
	if ( ! is_array( $kept ) || ! isset( $kept['html'], $kept['at'] ) || ! is_string( $kept['html'] ) ) {
		return null;
	}
	$age = time() - (int) $kept['at'];
	return $age >= 0 && $age <= FRAGMENT_SECONDS ? $kept : null;
}

/**
 * Deletes the fragments kept for a user. Where an object cache keeps them, they cannot be listed, and end by themselves.
 *
 * @param int $user_id The user.
 * @return int How many there were.
 */
function forget_user( int $user_id ): int {
	global $wpdb;
	$prefix = '_transient_' . FRAGMENT_PREFIX . $user_id . '_';
	// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- transients have no call that lists them by prefix.
	$options = $wpdb->get_col(
		$wpdb->prepare( "SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE %s", $wpdb->esc_like( $prefix ) . '%' )
	);
	foreach ( $options as $option ) {
		delete_transient( substr( $option, strlen( '_transient_' ) ) );
	}
	return count( $options );
}

/**
 * The kept fragment with its time, or the quiet line; administrators also read why.
 *
 * @param string $name   What name_of() gave.
 * @param string $reason Why the bridge's answer is not shown.
 */
function fallback( string $name, string $reason ): string {
	$kept = kept( $name );
	$html = null === $kept ? quiet_line() : Fragment_Html\clean( $kept['html'] ) . as_of( (int) $kept['at'] );
	return $html . hint( $reason );
}

/**
 * The line that marks an older fragment.
 *
 * @param int $at Unix seconds of the fragment.
 */
function as_of( int $at ): string {
	/* translators: %s: time of day, in the site's own format. */
	$text = sprintf( __( 'As of %s', 'aipkit-bridge' ), wp_date( (string) get_option( 'time_format', 'H:i' ), $at ) );
	return '<p class="aipkit_bridge_as_of"><small>' . esc_html( $text ) . '</small></p>';
}

/**
 * The line for everybody when there is nothing to show.
 */
function quiet_line(): string {
	$text = __( 'Your token usage cannot be shown right now. Please try again in a few minutes.', 'aipkit-bridge' );
	return '<p class="aipkit_bridge_unavailable">' . esc_html( $text ) . '</p>';
}

/**
 * The reason, for those who can do something about it.
 *
 * @param string $reason Plain text.
 */
function hint( string $reason ): string {
	if ( ! current_user_can( 'manage_options' ) ) {
		return '';
	}
	/* translators: %s: what went wrong. */
	$text = sprintf( __( 'Only administrators see this: %s', 'aipkit-bridge' ), $reason );
	return '<p class="aipkit_bridge_hint"><small>' . esc_html( $text ) . '</small></p>';
}
