<?php
/**
 * Runs the PHP code that was posted inside WordPress, as a guest's request of the home page, or of the
 * admin as by admin-ajax.php. Included by router.php.
 *
 * The status is whatever the code makes it; a header says that it failed.
 */

if ( '/-/admin-eval' === $_SERVER['REQUEST_URI'] ) {
	define( 'WP_ADMIN', true );
}
$_SERVER['REQUEST_URI']    = '/';
$_SERVER['REQUEST_METHOD'] = 'GET';

$code = file_get_contents( 'php://input' );

function eval_failed( $why ) {
	header( 'Eval-Failed: ' . str_replace( array( "\r", "\n" ), ' ', $why ) );
}

register_shutdown_function(
	function () {
		$last = error_get_last();
		if ( null !== $last && in_array( $last['type'], array( E_ERROR, E_CORE_ERROR, E_COMPILE_ERROR ), true ) ) {
			eval_failed( $last['message'] );
		}
	}
);

ob_start(); // Headers can still be sent when the code has printed something.
try {
	require $_SERVER['DOCUMENT_ROOT'] . '/wp-load.php';
	eval( $code );
} catch ( Throwable $error ) {
	eval_failed( (string) $error );
}
