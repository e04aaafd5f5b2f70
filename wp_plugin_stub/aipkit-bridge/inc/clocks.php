<?php
/**
 * Compares the bridge's clock with this server's: signatures hold for a minute, so a wrong clock is refused like a wrong secret.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Clocks;

defined( 'ABSPATH' ) || exit;

const SECONDS_OFF_MAX = 30;

/**
 * What is wrong with the clocks, or ''.
 *
 * @param float $seconds_ahead How far the bridge's clock is ahead of this server's; negative if it is behind.
 */
function complaint( float $seconds_ahead ): string {
	if ( abs( $seconds_ahead ) <= SECONDS_OFF_MAX ) {
		return '';
	}
	$text = $seconds_ahead > 0
		/* translators: %s: number of seconds. */
		? __( 'The clocks disagree: the bridge\'s clock is %s seconds ahead of this server\'s; set both by NTP.', 'aipkit-bridge' )
		/* translators: %s: number of seconds. */
		: __( 'The clocks disagree: the bridge\'s clock is %s seconds behind this server\'s; set both by NTP.', 'aipkit-bridge' );
	return sprintf( $text, number_format_i18n( abs( round( $seconds_ahead ) ) ) );
}

/**
 * What is wrong with the clocks by the date of an answer, or ''. A wrong clock is refused as a wrong secret is.
 *
 * @param array|\WP_Error $response What the client returned.
 */
function complaint_of( $response ): string {
	$told = wp_remote_retrieve_header( $response, 'date' );
	$time = is_string( $told ) ? strtotime( $told ) : false;
	return false === $time ? '' : complaint( (float) ( $time - time() ) );
}
