<?php
/**
 * Asks the bridge for a screen: signed, streamed both ways, and the answer's seal checked.
 *
 * By cURL itself: WordPress's HTTP API has bodies in memory.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Passage\Bridge;

use AIPKit_Bridge\Client;
use AIPKit_Bridge\Passage\Body;
use AIPKit_Bridge\Settings;

defined( 'ABSPATH' ) || exit;

const AUDIENCE        = 'aipkit-bridge/screens';
const TOKEN_SECONDS   = 20;
const CONNECT_SECONDS = 5;
const STILL_SECONDS   = 45; // Web servers give PHP up after 60, and say so on a page of their own.
const BYTES_MAX       = 8388608;
const SEAL            = 'passage-seal';
const SEALED_HEADERS  = array( 'content-type', 'location', 'content-disposition' );
const STREAMED        = 'text/csv';

/**
 * Asks; gives the answer, or why there is none. A file is sent to the browser as it comes.
 *
 * @param string                                  $method  'GET' or 'POST'.
 * @param string                                  $target  Path and query.
 * @param array{type: string, pieces: array}|null $body    What read() of the body gave, or null without one.
 * @param string                                  $nonce   What forms of the answer are to carry.
 * @param bool                                    $as_json Whether a script asks.
 * @param callable                                $stream  Told the headers of a file, before its first bytes are printed.
 * @return array{status: int, headers: array<string, string>, body: string, is_sealed: bool, is_sent: bool, error: string}
 */
function ask( string $method, string $target, ?array $body, string $nonce, bool $as_json, callable $stream ): array {
	$pieces  = $body['pieces'] ?? array();
	$claims  = claims( $method, $target, Body\digest( $pieces ), $nonce );
	$token   = Client\sign( AUDIENCE, get_current_user_id(), $claims, TOKEN_SECONDS );
	$headers = array(
		'Authorization: Passage ' . $token,
		'Accept: ' . ( $as_json ? 'application/json' : 'text/html' ),
		'User-Agent: aipkit-bridge-plugin/' . \AIPKit_Bridge\VERSION,
		'Expect:',
	);
	$answer  = array(
		'status'    => 0,
		'headers'   => array(),
		'body'      => '',
		'is_sealed' => false,
		'is_sent'   => false,
		'error'     => '',
	);
	// phpcs:disable WordPress.WP.AlternativeFunctions -- see the top.
	$handle = curl_init( Settings\address() . $target );
	curl_setopt_array( $handle, options( $method, $headers, $body ) );
	curl_setopt( $handle, CURLOPT_HEADERFUNCTION, header_reader( $answer ) );
	curl_setopt( $handle, CURLOPT_WRITEFUNCTION, body_reader( $answer, $claims['jti'], $stream ) );
	curl_exec( $handle );
	$answer['error'] = curl_error( $handle );
	curl_close( $handle );
	// phpcs:enable
	$answer['is_sealed'] = $answer['is_sent'] || is_sealed( $answer, $claims['jti'], hash( 'sha256', $answer['body'] ) );
	return $answer;
}

/**
 * What is signed of a request.
 *
 * @param string $method 'GET' or 'POST'.
 * @param string $target Path and query.
 * @param string $digest Of the body.
 * @param string $nonce  What forms of the answer are to carry.
 * @return array<string, mixed>
 */
function claims( string $method, string $target, string $digest, string $nonce ): array {
	global $_wp_admin_css_colors;
	$scheme = (string) get_user_option( 'admin_color' );
	$colors = $_wp_admin_css_colors[ $scheme ]->colors ?? array();
	return array(
		'jti'     => bin2hex( random_bytes( 16 ) ),
		'cap'     => current_user_can( 'manage_options' ) ? 'manage_options' : 'manage_woocommerce',
		'ask'     => hash( 'sha256', "$method $target" ),
		'body'    => $digest,
		'name'    => wp_get_current_user()->display_name,
		'locale'  => get_user_locale(),
		'scheme'  => $scheme,
		'colors'  => array_values( preg_grep( '/\A#[0-9a-fA-F]{6}\z/', array_filter( $colors, 'is_string' ) ) ),
		'nonce'   => $nonce,
		'session' => hash( 'sha256', wp_get_session_token() ),
		'base'    => (string) wp_parse_url( admin_url( 'admin.php' ), PHP_URL_PATH ),
		'upload'  => (int) wp_max_upload_size(),
	);
}

/**
 * What cURL is told.
 *
 * @param string                                  $method  'GET' or 'POST'.
 * @param string[]                                $headers Request headers.
 * @param array{type: string, pieces: array}|null $body    The body.
 * @return array<int, mixed>
 */
