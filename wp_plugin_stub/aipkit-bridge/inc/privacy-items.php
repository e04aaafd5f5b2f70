<?php
/**
 * The bridge's answers as items of WordPress's personal data export.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Privacy_Items;

defined( 'ABSPATH' ) || exit;

/**
 * The items of one answer.
 *
 * @param string               $part   'account', 'purchases' or 'ledger'.
 * @param array<string, mixed> $answer What the bridge answered; empty: it knows no such user.
 * @return array[]
 */
function items_of( string $part, array $answer ): array {
	if ( array() === $answer ) {
		return array();
	}
	if ( 'account' === $part ) {
		$label = __( 'AI credits', 'aipkit-bridge' );
		return array( item( $part, $label, (string) $answer['user_id'], account_fields( $answer ) ) );
	}
	$items = array();
	foreach ( $answer['items'] as $row ) {
		$items[] = 'purchases' === $part
			? item( $part, __( 'Purchases of AI credits', 'aipkit-bridge' ), (string) $row['order_id'], purchase_fields( $row ) )
			: item( $part, __( 'Ledger of AI credits', 'aipkit-bridge' ), $row['id'], ledger_fields( $row ) );
	}
	return $items;
}

/**
 * One item, without the fields that are empty.
 *
 * @param string                              $part   'account', 'purchases' or 'ledger'.
 * @param string                              $label  What the group is called.
 * @param string                              $id     Which of the group.
 * @param array<string, string|int|null|bool> $fields Values by name.
 * @return array<string, mixed>
 */
function item( string $part, string $label, string $id, array $fields ): array {
	$data = array();
	foreach ( $fields as $name => $value ) {
		if ( null !== $value && '' !== $value ) {
			$data[] = compact( 'name', 'value' );
		}
	}
	return array(
		'group_id'    => "aipkit-bridge-$part",
		'group_label' => $label,
		'item_id'     => "aipkit-bridge-$part-$id",
		'data'        => $data,
	);
}

/**
 * The fields of an account.
 *
 * @param array<string, mixed> $account What the bridge tells of it.
 * @return array<string, string|int|null>
 */
function account_fields( array $account ): array {
	$fields = array(
		__( 'Balance', 'aipkit-bridge' ) => $account['balance'],
		__( 'Held', 'aipkit-bridge' )    => $account['held'],
	);
	foreach ( $account['modules'] as $usage ) {
		/* translators: %s: a chatbot's title, or a module such as AI Forms. */
		$name            = sprintf( __( 'Free use of %s in this period', 'aipkit-bridge' ), place_name( $usage ) );
		$fields[ $name ] = $usage['used'];
	}
	return $fields;
}

/**
 * The fields of a purchase.
 *
 * @param array<string, mixed> $purchase What the bridge tells of it.
 * @return array<string, string|int|null>
 */
function purchase_fields( array $purchase ): array {
	$lines = array();
	foreach ( $purchase['lines'] as $line ) {
		$lines[] = $line['quantity'] . ' × ' . $line['name'];
	}
	return array(
		__( 'Order', 'aipkit-bridge' )    => '' === $purchase['order_number'] ? $purchase['order_id'] : $purchase['order_number'],
		__( 'Date', 'aipkit-bridge' )     => local_time( $purchase['at'] ),
		__( 'Products', 'aipkit-bridge' ) => implode( ', ', $lines ),
		__( 'Granted', 'aipkit-bridge' )  => $purchase['granted'],
		__( 'Reversed', 'aipkit-bridge' ) => $purchase['reversed'],
		__( 'Status', 'aipkit-bridge' )   => $purchase['status'],
	);
}

/**
 * The fields of a ledger row.
 *
 * @param array<string, mixed> $row What the bridge tells of it.
 * @return array<string, string|int|null>
 */
function ledger_fields( array $row ): array {
	return array(
		__( 'Date', 'aipkit-bridge' )          => local_time( $row['at'] ),
		__( 'Kind', 'aipkit-bridge' )          => $row['entry_type'] . ' / ' . $row['operation'],
		__( 'Credits', 'aipkit-bridge' )       => $row['credits_delta'],
		__( 'Balance after', 'aipkit-bridge' ) => $row['balance_after'],
		__( 'Used for', 'aipkit-bridge' )      => place_name( $row ),
		__( 'Provider', 'aipkit-bridge' )      => $row['provider'],
		__( 'Model', 'aipkit-bridge' )         => $row['model'],
		__( 'Reason', 'aipkit-bridge' )        => $row['reason'],
	);
}

/**
 * What a module is called: a chatbot by its title.
 *
 * @param array<string, mixed> $place With 'module', and 'title' or ''.
 */
function place_name( array $place ): string {
	$names = array(
		'chat'            => __( 'Chatbot', 'aipkit-bridge' ),
		'ai_forms'        => __( 'AI Forms', 'aipkit-bridge' ),
		'image_generator' => __( 'Image generator', 'aipkit-bridge' ),
	);
	return '' !== (string) $place['title'] ? $place['title'] : $names[ $place['module'] ] ?? (string) $place['module'];
}

/**
 * An instant in the site's own zone and format.
 *
 * @param string|null $instant RFC 3339.
 */
function local_time( ?string $instant ): string {
	$seconds = null === $instant ? false : strtotime( $instant );
	return false === $seconds ? '' : (string) wp_date( get_option( 'date_format' ) . ' ' . get_option( 'time_format' ), $seconds );
}
