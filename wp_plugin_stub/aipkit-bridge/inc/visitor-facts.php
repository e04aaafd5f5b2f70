<?php
/**
 * The version of what a visitor is shown: the same text that the bridge makes of the same rows.
 *
 * Read from the database itself in one short statement, since an object cache knows nothing of what the bridge writes.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Visitor_Facts;

use AIPKit_Bridge\Settings_Version;

defined( 'ABSPATH' ) || exit;

const GUESTS_VERSION   = 'guest';
const FIXED_KEYS       = array(
	'_aipkit_token_balance',
	'_aipkit_img_tokens_used',
	'_aipkit_img_tokens_reset',
	'_aipkit_aiforms_tokens_used',
	'_aipkit_aiforms_tokens_reset',
);
const CHAT_KEY_PATTERN = '/^_aipkit_(token_usage|last_token_reset)_/';

/**
 * The version, or '' when it is not known. A log-in prompt shows nothing that could change.
 *
 * What belongs to it: the user's credit metas and roles, which anybody may write; the number of changes that the bridge
 * counts of an account, its holds and its orders; the newest row of the ledger; the version of the site's settings.
 *
 * @param int      $user_id The user; 0 is a guest.
 * @param string[] $options What else is read with it, so that get_option() need not; a guest's are not.
 */
function version_of( int $user_id, array $options = array() ): string {
	if ( 0 === $user_id ) {
		return GUESTS_VERSION;
	}
	$rows  = without_options( read( $user_id, wp_using_ext_object_cache() ? array() : $options ) );
	$first = $rows[0] ?? null;
	if ( null === $first ) {
		return '';
	}
	$lines = array(
		'user=' . $user_id,
		'settings=' . $first->settings,
		'seq=' . (int) $first->seq,
		'entry=' . (int) $first->entry,
	);
	foreach ( metas_of( $rows ) as $key => $value ) {
		$lines[] = $key . '=' . $value;
	}
	return hash( 'sha256', implode( "\n", $lines ) );
}

/**
 * The metas among the rows by key, sorted; of rows of one key the oldest counts. The database also finds keys in other case.
 *
 * @param object[] $rows What read() gave.
 * @return array<string, string>
 */
function metas_of( array $rows ): array {
	$metas = array();
	$ids   = array();
	$known = array_merge( FIXED_KEYS, array( roles_key() ) );
	foreach ( $rows as $row ) {
		$key = $row->meta_key;
		if ( ! in_array( $key, $known, true ) && 1 !== preg_match( CHAT_KEY_PATTERN, $key ) ) {
			continue;
		}
		if ( (int) $row->umeta_id < ( $ids[ $key ] ?? PHP_INT_MAX ) ) {
			$ids[ $key ]   = (int) $row->umeta_id;
			$metas[ $key ] = (string) $row->meta_value;
		}
	}
	ksort( $metas, SORT_STRING );
	return $metas;
}

/**
 * The rows of metas; those of options are where WordPress keeps what it has read in this request.
 *
 * @param object[] $rows What read() gave.
 * @return object[]
 */
function without_options( array $rows ): array {
	$metas = array();
	foreach ( $rows as $row ) {
		if ( null === $row->umeta_id ) {
			wp_cache_add( $row->meta_key, $row->meta_value, 'options' );
		} else {
			$metas[] = $row;
		}
	}
	return $metas;
}

/**
 * The user's metas that matter, each with what there is once; empty if the database does not tell, or there is no meta.
 * Behind them the options. Texts of both are given one collation, since the tables may have two.
 *
 * @param int      $user_id The user.
 * @param string[] $options Names of options.
 * @return object[]
 */
function read( int $user_id, array $options = array() ): array {
	global $wpdb;
	$accounts = accounts_table();
	if ( '' === $accounts ) {
		return array();
	}
	$keys   = array_merge( FIXED_KEYS, array( roles_key() ) );
	$places = implode( ', ', array_fill( 0, count( $keys ), '%s' ) );
	$behind = array() === $options ? '' : " UNION ALL
			SELECT NULL, CONVERT(option_name USING utf8mb4) COLLATE utf8mb4_bin,
				CONVERT(option_value USING utf8mb4) COLLATE utf8mb4_bin, NULL, NULL, NULL
			FROM {$wpdb->options} WHERE option_name IN ( " . implode( ', ', array_fill( 0, count( $options ), '%s' ) ) . ' )';
	$silent = $wpdb->suppress_errors(); // The bridge's tables may be elsewhere.
	// phpcs:disable WordPress.DB.DirectDatabaseQuery, WordPress.DB.PreparedSQL, WordPress.DB.PreparedSQLPlaceholders -- the cache is what is passed by; names of tables cannot be prepared, and there are as many places as keys.
	$rows = $wpdb->get_results(
		$wpdb->prepare(
			"SELECT umeta_id, CONVERT(meta_key USING utf8mb4) COLLATE utf8mb4_bin AS meta_key,
				CONVERT(meta_value USING utf8mb4) COLLATE utf8mb4_bin AS meta_value,
				(SELECT seq FROM `$accounts` WHERE user_id = %d) AS seq,
				(SELECT id FROM `{$wpdb->prefix}aipkit_token_ledger` WHERE user_id = %d
					ORDER BY created_at DESC, id DESC LIMIT 1) AS entry,
				(SELECT option_value FROM {$wpdb->options} WHERE option_name = %s) AS settings
			FROM {$wpdb->usermeta} FORCE INDEX (user_id)
			WHERE user_id = %d AND ( meta_key IN ( $places ) OR meta_key LIKE %s OR meta_key LIKE %s )$behind",
			array_merge(
				array( $user_id, $user_id, Settings_Version\OPTION, $user_id ),
				$keys,
				array(
					$wpdb->esc_like( '_aipkit_token_usage_' ) . '%',
					$wpdb->esc_like( '_aipkit_last_token_reset_' ) . '%',
				),
				$options
			)
		)
	);
	// phpcs:enable
	$wpdb->suppress_errors( $silent );
	return is_array( $rows ) ? $rows : array();
}

/**
 * The meta that holds a user's roles on this site.
 */
function roles_key(): string {
	return $GLOBALS['wpdb']->get_blog_prefix() . 'capabilities';
}

/**
 * The bridge's table of accounts, which belongs to the table of users; '' if that has a name of its own.
 */
function accounts_table(): string {
	$users = $GLOBALS['wpdb']->users;
	return 'users' === substr( $users, -5 ) ? substr( $users, 0, -5 ) . 'aipkit_bridge_accounts' : '';
}
