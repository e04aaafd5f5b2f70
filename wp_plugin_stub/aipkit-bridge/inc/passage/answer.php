<?php
/**
 * Gives the bridge's answer to the browser: of its headers only those that are listed here.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Passage\Answer;

use AIPKit_Bridge\Passage\Bridge;
use AIPKit_Bridge\Passage\Trouble;

defined( 'ABSPATH' ) || exit;

const SCREEN       = 'application/vnd.aipkit-bridge.screen+json';
const PROBLEM      = 'application/problem+json';
const SENT_AS_IS   = array( 'application/json', 'text/css', 'text/javascript', 'text/csv' );
const SENT_HEADERS = array( 'content-type', 'content-disposition', 'cache-control', 'retry-after' );

/**
 * Deals with an answer whose seal is right. Returns if WordPress is to show a page, else ends the request.
 *
 * @param array{status: int, headers: array<string, string>, body: string} $answer  The answer.
 * @param bool                                                             $as_json Whether a script asks.
 */
function give( array $answer, bool $as_json ): void {
	$type = Bridge\type( $answer );
	if ( $answer['status'] >= 300 && $answer['status'] < 400 ) {
		lead( $answer['headers']['location'] ?? '' );
	} elseif ( SCREEN === $type ) {
		show( $answer );
	} elseif ( in_array( $type, SENT_AS_IS, true ) || ( PROBLEM === $type && $as_json ) ) {
		send( $answer['status'], $answer['headers'] );
		echo $answer['body']; // phpcs:ignore WordPress.Security.EscapeOutput -- JSON, a script or a style of the bridge's, whose seal is right.
		exit;
	} else {
		$problem = json_decode( $answer['body'], true );
		$detail  = is_array( $problem ) && is_string( $problem['detail'] ?? null ) ? $problem['detail'] : '';
		Trouble\show( $answer['status'], '' === $detail ? Trouble\unexpected( $answer['status'] ) : $detail );
	}
}

/**
 * Sends what is passed on of an answer's status and headers.
 *
 * @param int                   $status  HTTP status.
 * @param array<string, string> $headers The answer's headers.
 */
function send( int $status, array $headers ): void {
	while ( ob_get_level() > 0 && ob_end_clean() ) {
		continue; // What others have begun to print is no part of a file.
	}
	status_header( $status );
	header_remove( 'Expires' );
	foreach ( array_intersect_key( $headers, array_flip( SENT_HEADERS ) ) as $name => $value ) {
		header( "$name: $value" );
	}
	header( 'X-Content-Type-Options: nosniff' );
}

/**
 * Leads the browser on, within the admin.
 *
 * @param string $location Where to.
 */
function lead( string $location ): void {
	$base = (string) wp_parse_url( admin_url( 'admin.php' ), PHP_URL_PATH );
	if ( 0 !== strpos( $location, "$base?page=aipkit-bridge-" ) ) {
		Trouble\show( 502, Trouble\unexpected( 302 ) );
		return;
	}
	header( "Location: $location", true, 303 );
	exit;
}

/**
 * Puts a screen where WordPress has a place for its parts.
 *
 * @param array{status: int, body: string} $answer The answer.
 */
function show( array $answer ): void {
	$screen = json_decode( $answer['body'], true );
	if ( ! is_array( $screen ) || ! isset( $screen['title'], $screen['head'], $screen['body'] ) ) {
		Trouble\show( 502, Trouble\unexpected( $answer['status'] ) );
		return;
	}
	status_header( $answer['status'] );
	add_filter(
		'admin_title',
		static function ( string $whole, string $title ) use ( $screen ): string {
			return str_replace( $title, $screen['title'], $whole );
		},
		10,
		2
	);
	add_action( 'admin_head', printer( $screen['head'] ) );
	Trouble\on_page( printer( '<div class="wrap"><hr class="wp-header-end"></div>' . $screen['body'] ) );
}

/**
 * What prints HTML of the bridge's.
 *
 * @param string $html HTML whose seal was checked.
 */
function printer( string $html ): callable {
	return static function () use ( $html ): void {
		echo $html; // phpcs:ignore WordPress.Security.EscapeOutput -- made by the bridge, whose seal is right.
	};
}
