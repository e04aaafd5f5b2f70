<?php
/**
 * Exports what the bridge knows of a user, erases what this plugin keeps. Loaded for WordPress's tools.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Personal_Data;

use AIPKit_Bridge\Client;
use AIPKit_Bridge\Kept_Fragments;
use AIPKit_Bridge\Privacy;
use AIPKit_Bridge\Privacy_Items;
use AIPKit_Bridge\Settings;
use WP_Error;

defined( 'ABSPATH' ) || exit;

require_once __DIR__ . '/client.php';
require_once __DIR__ . '/kept-fragments.php';
require_once __DIR__ . '/privacy-items.php';

const PATH_OF_PARTS   = array(
	'account'   => '',
	'purchases' => '/purchases',
	'ledger'    => '/ledger',
);
const PAGE_ITEMS      = 100;
const PLACE_PREFIX    = 'aipkit_bridge_export_';
const PLACE_SECONDS   = HOUR_IN_SECONDS;
const TIMEOUT_SECONDS = 10;

/**
 * One page of the export: one answer of the bridge. An export that cannot be complete is an error, never just shorter.
 *
 * @param string $email Whose data.
 * @param int    $page  The page, from 1.
 * @return array{data: array[], done: bool}|WP_Error
 */
function export( string $email, int $page = 1 ) {
	$user = get_user_by( 'email', $email );
	if ( false === $user || ! Settings\is_configured() ) {
		return page_of( array(), true );
	}
	$place = place_of_page( $user->ID, $page );
	if ( null === $place ) {
		return new WP_Error( Privacy\NAME, __( 'The export of AI credits took too long or ran twice at the same time. Start it again.', 'aipkit-bridge' ) );
	}
	$answer = ask( $user->ID, $place );
	if ( null === $answer ) {
		return new WP_Error( Privacy\NAME, __( 'The export of AI credits is not complete, because the bridge does not answer. Start it again later; Settings > AIP Bridge tests the connection.', 'aipkit-bridge' ) );
	}
	$next = array() === $answer ? null : place_after( $place, $answer );
	keep_place( $user->ID, $next );
	return page_of( Privacy_Items\items_of( $place['part'], $answer ), null === $next );
}

/**
 * What WordPress expects of an exporter.
 *
 * @param array[] $items The items.
 * @param bool    $done  Whether there are no more.
 * @return array{data: array[], done: bool}
 */
function page_of( array $items, bool $done ): array {
	return array(
		'data' => $items,
		'done' => $done,
	);
}

/**
 * What a page of the export asks the bridge for; null if the page before it has not left that behind.
 *
 * @param int $user_id Whose data.
 * @param int $page    The page, from 1.
 * @return array{page: int, part: string, cursor: string}|null
 */
function place_of_page( int $user_id, int $page ): ?array {
	if ( $page <= 1 ) {
		return array(
			'page'   => 1,
			'part'   => 'account',
			'cursor' => '',
		);
	}
	$place = get_transient( PLACE_PREFIX . $user_id );
	return is_array( $place ) && $place['page'] === $page ? $place : null;
}

/**
 * Where the next page of the export begins; null at the end.
 *
 * @param array{page: int, part: string, cursor: string} $place  This page's.
 * @param array<string, mixed>                           $answer What the bridge answered.
 * @return array{page: int, part: string, cursor: string}|null
 */
function place_after( array $place, array $answer ): ?array {
	$parts  = array_keys( PATH_OF_PARTS );
	$cursor = (string) ( $answer['next_cursor'] ?? '' );
	$part   = '' === $cursor ? $parts[ array_search( $place['part'], $parts, true ) + 1 ] ?? null : $place['part'];
	if ( null === $part ) {
		return null;
	}
	return array(
		'page'   => $place['page'] + 1,
		'part'   => $part,
		'cursor' => $cursor,
	);
}

/**
 * Keeps where the next page begins, since the bridge gives that with the page before.
 *
 * @param int        $user_id Whose data.
 * @param array|null $place   The next page's; null at the end.
 */
function keep_place( int $user_id, ?array $place ): void {
	if ( null === $place ) {
		delete_transient( PLACE_PREFIX . $user_id );
	} else {
		set_transient( PLACE_PREFIX . $user_id, $place, PLACE_SECONDS );
	}
}

/**
 * What the bridge answers in the user's name: empty if it knows no such user, null if that was no answer.
 *
 * @param int                                            $user_id Whose data.
 * @param array{page: int, part: string, cursor: string} $place   What for.
 * @return array<string, mixed>|null
 */
function ask( int $user_id, array $place ): ?array {
	$query    = array(
		'limit'  => (string) PAGE_ITEMS,
		'cursor' => $place['cursor'],
	);
	$path     = "/v1/accounts/$user_id" . PATH_OF_PARTS[ $place['part'] ];
	$response = Client\get_as( $path, 'account' === $place['part'] ? array() : $query, $user_id, TIMEOUT_SECONDS, 'read' );
	$status   = (int) wp_remote_retrieve_response_code( $response );
	$answer   = json_decode( wp_remote_retrieve_body( $response ), true );
	if ( 404 === $status && 'unknown_user' === ( $answer['code'] ?? '' ) ) {
		return array();
	}
	return 200 === $status && isset( $answer[ 'account' === $place['part'] ? 'modules' : 'items' ] ) ? $answer : null;
}

/**
 * Erases what the plugin keeps of a user, and says what stays.
 *
 * @param string $email Whose data.
 * @return array{items_removed: bool, items_retained: bool, messages: string[], done: bool}
 */
function erase( string $email ): array {
	$user     = get_user_by( 'email', $email );
	$removed  = false === $user ? 0 : Kept_Fragments\forget_user( $user->ID );
	$retained = false !== $user && has_credit_metas( $user->ID );
	$text     = __( 'AI credits, their purchases and their ledger were kept: they are accounting records.', 'aipkit-bridge' );
	return array(
		'items_removed'  => $removed > 0,
		'items_retained' => $retained,
		'messages'       => $retained ? array( $text ) : array(),
		'done'           => true,
	);
}

/**
 * Whether a user ever owned or used credits: balance and counters stay, also at 0.
 *
 * @param int $user_id The user.
 */
function has_credit_metas( int $user_id ): bool {
	global $wpdb;
	// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- the bridge writes them past the object cache.
	return null !== $wpdb->get_var(
		$wpdb->prepare(
			"SELECT 1 FROM {$wpdb->usermeta} WHERE user_id = %d AND meta_key LIKE %s LIMIT 1",
			$user_id,
			$wpdb->esc_like( '_aipkit_' ) . '%'
		)
	);
}
