<?php
/**
 * Tells the bridge which orders have just changed, so that it looks at them now and not at its next poll.
 *
 * A hint that is lost does no harm: the poll finds the order. So nobody waits for one, and nothing is sent twice.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Order_Hints;

use AIPKit_Bridge\Client;
use AIPKit_Bridge\Fail_Soft;
use AIPKit_Bridge\Settings;

defined( 'ABSPATH' ) || exit;

const PATH       = '/v1/hints/order';
const ORDERS_MAX = 5;
// How long a hint may take while the visitor's connection is open, and after it is closed.
const SECONDS_CONNECTED = 0.25;
const SECONDS_ALONE     = 1.0;

/**
 * Adds the hooks of this topic.
 */
function bootstrap(): void {
	add_action( 'woocommerce_order_status_changed', __NAMESPACE__ . '\\note' );
	add_action( 'woocommerce_order_refunded', __NAMESPACE__ . '\\note' );
	add_action( 'woocommerce_refund_deleted', __NAMESPACE__ . '\\note_of_refund', 10, 2 );
	add_action( 'woocommerce_trash_order', __NAMESPACE__ . '\\note' );
	add_action( 'woocommerce_delete_order', __NAMESPACE__ . '\\note' );
}

/**
 * Remembers an order that has changed.
 *
 * @param int $order_id The order.
 */
function note( $order_id ): void {
	noted( (int) $order_id );
	add_action( 'shutdown', __NAMESPACE__ . '\\send', PHP_INT_MAX );
}

/**
 * Remembers an order that has lost a refund.
 *
 * @param int $refund_id The refund.
 * @param int $order_id  The order.
 */
function note_of_refund( $refund_id, $order_id ): void {
	note( $order_id );
}

/**
 * The orders that have changed in this request, each once.
 *
 * @param int ...$order_ids More of them.
 * @return int[]
 */
function noted( int ...$order_ids ): array {
	static $noted = array();
	$noted        = array_unique( array_merge( $noted, $order_ids ) );
	return $noted;
}

/**
 * Sends the hints when the page is done. After one that takes too long the others are left to the poll.
 */
function send(): void {
	require_once __DIR__ . '/client.php';
	require_once __DIR__ . '/fail-soft.php';
	if ( ! Settings\is_configured() || '' !== Fail_Soft\recent_failure() ) {
		return;
	}
	$seconds = finish_page() ? SECONDS_ALONE : SECONDS_CONNECTED;
	foreach ( array_slice( noted(), 0, ORDERS_MAX ) as $order_id ) {
		$sent_at  = microtime( true );
		$accepted = Client\post_without_waiting( PATH, array( 'order_id' => $order_id ), get_current_user_id(), 'hint', $seconds );
		$waited   = microtime( true ) - $sent_at;
		/**
		 * Tells that the bridge was told that an order has changed.
		 *
		 * @since 0.2.0
		 *
		 * @param int  $order_id The order.
		 * @param bool $accepted Whether the bridge has accepted it in time; otherwise its next poll finds the order.
		 */
		do_action( 'aipkit_bridge_order_hint_sent', $order_id, $accepted );
		if ( $waited >= $seconds ) {
			return;
		}
	}
}

/**
 * Gives the visitor the whole page, and ends the connection where PHP can.
 *
 * @return bool Whether the connection is closed.
 */
function finish_page(): bool {
	if ( function_exists( 'fastcgi_finish_request' ) ) {
		return fastcgi_finish_request();
	}
	flush();
	return false;
}
