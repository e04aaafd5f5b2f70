<?php
/**
 * Keeps the fragments that visitors were shown: while nothing has changed they are shown again and nobody is asked.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Kept_Fragments;

use AIPKit_Bridge\Fragment_Html;
use AIPKit_Bridge\Settings;

defined( 'ABSPATH' ) || exit;

require_once __DIR__ . '/fragment-html.php';

const PREFIX          = 'aipkit_bridge_fragment_';
const SECONDS         = 10 * MINUTE_IN_SECONDS;
const CURRENT_SECONDS = MINUTE_IN_SECONDS;
const VERSION_PATTERN = '/^(?:[0-9a-f]{64}|guest)$/D';
const ETAG_PATTERN    = '~^(?:W/)?"[0-9a-f]{32}"$~D';

/**
 * Under which name a fragment is kept: one user's is never another's.
 *
 * @param int                   $user_id The user; 0 is a guest.
 * @param array<string, string> $query   What the bridge was asked, the locale among it.
 */
function name_of( int $user_id, array $query ): string {
	ksort( $query );
	return PREFIX . $user_id . '_' . hash_hmac( 'md5', (string) wp_json_encode( $query ), Settings\secret() );
}

/**
 * The options of which WordPress makes what is kept under this name, where no object cache keeps it.
 *
 * @param string $name What name_of() gave.
 * @return string[]
 */
function options_of( string $name ): array {
	return array( '_transient_timeout_' . $name, '_transient_' . $name );
}

/**
 * The fragment kept under this name while it is fresh enough to stand in for the bridge. It must be cleaned before it is shown.
 *
 * @param string $name What name_of() gave.
 * @return array<string, mixed>|null
 */
function kept( string $name ): ?array {
	$kept = get_transient( $name );
	if ( ! is_array( $kept ) || ! isset( $kept['html'], $kept['at'] ) || ! is_string( $kept['html'] ) ) {
		return null;
	}
	$age = time() - (int) $kept['at'];
	return $age >= 0 && $age <= SECONDS ? $kept : null;
}

/**
 * The same if it is what keep() wrote there, and so clean.
 *
 * @param string $name What name_of() gave.
 * @return array{html: string, body: string, etag: string, version: string, until: int, at: int, of: string}|null
 */
function genuine( string $name ): ?array {
	$kept = kept( $name );
	$of   = $kept['of'] ?? '';
	return null !== $kept && is_string( $of ) && hash_equals( signature( $name, $kept ), $of ) ? $kept : null;
}

/**
 * Binds what is kept to the bridge, the user and the query, and to the rules it was cleaned by: nothing that others write
 * there passes for clean, or for somebody else's.
 *
 * @param string               $name What name_of() gave.
 * @param array<string, mixed> $kept What is kept, or is to be.
 */
function signature( string $name, array $kept ): string {
	$parts = array( \AIPKit_Bridge\VERSION, Settings\address(), $name );
	foreach ( array( 'body', 'etag', 'version', 'until', 'html' ) as $part ) {
		$parts[] = (string) ( $kept[ $part ] ?? '' );
	}
	return hash_hmac( 'sha256', implode( "\n", $parts ), Settings\secret() );
}

/**
 * Whether a genuine fragment shows what is so now.
 *
 * @param array<string, mixed> $kept    What genuine() gave.
 * @param string               $version The version of what it would show now; '' when nobody knows.
 */
function is_current( array $kept, string $version ): bool {
	return '' !== $version && $kept['version'] === $version && stands( $kept );
}

/**
 * Whether a genuine fragment may be shown without asking, as far as time goes.
 *
 * @param array<string, mixed> $kept What genuine() gave.
 */
function stands( array $kept ): bool {
	$now = time();
	return $now - $kept['at'] < CURRENT_SECONDS && $now < $kept['until'];
}

/**
 * The fragment of a good answer, cleaned, and kept. Cleaning takes longer than all else on the page, so what has not
 * changed is not cleaned again; and it is written again only when that lets the next page ask nobody.
 *
 * @param string                    $name     What name_of() gave.
 * @param array<string, mixed>|null $kept     What genuine() gave before the bridge was asked.
 * @param array<string, mixed>      $response The bridge's answer: a fragment, or that the kept one is still right.
 * @param int                       $asked_at When it was asked, in Unix seconds.
 * @return string HTML.
 */
function keep( string $name, ?array $kept, array $response, int $asked_at ): string {
	$new = new_entry( $kept, $response, $asked_at );
	if ( null === $kept || ! is_as_good( $kept, $new ) ) {
		$new['of'] = signature( $name, $new );
		write( $name, $kept, $new );
	}
	return $new['html'];
}

