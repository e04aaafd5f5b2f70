<?php
/**
 * Lets no change of a user's credits be lost when several requests, and the bridge, write at the same time.
 *
 * The peer plugin reads a number, calculates, and writes the result: what others wrote in between is gone, and behind a
 * persistent object cache the number it read may be hours old. So the credit metas are read past the cache, and a write
 * becomes what the request meant: the difference between what it read and what it writes, added in one statement.
 *
 * This works whether or not the bridge is set up here: in a network users' metas belong to all sites.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Credit_Metas;

use AIPKit_Bridge\Credit_Rows;

defined( 'ABSPATH' ) || exit;

require_once __DIR__ . '/credit-rows.php';

const BALANCE              = '_aipkit_token_balance';
const COUNTER_PATTERN      = '/^_aipkit_(token_usage_\d+|(img|aiforms)_tokens_used)$/D';
const STAMP_PATTERN        = '/^_aipkit_(last_token_reset_\d+|(img|aiforms)_tokens_reset)$/D';
const USERS_REMEMBERED_MAX = 1000;

/**
 * Adds the hooks of this topic. Last, so that what other plugins answer or refuse is respected.
 */
function bootstrap(): void {
	add_filter( 'get_user_metadata', __NAMESPACE__ . '\\on_read', PHP_INT_MAX, 4 );
	add_filter( 'update_user_metadata', __NAMESPACE__ . '\\on_update', PHP_INT_MAX, 5 );
	add_filter( 'add_user_metadata', __NAMESPACE__ . '\\on_add', PHP_INT_MAX, 4 );
	add_filter( 'delete_user_metadata', __NAMESPACE__ . '\\on_delete', PHP_INT_MAX, 3 );
}

/**
 * What a meta is to us: 'balance', 'counter' (of a period's use), 'stamp' (when a period began), or '' for none of ours.
 *
 * @param mixed $key The meta key; '' asks for all metas of a user.
 */
function kind_of( $key ): string {
	if ( ! is_string( $key ) || 0 !== strncmp( $key, '_aipkit_', 8 ) ) {
		return '';
	}
	if ( BALANCE === $key ) {
		return 'balance';
	}
	if ( 1 === preg_match( COUNTER_PATTERN, $key ) ) {
		return 'counter';
	}
	return 1 === preg_match( STAMP_PATTERN, $key ) ? 'stamp' : '';
}

/**
 * Reads a credit meta from the database and remembers what the request has seen.
 *
 * @param mixed $value   Null unless another plugin has answered.
 * @param int   $user_id The user.
 * @param mixed $key     The meta key.
 * @param bool  $single  Whether one value is wanted.
 * @return mixed All values, of which WordPress takes the first if one is wanted; '' for none.
 */
function on_read( $value, $user_id, $key, $single ) {
	if ( '' === kind_of( $key ) ) {
		return $value;
	}
	$stored = null === $value ? Credit_Rows\read( (int) $user_id, $key ) : null;
	if ( null === $stored ) {
		forget( (int) $user_id, $key );
		return $value;
	}
	remember( (int) $user_id, $key, number_of( $stored[0] ?? null ) );
	return $single && array() === $stored ? '' : $stored;
}

/**
 * Writes a credit meta as a difference. Compare-and-set (with a previous value) is safe as WordPress does it.
 *
 * @param mixed $check      Null unless another plugin has answered.
 * @param int   $user_id    The user.
 * @param mixed $key        The meta key.
 * @param mixed $value      What is to be stored.
 * @param mixed $prev_value Only rows with this value are to be changed; empty: all.
 * @return mixed Whether it was written, or null: WordPress writes it.
 */
function on_update( $check, $user_id, $key, $value, $prev_value ) {
	if ( '' === kind_of( $key ) ) {
		return $check;
	}
	if ( null !== $check || ! is_numeric( $value ) || ! empty( $prev_value ) ) {
		forget( (int) $user_id, $key );
		return $check;
	}
	return write( (int) $user_id, $key, number_of( $value ) );
}

/**
 * Adds a credit meta, of which there is only one. Who had read that there is none means the difference to that.
 *
 * @param mixed $check   Null unless another plugin has answered.
 * @param int   $user_id The user.
 * @param mixed $key     The meta key.
 * @param mixed $value   What is to be stored.
 * @return mixed Whether it was written, or null: WordPress adds it.
 */
function on_add( $check, $user_id, $key, $value ) {
	if ( '' === kind_of( $key ) || null !== $check || ! is_numeric( $value ) ) {
		return $check;
	}
	if ( null !== seen( (int) $user_id, $key ) ) {
		return write( (int) $user_id, $key, number_of( $value ) );
	}
	$added = Credit_Rows\insert( (int) $user_id, $key, number_of( $value ) );
	wp_cache_delete( (int) $user_id, 'user_meta' );
	return (bool) $added;
}

/**
 * Lets WordPress delete: that is one statement, and what others add after it counts from zero.
 *
 * @param mixed $check   Null unless another plugin has answered.
 * @param int   $user_id The user.
 * @param mixed $key     The meta key.
 * @return mixed The same.
 */
function on_delete( $check, $user_id, $key ) {
	if ( '' !== kind_of( $key ) ) {
		forget( (int) $user_id, $key );
	}
	return $check;
}

/**
 * Writes, and remembers what the request now takes for stored.
 *
 * @param int    $user_id The user.
 * @param string $key     The meta key.
 * @param int    $number  What is to be stored.
 */
function write( int $user_id, string $key, int $number ): bool {
	$written = Credit_Rows\write( $user_id, $key, $number, seen( $user_id, $key ) );
	wp_cache_delete( $user_id, 'user_meta' );
	if ( $written ) {
		remember( $user_id, $key, $number );
	}
	return $written;
}

/**
 * The number that a value stands for: not numeric or below 0 is 0, 12.7 is 12.
 *
 * @param mixed $value A stored or given value.
 */
function number_of( $value ): int {
	return is_numeric( $value ) ? max( 0, (int) $value ) : 0;
}

/**
 * What this request has seen, by user and key.
 *
 * @return array<int, array<string, int>>
 */
function &memory(): array {
	static $memory = array();
	return $memory;
}

/**
 * Remembers a number; programs that go through all users forget the first ones.
 *
 * @param int    $user_id The user.
 * @param string $key     The meta key.
 * @param int    $number  What was read or written.
 */
function remember( int $user_id, string $key, int $number ): void {
	$memory = &memory();
	if ( ! isset( $memory[ $user_id ] ) && count( $memory ) >= USERS_REMEMBERED_MAX ) {
		unset( $memory[ array_key_first( $memory ) ] );
	}
	$memory[ $user_id ][ $key ] = $number;
}

/**
 * Forgets a number: the next write is what it says.
 *
 * @param int    $user_id The user.
 * @param string $key     The meta key.
 */
function forget( int $user_id, string $key ): void {
	$memory = &memory();
	unset( $memory[ $user_id ][ $key ] );
}

/**
 * What this request last saw, or null.
 *
 * @param int    $user_id The user.
 * @param string $key     The meta key.
 */
function seen( int $user_id, string $key ): ?int {
	return memory()[ $user_id ][ $key ] ?? null;
}
