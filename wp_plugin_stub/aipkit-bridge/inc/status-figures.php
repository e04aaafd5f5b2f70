<?php
/**
 * A few figures of the bridge's state: fetched for an administrator, and kept for a minute.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Status_Figures;

use AIPKit_Bridge\Client;
use AIPKit_Bridge\Clocks;
use AIPKit_Bridge\Fail_Soft;

defined( 'ABSPATH' ) || exit;

require_once __DIR__ . '/client.php';
require_once __DIR__ . '/clocks.php';
require_once __DIR__ . '/fail-soft.php';

const TRANSIENT       = 'aipkit_bridge_status';
const NEEDING         = 'aipkit_bridge_needing';
const NEEDING_SECONDS = 15 * MINUTE_IN_SECONDS;
const PATH            = '/status.json';
const KEPT_SECONDS    = MINUTE_IN_SECONDS;
const TIMEOUT_SECONDS = 5; // No page waits for it.

/**
 * The figures, at most a minute old, or why there are none.
 *
 * @return array{credits: int|null, counted_at: int, synced_at: int, attention: int, unclaimed: int, warning: string}|string
 */
function get() {
	$kept = kept();
	if ( null !== $kept ) {
		return $kept;
	}
	$reason = Fail_Soft\recent_failure();
	if ( '' !== $reason ) {
		/* translators: %s: what went wrong. */
		return sprintf( __( 'A moment ago: %s', 'aipkit-bridge' ), $reason );
	}
	$response = Client\get_as( PATH, array(), get_current_user_id(), TIMEOUT_SECONDS, 'read' );
	$figures  = figures_of( $response );
	if ( null === $figures ) {
		return why_none( $response );
	}
	set_transient( TRANSIENT, $figures, KEPT_SECONDS );
	set_transient( NEEDING, $figures['attention'] + $figures['unclaimed'], NEEDING_SECONDS );
	return $figures;
}

/**
 * The figures of a moment ago, if there are any.
 *
 * @return array{credits: int, counted_at: int, synced_at: int, attention: int, unclaimed: int, warning: string}|null
 */
function kept(): ?array {
	$kept = get_transient( TRANSIENT );
	return is_array( $kept ) ? $kept : null;
}

/**
 * How many orders waited for somebody when last asked: paid, and without their tokens. The menu asks nobody.
 */
function needing(): int {
	return (int) get_transient( NEEDING );
}

/**
 * Lets the next dashboard ask again.
 */
function forget(): void {
	delete_transient( TRANSIENT );
	delete_transient( NEEDING );
}

/**
 * What an answer tells, or null if it is not the bridge's state. A new bridge needs a moment to add the credits up.
 *
 * @param array|\WP_Error $response What the client returned.
 * @return array{credits: int, counted_at: int, synced_at: int, attention: int, unclaimed: int, warning: string}|null
 */
function figures_of( $response ): ?array {
	if ( 200 !== (int) wp_remote_retrieve_response_code( $response ) ) {
		return null;
	}
	$state = json_decode( wp_remote_retrieve_body( $response ), true );
	if ( ! isset( $state['sync'], $state['outstanding'], $state['orders']['attention'] ) || ! is_array( $state['outstanding'] ) ) {
		return null;
	}
	$unknown = array(
		'credits' => null,
		'at'      => null,
	);
	$owed    = $state['outstanding'] + $unknown;
	$warning = $state['warnings'][0]['text'] ?? '';
	return array(
		'credits'    => is_int( $owed['credits'] ) ? $owed['credits'] : null,
		'counted_at' => instant( $owed['at'] ),
		'synced_at'  => instant( $state['sync']['last_poll_at'] ?? '' ),
		'attention'  => (int) $state['orders']['attention'],
		'unclaimed'  => (int) ( $state['orders']['unclaimed'] ?? 0 ),
		'warning'    => is_string( $warning ) ? $warning : '',
	);
}

/**
 * Unix seconds of an instant in the API's form; 0 when there is none.
 *
 * @param mixed $text What the bridge said.
 */
function instant( $text ): int {
	return is_string( $text ) ? (int) strtotime( $text ) : 0;
}

/**
 * Why an answer has no figures.
 *
 * @param array|\WP_Error $response What the client returned.
 */
function why_none( $response ): string {
	if ( is_wp_error( $response ) ) {
		/* translators: %s: technical message. */
		return sprintf( __( 'The bridge cannot be reached: %s', 'aipkit-bridge' ), $response->get_error_message() );
	}
	$status = (int) wp_remote_retrieve_response_code( $response );
	if ( 401 === $status || 403 === $status ) {
		$clocks = Clocks\complaint_of( $response );
		return '' !== $clocks ? $clocks : __( 'The bridge does not accept this site\'s signature, or does not know you as a manager of the shop.', 'aipkit-bridge' );
	}
	/* translators: %d: HTTP status. */
	return sprintf( __( 'The bridge gives no figures (HTTP %d): its log says why.', 'aipkit-bridge' ), $status );
}
