<?php
/**
 * Talks to the bridge: short-lived signed tokens, short time-outs, no redirects.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Client;

use AIPKit_Bridge\Settings;
use WP_Error;

defined( 'ABSPATH' ) || exit;

const AUDIENCE           = 'aipkit-bridge';
const LOGIN_AUDIENCE     = 'aipkit-bridge/login';
const TOKEN_SECONDS      = 60;
const PAGE_SECONDS_MAX   = 2;
const RESPONSE_BYTES_MAX = 1048576;

/**
 * Bytes in the URL-safe alphabet of JSON Web Tokens.
 *
 * @param string $bytes What to encode.
 */
function base64url( string $bytes ): string {
	// phpcs:ignore WordPress.PHP.DiscouragedPHPFunctions.obfuscation_base64_encode -- the format of a JSON Web Token.
	return rtrim( strtr( base64_encode( $bytes ), '+/', '-_' ), '=' );
}

/**
 * A token with which the bridge knows that this site speaks for that user.
 *
 * @param int    $user_id The user; 0 is a guest.
 * @param string $scope   What the token may be used for, e.g. 'fragment'.
 */
function sign_token( int $user_id, string $scope ): string {
	return sign( AUDIENCE, $user_id, array( 'scope' => $scope ) );
}

/**
 * A token that signs an administrator in to the bridge's screens, once, in their language.
 *
 * @param int $user_id The user.
 */
function sign_login_token( int $user_id ): string {
	$claims = array(
		'jti'    => bin2hex( random_bytes( 16 ) ),
		'locale' => get_user_locale( $user_id ),
	);
	return sign( LOGIN_AUDIENCE, $user_id, $claims );
}

/**
 * A JSON Web Token (HS256) of this site.
 *
 * @param string               $audience What it is for.
 * @param int                  $user_id  The user; 0 is a guest.
 * @param array<string, mixed> $more     Further claims.
 * @param int                  $seconds  How long it is good for.
 */
function sign( string $audience, int $user_id, array $more, int $seconds = TOKEN_SECONDS ): string {
	$now    = time();
	$header = array(
		'alg' => 'HS256',
		'typ' => 'JWT',
	);
	$claims = array(
		'iss' => Settings\site_url(),
		'aud' => $audience,
		'sub' => (string) $user_id,
		'iat' => $now,
		'exp' => $now + $seconds,
	);
	$signed = base64url( (string) wp_json_encode( $header ) ) . '.' . base64url( (string) wp_json_encode( $claims + $more ) );
	return $signed . '.' . base64url( hash_hmac( 'sha256', $signed, Settings\secret(), true ) );
}

/**
 * One GET as a user.
 *
 * @param string                $path    Path at the bridge, with leading slash.
 * @param array<string, string> $query   Query arguments, not yet encoded.
 * @param int                   $user_id The user to speak for; 0 is a guest.
 * @param float                 $timeout Seconds for the whole call.
 * @param string                $scope   What the token is good for.
 * @param array<string, string> $headers Further request headers.
 * @return array|WP_Error What wp_remote_get() returns.
 */
function get_as( string $path, array $query, int $user_id, float $timeout = PAGE_SECONDS_MAX, string $scope = 'fragment', array $headers = array() ) {
	return get( $path, $query, array( 'Authorization' => 'Bearer ' . sign_token( $user_id, $scope ) ) + $headers, $timeout );
}

/**
 * One GET.
 *
 * @param string                $path    Path at the bridge, with leading slash.
 * @param array<string, string> $query   Query arguments, not yet encoded.
 * @param array<string, string> $headers Request headers.
 * @param float                 $timeout Seconds for the whole call.
 * @return array|WP_Error What wp_remote_get() returns.
 */
function get( string $path, array $query, array $headers, float $timeout ) {
	$url = Settings\address() . $path;
	if ( array() !== $query ) {
		$url .= '?' . http_build_query( $query, '', '&', PHP_QUERY_RFC3986 );
	}
	return wp_remote_get( $url, arguments( $headers, $timeout ) );
}