function options( string $method, array $headers, ?array $body ): array {
	$options = array(
		CURLOPT_CUSTOMREQUEST   => $method,
		CURLOPT_PROTOCOLS       => CURLPROTO_HTTP | CURLPROTO_HTTPS,
		CURLOPT_CONNECTTIMEOUT  => CONNECT_SECONDS,
		CURLOPT_LOW_SPEED_LIMIT => 1, // A byte a second: files may take their time, silence may not.
		CURLOPT_LOW_SPEED_TIME  => STILL_SECONDS,
		CURLOPT_CAINFO          => ABSPATH . WPINC . '/certificates/ca-bundle.crt',
		CURLOPT_NOSIGNAL        => true,
	);
	if ( null !== $body ) {
		$headers[] = 'Content-Type: ' . $body['type'];
		$options  += array(
			CURLOPT_UPLOAD       => true,
			CURLOPT_INFILESIZE   => Body\length( $body['pieces'] ),
			CURLOPT_READFUNCTION => Body\reader( $body['pieces'] ),
		);
	}
	$options[ CURLOPT_HTTPHEADER ] = $headers;
	return $options + proxy_options();
}

/**
 * The proxy that wp-config.php names, if it is one for the bridge.
 *
 * @return array<int, mixed>
 */
function proxy_options(): array {
	$proxy = new \WP_HTTP_Proxy();
	if ( ! $proxy->is_enabled() || ! $proxy->send_through_proxy( Settings\address() ) ) {
		return array( CURLOPT_PROXY => '' );
	}
	$options = array(
		CURLOPT_PROXY     => $proxy->host(),
		CURLOPT_PROXYPORT => (int) $proxy->port(),
	);
	return $proxy->use_authentication() ? $options + array( CURLOPT_PROXYUSERPWD => $proxy->authentication() ) : $options;
}

/**
 * What reads the answer's headers.
 *
 * @param array $answer Where to.
 */
function header_reader( array &$answer ): callable {
	return static function ( $handle, string $line ) use ( &$answer ): int {
		if ( 0 === strpos( $line, 'HTTP/' ) ) {
			$answer['status']  = (int) substr( $line, strcspn( $line, ' ' ) );
			$answer['headers'] = array();
		} elseif ( false !== strpos( $line, ':' ) ) {
			list( $name, $value )                             = explode( ':', $line, 2 );
			$answer['headers'][ strtolower( trim( $name ) ) ] = trim( $value );
		}
		return strlen( $line );
	};
}

/**
 * What reads the answer's body: into memory up to a limit, or if it is a file to the browser.
 *
 * @param array    $answer   Where to.
 * @param string   $token_id Of the request.
 * @param callable $stream   Told the headers of a file.
 */
function body_reader( array &$answer, string $token_id, callable $stream ): callable {
	return static function ( $handle, string $part ) use ( &$answer, $token_id, $stream ): int {
		if ( ! $answer['is_sent'] && '' === $answer['body'] && is_file( $answer ) && is_sealed( $answer, $token_id, '' ) ) {
			$answer['is_sent'] = true;
			$stream( $answer['headers'] );
		}
		if ( $answer['is_sent'] ) {
			echo $part; // phpcs:ignore WordPress.Security.EscapeOutput -- a file to be saved.
			flush();
			return strlen( $part );
		}
		$answer['body'] .= $part;
		return strlen( $answer['body'] ) > BYTES_MAX ? -1 : strlen( $part );
	};
}

/**
 * Whether an answer is a file to be saved.
 *
 * @param array{status: int, headers: array<string, string>} $answer Status and headers.
 */
function is_file( array $answer ): bool {
	$disposition = $answer['headers']['content-disposition'] ?? '';
	return 200 === $answer['status'] && STREAMED === type( $answer ) && 0 === strpos( $disposition, 'attachment' );
}

/**
 * The media type of an answer.
 *
 * @param array{headers: array<string, string>} $answer Its headers.
 */
function type( array $answer ): string {
	return strtolower( trim( explode( ';', $answer['headers']['content-type'] ?? '' )[0] ) );
}

/**
 * Whether the bridge with our secret has made this answer, to this request.
 *
 * @param array{status: int, headers: array<string, string>} $answer   Status and headers.
 * @param string                                             $token_id Of the request.
 * @param string                                             $digest   Of the body; '' of one that is sent as it is made.
 */
function is_sealed( array $answer, string $token_id, string $digest ): bool {
	$parts = array( 'answer', $token_id, (string) $answer['status'] );
	foreach ( SEALED_HEADERS as $name ) {
		$parts[] = $answer['headers'][ $name ] ?? '';
	}
	$parts[] = $digest;
	$seal    = hash_hmac( 'sha256', implode( "\n", $parts ), Settings\secret() );
	return hash_equals( $seal, $answer['headers'][ SEAL ] ?? '' );
}
