<?php
/**
 * The body of a request that is passed on. PHP has a form with a file in parts, the file on disk; it is put together again
 * as it is sent, so that no file is ever in memory.
 *
 * A body is a list of pieces, each `text` or the path of a `file`.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Passage\Body;

use WP_Error;

defined( 'ABSPATH' ) || exit;

const FORM       = 'application/x-www-form-urlencoded';
const MULTIPART  = 'multipart/form-data';
const FILE_FIELD = 'file';
const PART_BYTES = 65536;

/**
 * The body of this request and its type.
 *
 * @return array{type: string, pieces: array<int, array{text?: string, file?: string}>}|WP_Error
 */
function read() {
	$type = sanitize_text_field( wp_unslash( $_SERVER['CONTENT_TYPE'] ?? '' ) );
	$type = strtolower( trim( explode( ';', $type )[0] ) );
	if ( FORM === $type ) {
		return array(
			'type'   => FORM,
			'pieces' => array( array( 'text' => (string) file_get_contents( 'php://input' ) ) ),
		);
	}
	if ( MULTIPART !== $type ) {
		return new WP_Error( 'type', __( 'This is no form of a screen.', 'aipkit-bridge' ), array( 'status' => 415 ) );
	}
	return is_too_large() ? too_large() : multipart();
}

/**
 * Whether PHP has left out what was sent, or the file of it, since it takes no more.
 */
function is_too_large(): bool {
	// phpcs:disable WordPress.Security.NonceVerification, WordPress.Security.ValidatedSanitizedInput -- only whether there is any.
	$error = $_FILES[ FILE_FIELD ]['error'] ?? UPLOAD_ERR_OK;
	return ( array() === $_POST && array() === $_FILES ) || UPLOAD_ERR_INI_SIZE === $error;
	// phpcs:enable
}

/**
 * What to say of it.
 */
function too_large(): WP_Error {
	/* translators: %s: a size, e.g. "8 MB". */
	$text = __( 'The file is larger than this web server takes, which is %s. Raise upload_max_filesize and post_max_size of PHP, or divide the file.', 'aipkit-bridge' );
	return new WP_Error( 'size', sprintf( $text, size_format( wp_max_upload_size() ) ), array( 'status' => 413 ) );
}

/**
 * A form with a file, put together again.
 *
 * @return array{type: string, pieces: array<int, array{text?: string, file?: string}>}
 */
function multipart(): array {
	$boundary = 'aipkit-' . bin2hex( random_bytes( 16 ) );
	$pieces   = array();
	// phpcs:disable WordPress.Security.NonceVerification, WordPress.Security.ValidatedSanitizedInput -- the caller has checked the nonce; passed on as it came.
	foreach ( array_filter( wp_unslash( $_POST ), 'is_string' ) as $name => $value ) {
		$pieces[] = array( 'text' => part_head( $boundary, (string) $name ) . "\r\n\r\n$value\r\n" );
	}
	$file = $_FILES[ FILE_FIELD ] ?? array();
	// phpcs:enable
	if ( is_string( $file['tmp_name'] ?? null ) && is_uploaded_file( $file['tmp_name'] ) ) {
		$head     = part_head( $boundary, FILE_FIELD ) . '; filename="' . in_quotes( (string) $file['name'] ) . '"';
		$pieces[] = array( 'text' => "$head\r\nContent-Type: text/csv\r\n\r\n" );
		$pieces[] = array( 'file' => $file['tmp_name'] );
		$pieces[] = array( 'text' => "\r\n" );
	}
	$pieces[] = array( 'text' => "--$boundary--\r\n" );
	return array(
		'type'   => MULTIPART . "; boundary=$boundary",
		'pieces' => $pieces,
	);
}

/**
 * How a part begins.
 *
 * @param string $boundary Between the parts.
 * @param string $name     The field's name.
 */
function part_head( string $boundary, string $name ): string {
	return "--$boundary\r\nContent-Disposition: form-data; name=\"" . in_quotes( $name ) . '"';
}

/**
 * A name as browsers write it between quotes.
 *
 * @param string $name A field's or file's name.
 */
function in_quotes( string $name ): string {
	return str_replace( array( '"', "\r", "\n" ), array( '%22', '%0D', '%0A' ), $name );
}

/**
 * How many bytes a body has.
 *
 * @param array<int, array{text?: string, file?: string}> $pieces The body.
 */
function length( array $pieces ): int {
	$sizes = array();
	foreach ( $pieces as $piece ) {
		$sizes[] = isset( $piece['file'] ) ? (int) filesize( $piece['file'] ) : strlen( $piece['text'] );
	}
	return array_sum( $sizes );
}

/**
 * The SHA-256 of a body.
 *
 * @param array<int, array{text?: string, file?: string}> $pieces The body.
 */
function digest( array $pieces ): string {
	$sum = hash_init( 'sha256' );
	foreach ( $pieces as $piece ) {
		if ( isset( $piece['file'] ) ) {
			hash_update_file( $sum, $piece['file'] );
		} else {
			hash_update( $sum, $piece['text'] );
		}
	}
	return hash_final( $sum );
}

/**
 * What reads a body on for cURL, some bytes at a time.
 *
 * @param array<int, array{text?: string, file?: string}> $pieces The body.
 */
function reader( array $pieces ): callable {
	$parts = parts( $pieces );
	$rest  = '';
	return static function ( $handle, $stream, int $most ) use ( $parts, &$rest ): string {
		if ( '' === $rest && $parts->valid() ) {
			$rest = $parts->current();
			$parts->next();
		}
		$given = substr( $rest, 0, $most );
		$rest  = substr( $rest, strlen( $given ) );
		return $given;
	};
}

/**
 * A body's bytes, never many at once, and never none.
 *
 * @param array<int, array{text?: string, file?: string}> $pieces The body.
 * @return \Generator<int, string>
 */
function parts( array $pieces ): \Generator {
	foreach ( $pieces as $piece ) {
		if ( isset( $piece['file'] ) ) {
			yield from parts_of_file( $piece['file'] );
		} elseif ( '' !== $piece['text'] ) {
			yield $piece['text'];
		}
	}
}

/**
 * A file's bytes, never many at once.
 *
 * @param string $path The file.
 * @return \Generator<int, string>
 */
function parts_of_file( string $path ): \Generator {
	// phpcs:disable WordPress.WP.AlternativeFunctions -- WP_Filesystem reads files whole.
	$file = fopen( $path, 'rb' );
	while ( false !== $file && ! feof( $file ) ) {
		$part = (string) fread( $file, PART_BYTES );
		if ( '' !== $part ) {
			yield $part;
		}
	}
	// phpcs:enable
}