/**
 * One POST as a user.
 *
 * @param string               $path    Path at the bridge, with leading slash.
 * @param array<string, mixed> $body    What to send, as JSON.
 * @param int                  $user_id The user to speak for; 0 is a guest.
 * @param float                $timeout Seconds for the whole call.
 * @param string               $scope   What the token is good for.
 * @return array|WP_Error What wp_remote_post() returns.
 */
function post_as( string $path, array $body, int $user_id, float $timeout, string $scope ) {
	$headers = array(
		'Authorization' => 'Bearer ' . sign_token( $user_id, $scope ),
		'Content-Type'  => 'application/json',
	);
	return wp_remote_post(
		Settings\address() . $path,
		array( 'body' => (string) wp_json_encode( (object) $body ) ) + arguments( $headers, $timeout )
	);
}

/**
 * One POST whose answer nobody waits for. WordPress's cURL waits a second for it all the same, hence a limit of our own,
 * and hence the answer's status may be known.
 *
 * @param string               $path    Path at the bridge, with leading slash.
 * @param array<string, mixed> $body    What to send, as JSON.
 * @param int                  $user_id The user to speak for; 0 is a guest.
 * @param string               $scope   What the call is for.
 * @param float                $seconds How long it may take at most.
 * @return bool Whether the bridge has accepted it, as far as that was known in time.
 */
function post_without_waiting( string $path, array $body, int $user_id, string $scope, float $seconds ): bool {
	$curl    = null;
	$status  = 0;
	$limit   = static function ( $handle ) use ( $seconds, &$curl ): void {
		// phpcs:disable WordPress.WP.AlternativeFunctions.curl_curl_setopt -- of WordPress's own handle.
		curl_setopt( $handle, CURLOPT_NOSIGNAL, true ); // Without it, parts of a second may not count.
		curl_setopt( $handle, CURLOPT_TIMEOUT_MS, (int) ( 1000 * $seconds ) );
		// phpcs:enable
		$curl = $handle;
	};
	$read    = static function () use ( &$curl, &$status ): void {
		// phpcs:ignore WordPress.WP.AlternativeFunctions.curl_curl_getinfo -- of WordPress's own handle, which is closed later.
		$status = null === $curl ? 0 : (int) curl_getinfo( $curl, CURLINFO_RESPONSE_CODE );
	};
	$headers = array(
		'Authorization' => 'Bearer ' . sign_token( $user_id, $scope ),
		'Content-Type'  => 'application/json',
	);
	add_action( 'http_api_curl', $limit );
	add_action( 'requests-curl.after_send', $read );
	wp_remote_post(
		Settings\address() . $path,
		array(
			'blocking' => false,
			'body'     => (string) wp_json_encode( $body ),
		) + arguments( $headers, 0.01 )
	);
	remove_action( 'http_api_curl', $limit );
	remove_action( 'requests-curl.after_send', $read );
	return $status >= 200 && $status < 300;
}

/**
 * What all calls have in common.
 *
 * @param array<string, string> $headers Request headers.
 * @param float                 $timeout Seconds for the whole call.
 * @return array<string, mixed>
 */
function arguments( array $headers, float $timeout ): array {
	return array(
		'timeout'             => $timeout,
		'redirection'         => 0,
		'limit_response_size' => RESPONSE_BYTES_MAX,
		'headers'             => $headers + array( 'Cache-Control' => 'no-store' ),
		'user-agent'          => 'aipkit-bridge-plugin/' . \AIPKit_Bridge\VERSION,
	);
}

/**
 * Whether an answer has this media type, whatever its parameters.
 *
 * @param array|WP_Error $response What get() returned.
 * @param string         $type     E.g. 'text/html'.
 */
function has_type( $response, string $type ): bool {
	$header = wp_remote_retrieve_header( $response, 'content-type' );
	$header = is_array( $header ) ? (string) end( $header ) : (string) $header;
	return strtolower( trim( explode( ';', $header )[0] ) ) === $type;
}
