<?php
/**
 * The SQL of users' credit metas. Every change is one statement on one user's rows, so nothing is ever held for longer
 * than that, and a transaction that another plugin has open is neither ended nor needed.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Credit_Rows;

use AIPKit_Bridge\Credit_Metas;

defined( 'ABSPATH' ) || exit;

const TRIES    = 3;
const DEADLOCK = 1213;

// phpcs:disable WordPress.DB.DirectDatabaseQuery, WordPress.DB.PreparedSQL -- the cache is what is passed by; the SQL is prepared below, of table names and whole numbers.
// phpcs:disable WordPress.DB.RestrictedFunctions.mysql_mysqli_errno -- wpdb keeps the error's text, in the server's language, and not its number.

/**
 * All values of a meta, the one that counts first; null if the database does not answer.
 *
 * @param int    $user_id The user.
 * @param string $key     The meta key.
 * @return array<int, string|null>|null
 */
function read( int $user_id, string $key ): ?array {
	global $wpdb;
	$values = $wpdb->get_col(
		$wpdb->prepare(
			"SELECT meta_value FROM {$wpdb->usermeta} WHERE user_id = %d AND meta_key = %s ORDER BY umeta_id",
			$user_id,
			$key
		)
	);
	return '' === $wpdb->last_error ? $values : null;
}

/**
 * Brings what the request meant into all rows of a meta, or into a new one.
 *
 * @param int      $user_id The user.
 * @param string   $key     The meta key.
 * @param int      $number  What the request writes.
 * @param int|null $seen    What it had read; null: nothing, so it means the number itself.
 */
function write( int $user_id, string $key, int $number, ?int $seen ): bool {
	if ( $number === $seen ) {
		return true;
	}
	if ( 'stamp' === Credit_Metas\kind_of( $key ) ) {
		$seen = null;
	}
	$changed = update( $user_id, $key, $number, $seen );
	$first   = null === $seen ? $number : max( 0, $number - $seen );
	if ( 0 === $changed && $first > 0 ) {
		// There is no row; or there is one now, which somebody else has made.
		$changed = insert( $user_id, $key, $first );
		$changed = 0 === $changed ? update( $user_id, $key, $number, $seen ) : $changed;
	}
	return false !== $changed;
}

/**
 * Changes the rows there are.
 *
 * By the user's own index: by the key's, the database would lock other users' rows as well.
 *
 * @param int      $user_id The user.
 * @param string   $key     The meta key.
 * @param int      $number  What the request writes.
 * @param int|null $seen    What it had read.
 * @return int|false How many rows are other than before.
 */
function update( int $user_id, string $key, int $number, ?int $seen ) {
	global $wpdb;
	$new = new_value( Credit_Metas\kind_of( $key ), $number, $seen );
	return run(
		$wpdb->prepare(
			// What is no plain number counted as the one that was read; so the first who writes makes it one.
			"UPDATE {$wpdb->usermeta} FORCE INDEX (user_id)
			SET meta_value = IF( meta_value REGEXP '^[0-9]{1,18}$', $new, %d )
			WHERE user_id = %d AND meta_key = %s",
			$number,
			$user_id,
			$key
		)
	);
}

/**
 * What a stored number becomes, in SQL.
 *
 * A *balance* is a sum: the difference is added, and it never goes below 0.
 *
 * A *counter* only grows within a period, so a smaller number than was read starts a new period: what was read is taken
 * off. If less is stored than was read, another request, or the bridge, has started that period already, and what is
 * there was used since: it stays.
 *
 * A *stamp* is no sum: it is when the period began, and of two requests that begin it the later is right. One that lies
 * in the future never was right.
 *
 * @param string   $kind   'balance', 'counter' or 'stamp'.
 * @param int      $number What the request writes.
 * @param int|null $seen   What it had read.
 */
function new_value( string $kind, int $number, ?int $seen ): string {
	$stored = 'CAST( meta_value AS SIGNED )';
	if ( 'stamp' === $kind ) {
		return "IF( $stored > UNIX_TIMESTAMP(), $number, GREATEST( $stored, $number ) )";
	}
	if ( null === $seen ) {
		return (string) $number;
	}
	$difference = $number - $seen;
	if ( 'counter' === $kind && $difference < 0 ) {
		return "IF( $stored < $seen, $stored, $stored + $difference )";
	}
	return "GREATEST( 0, $stored + $difference )";
}

/**
 * Makes the row unless there is one. Usermeta has no unique key: whoever makes a row holds the user's row meanwhile.
 *
 * @param int    $user_id The user.
 * @param string $key     The meta key.
 * @param int    $number  What is to be stored.
 * @return int|false How many rows were made.
 */
function insert( int $user_id, string $key, int $number ) {
	global $wpdb;
	return run(
		$wpdb->prepare(
			"INSERT INTO {$wpdb->usermeta} (user_id, meta_key, meta_value)
			SELECT person.ID, %s, %d FROM {$wpdb->users} person
			LEFT JOIN {$wpdb->usermeta} meta FORCE INDEX (user_id) ON meta.user_id = person.ID AND meta.meta_key = %s
			WHERE person.ID = %d AND meta.umeta_id IS NULL
			FOR UPDATE",
			$key,
			$number,
			$key,
			$user_id
		)
	);
}

/**
 * Runs a statement, and again if the database undid it in favour of somebody else's.
 *
 * @param string $sql The statement.
 * @return int|false How many rows it changed.
 */
function run( string $sql ) {
	global $wpdb;
	$tries = TRIES;
	do {
		$changed = $wpdb->query( $sql );
		$undone  = false === $changed && $wpdb->dbh instanceof \mysqli && DEADLOCK === mysqli_errno( $wpdb->dbh );
	} while ( $undone && --$tries > 0 );
	return $changed;
}
