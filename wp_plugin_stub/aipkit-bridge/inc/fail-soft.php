<?php
/**
 * Keeps pages whole and quick while the bridge is down: the last good fragment, or one quiet line.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Fail_Soft;

use AIPKit_Bridge\Fragment_Html;
use AIPKit_Bridge\Kept_Fragments;

defined( 'ABSPATH' ) || exit;

require_once __DIR__ . '/fragment-html.php';
require_once __DIR__ . '/kept-fragments.php';

const FAILURE_TRANSIENT = 'aipkit_bridge_failure';
const FAILURE_SECONDS   = 15;

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
 * The kept fragment with its time, or the quiet line; administrators also read why.
 *
 * @param string $name   What Kept_Fragments\name_of() gave.
 * @param string $reason Why the bridge's answer is not shown.
 */
function fallback( string $name, string $reason ): string {
	$kept = Kept_Fragments\kept( $name );
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
