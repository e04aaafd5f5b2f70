<?php
/**
 * Lets PHP's own web server serve WordPress: files as they are, code that tests post, everything else through index.php.
 */

if ( in_array( $_SERVER['REQUEST_URI'], array( '/-/eval', '/-/admin-eval' ), true ) ) {
	require __DIR__ . '/eval.php';
	return true;
}

$path = (string) parse_url( $_SERVER['REQUEST_URI'], PHP_URL_PATH );
$file = $_SERVER['DOCUMENT_ROOT'] . rawurldecode( $path );

if ( '/' !== $path && ( is_file( $file ) || is_file( rtrim( $file, '/' ) . '/index.php' ) ) ) {
	return false;
}

$_SERVER['SCRIPT_NAME']     = '/index.php';
$_SERVER['PHP_SELF']        = '/index.php';
$_SERVER['SCRIPT_FILENAME'] = $_SERVER['DOCUMENT_ROOT'] . '/index.php';
chdir( $_SERVER['DOCUMENT_ROOT'] );
require $_SERVER['SCRIPT_FILENAME'];
