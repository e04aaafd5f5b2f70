<?php
/**
 * Which mails a shop sends, and to whom.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Mail_Choice;

defined( 'ABSPATH' ) || exit;

const OPTION       = 'aipkit_bridge_mails'; // The bridge reads it, too.
const OWNER_OPTION = 'aipkit_bridge_mails_to';
const TO_CUSTOMERS = array( 'credits.granted', 'balance.low', 'balance.empty' );
const TO_THE_OWNER = array( 'order.attention', 'bridge.down' );
const OPTED_OUT    = 'aipkit_bridge_no_mails';

/**
 * Which mails are sent, by the events that they are of.
 *
 * @return string[]
 */
function wanted(): array {
	$stored = get_option( OPTION );
	return is_array( $stored ) ? array_values( array_intersect( all_kinds(), $stored ) ) : array();
}

/**
 * All mails that there are, by the events that they are of.
 *
 * @return string[]
 */
function all_kinds(): array {
	return array_merge( TO_CUSTOMERS, TO_THE_OWNER );
}

/**
 * Where mails to the owner go.
 */
function owner_address(): string {
	$stored = get_option( OWNER_OPTION );
	return is_string( $stored ) && is_email( $stored ) ? $stored : (string) get_option( 'admin_email' );
}
