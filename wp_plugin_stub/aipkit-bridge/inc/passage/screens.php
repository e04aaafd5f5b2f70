<?php
/**
 * Shows the bridge's screens in the admin: passes a request on before anything is printed, and what comes back to the page.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Passage\Screens;

use AIPKit_Bridge\Passage\Answer;
use AIPKit_Bridge\Passage\Body;
use AIPKit_Bridge\Passage\Bridge;
use AIPKit_Bridge\Passage\Targets;
use AIPKit_Bridge\Passage\Trouble;
use AIPKit_Bridge\Settings;
use AIPKit_Bridge\Sign_In;

defined( 'ABSPATH' ) || exit;

require_once dirname( __DIR__ ) . '/client.php';
require_once __DIR__ . '/targets.php';
require_once __DIR__ . '/body.php';
require_once __DIR__ . '/bridge.php';
require_once __DIR__ . '/answer.php';
require_once __DIR__ . '/trouble.php';

const NONCE = 'aipkit_bridge_screens';

/**
 * Passes this request on, if it may.
 *
 * @param string $first Path of the screen that the page opens by itself.
 */
function pass( string $first ): void {
	$started = microtime( true );
	$method  = method();
	$as_json = 'application/json' === sanitize_text_field( wp_unslash( $_SERVER['HTTP_ACCEPT'] ?? '' ) );
	$target  = Targets\target( $method, $first );
	if ( ! Sign_In\may_manage() ) {
		Trouble\refuse( 403, __( 'You are not allowed to do this.', 'aipkit-bridge' ), $as_json );
	} elseif ( ! Settings\is_configured() ) {
		Trouble\show_not_set_up();
	} elseif ( ! function_exists( 'curl_init' ) ) {
		Trouble\refuse( 503, __( 'PHP on this web server has no cURL, which these screens need: install php-curl.', 'aipkit-bridge' ), $as_json );
	} elseif ( '' === $method || '' === $target ) {
		Trouble\refuse( 404, __( 'There is no such screen.', 'aipkit-bridge' ), $as_json );
	} else {
		pass_on( $method, $target, $as_json, $started );
	}
}

/**
 * This request's method: 'GET', 'POST', or '' for one that screens do not know.
 */
function method(): string {
	$method = sanitize_text_field( wp_unslash( $_SERVER['REQUEST_METHOD'] ?? '' ) );
	return array(
		'GET'  => 'GET',
		'HEAD' => 'GET',
		'POST' => 'POST',
	)[ $method ] ?? '';
}

/**
 * Passes a request on that may be.
 *
 * @param string $method  'GET' or 'POST'.
 * @param string $target  Path and query.
 * @param bool   $as_json Whether a script asks.
 * @param float  $started When we began, in Unix seconds.
 */
function pass_on( string $method, string $target, bool $as_json, float $started ): void {
	$body = 'POST' === $method ? Body\read() : null;
	if ( is_wp_error( $body ) ) {
		Trouble\refuse( (int) $body->get_error_data()['status'], $body->get_error_message(), $as_json );
		return;
	}
	if ( null !== $body && ! is_own_form() ) {
		Trouble\refuse( 403, __( 'The form has expired; open the page again.', 'aipkit-bridge' ), $as_json );
		return;
	}
	ignore_user_abort( null !== $body ); // What was asked is done, also if nobody waits for the answer.
	$answer = Bridge\ask( $method, $target, $body, wp_create_nonce( NONCE ), $as_json, __NAMESPACE__ . '\\send_file' );
	if ( $answer['is_sent'] ) {
		end_file( $answer['error'] );
	}
	if ( ! headers_sent() ) {
		header( sprintf( 'Server-Timing: bridge;dur=%.1f', 1000 * ( microtime( true ) - $started ) ) );
	}
	if ( $answer['is_sealed'] ) {
		Answer\give( $answer, $as_json );
	} elseif ( $as_json ) {
		wp_send_json( array( 'detail' => Trouble\reason( $answer ) ), 502 );
	} else {
		Trouble\show( 502, Trouble\reason( $answer ), 0 === $answer['status'] );
	}
}

/**
 * Whether a form carries the proof that it is from a screen that this user was shown.
 */
function is_own_form(): bool {
	$proof = isset( $_POST['csrf'] ) && is_string( $_POST['csrf'] ) ? sanitize_text_field( wp_unslash( $_POST['csrf'] ) ) : '';
	return false !== wp_verify_nonce( strtok( $proof . '-', '-' ), NONCE );
}

/**
 * Begins a file that is sent as it comes.
 *
 * @param array<string, string> $headers The answer's headers.
 */
function send_file( array $headers ): void {
	set_time_limit( 0 );
	Answer\send( 200, $headers );
}

/**
 * Ends a file; one that broke off says so in its last line, since the browser cannot tell.
 *
 * @param string $error What went wrong, or ''.
 */
function end_file( string $error ): void {
	if ( '' !== $error ) {
		echo "\r\n" . esc_html__( 'The file breaks off here: download it again.', 'aipkit-bridge' ) . "\r\n";
	}
	exit;
}
