<?php
/**
 * What may be passed on to the bridge: the paths of its screens, each with its method, and their queries.
 *
 * A test compares the list with the bridge's own routes.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Passage\Targets;

defined( 'ABSPATH' ) || exit;

const READ_PATHS  = array(
	'/admin/credits',
	'/admin/credits/accounts\.csv',
	'/admin/credits/\d+',
	'/admin/credits/import',
	'/admin/credits/bulk/\d+',
	'/admin/credits/bulk/\d+/problems\.csv',
	'/admin/credits/limits',
	'/admin/credits/limits/[a-z0-9_-]+',
	'/admin/credits/prices',
	'/admin/credits/prices/new',
	'/admin/credits/prices/\d+',
	'/admin/credits/reports',
	'/admin/credits/reports/usage',
	'/admin/credits/reports/[a-z_-]+\.csv',
	'/admin/webhooks',
	'/status',
	'/static/[a-z_]+\.(?:css|js)',
);
const WRITE_PATHS = array(
	'/admin/credits/\d+/balance',
	'/admin/credits/\d+/reset',
	'/admin/credits/\d+/entries/\d+/undo',
	'/admin/credits/bulk',
	'/admin/credits/import',
	'/admin/credits/bulk/\d+/start',
	'/admin/credits/bulk/\d+/discard',
	'/admin/credits/bulk/\d+/undo',
	'/admin/credits/limits/[a-z0-9_-]+',
	'/admin/credits/prices',
	'/admin/credits/prices/\d+',
	'/admin/credits/prices/\d+/enabled',
	'/admin/credits/prices/\d+/delete',
	'/admin/orders/\d+/retry',
	'/admin/orders/\d+/assign',
	'/admin/orders/\d+/dismiss',
	'/admin/orders/\d+/list-again',
	'/admin/findings/\d+/resolve',
	'/admin/webhooks/\d+/again',
	'/admin/poll',
	'/admin/reconcile',
);

/**
 * Path and query that this request asks the bridge for, or '' if that is none of its screens.
 *
 * @param string $method 'GET' or 'POST'.
 * @param string $first  What the page opens by itself.
 */
function target( string $method, string $first ): string {
	$asked = $first;
	$rest  = array();
	// phpcs:ignore WordPress.Security.ValidatedSanitizedInput -- passed on as it came, after the check below.
	foreach ( explode( '&', (string) ( $_SERVER['QUERY_STRING'] ?? '' ) ) as $pair ) {
		list( $name, $value ) = explode( '=', $pair . '=', 3 );
		if ( 'at' === $name ) {
			$asked = urldecode( $value );
		} elseif ( 'page' !== $name && '' !== $pair ) {
			$rest[] = $pair;
		}
	}
	list( $path, $query ) = explode( '?', $asked . '?', 3 );
	$query                = implode( '&', array_filter( array_merge( array( $query ), $rest ), 'strlen' ) );
	if ( ! may_pass( $method, $path ) || ! preg_match( '/\A[\w\-.~!$\'()*+,;:@%\/?=&]*\z/', $query ) ) {
		return '';
	}
	return '' === $query ? $path : "$path?$query";
}

/**
 * Whether a path is on the list.
 *
 * @param string $method 'GET' or 'POST'.
 * @param string $path   The path.
 */
function may_pass( string $method, string $path ): bool {
	$paths = 'POST' === $method ? WRITE_PATHS : READ_PATHS;
	return 1 === preg_match( '#\A(?:' . implode( '|', $paths ) . ')\z#', $path );
}