/**
 * Writes an entry. The end of a transient is an option of its own, so with each write there would be two commits: it is
 * set far enough ahead, and moved only when half of the time until then has gone by. An object cache keeps both in one.
 *
 * @param string                    $name      What name_of() gave.
 * @param array<string, mixed>|null $kept      What genuine() gave before.
 * @param array<string, mixed>      $new_entry What new_entry() gave, signed.
 */
function write( string $name, ?array $kept, array $new_entry ): void {
	$age                = time() - ( $kept['begun'] ?? 0 );
	$ends_late          = $age >= 0 && $age < SECONDS;
	$new_entry['begun'] = $ends_late ? $kept['begun'] : time();
	if ( $ends_late && ! wp_using_ext_object_cache() ) {
		update_option( '_transient_' . $name, $new_entry, false );
	} else {
		set_transient( $name, $new_entry, 2 * SECONDS );
	}
}

/**
 * What is to be kept of an answer.
 *
 * @param array<string, mixed>|null $kept     What genuine() gave.
 * @param array<string, mixed>      $response The bridge's answer.
 * @param int                       $asked_at When it was asked.
 * @return array{html: string, body: string, etag: string, version: string, until: int, at: int}
 */
function new_entry( ?array $kept, array $response, int $asked_at ): array {
	$is_kept = null !== $kept && 304 === (int) wp_remote_retrieve_response_code( $response );
	$html    = wp_remote_retrieve_body( $response );
	$body    = $is_kept ? $kept['body'] : hash( 'sha256', $html );
	$seconds = header_of( $response, 'x-aipkit-seconds', '/^\d{1,2}$/D' );
	return array(
		'html'    => cleaned( $html, $body, $kept ),
		'body'    => $body,
		'etag'    => header_of( $response, 'etag', ETAG_PATTERN ),
		'version' => header_of( $response, 'x-aipkit-version', VERSION_PATTERN ),
		'until'   => $asked_at + min( CURRENT_SECONDS, (int) $seconds ),
		'at'      => $asked_at,
	);
}

/**
 * The fragment of an answer, cleaned, where that is not known from what is kept.
 *
 * @param string                    $html What the bridge answered; '' when the kept fragment is still right.
 * @param string                    $body Its digest, or the kept one's.
 * @param array<string, mixed>|null $kept What genuine() gave.
 */
function cleaned( string $html, string $body, ?array $kept ): string {
	if ( null === $kept ) {
		return Fragment_Html\clean( $html );
	}
	if ( $body === $kept['body'] ) {
		return $kept['html'];
	}
	$is_untouched = hash( 'sha256', $kept['html'] ) === $kept['body'];
	return $is_untouched ? Fragment_Html\clean_beside( $html, $kept['html'] ) : Fragment_Html\clean( $html );
}

/**
 * Whether what is kept spares the next page as much as the new entry would.
 *
 * @param array<string, mixed> $kept      What genuine() gave.
 * @param array<string, mixed> $new_entry What new_entry() gave.
 */
function is_as_good( array $kept, array $new_entry ): bool {
	foreach ( array( 'body', 'etag', 'version' ) as $part ) {
		if ( $kept[ $part ] !== $new_entry[ $part ] ) {
			return false;
		}
	}
	return '' === $new_entry['version'] ? time() - $kept['at'] < CURRENT_SECONDS : stands( $kept );
}

/**
 * A header of an answer, or '' if it is not as it should be.
 *
 * @param array<string, mixed> $response What the client returned.
 * @param string               $name     The header.
 * @param string               $pattern  What it must look like.
 */
function header_of( array $response, string $name, string $pattern ): string {
	$value = wp_remote_retrieve_header( $response, $name );
	return is_string( $value ) && 1 === preg_match( $pattern, $value ) ? $value : '';
}

/**
 * Deletes the fragments kept for a user. Where an object cache keeps them, they cannot be listed, and end by themselves.
 *
 * @param int $user_id The user.
 * @return int How many there were.
 */
function forget_user( int $user_id ): int {
	global $wpdb;
	$prefix = '_transient_' . PREFIX . $user_id . '_';
	// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- transients have no call that lists them by prefix.
	$options = $wpdb->get_col(
		$wpdb->prepare( "SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE %s", $wpdb->esc_like( $prefix ) . '%' )
	);
	foreach ( $options as $option ) {
		delete_transient( substr( $option, strlen( '_transient_' ) ) );
	}
	return count( $options );
}
