<?php
/**
 * Runs the PHP code from standard input inside WordPress: eval.php {folder of the site} {host:port}.
 */

$_SERVER['HTTP_HOST']       = $argv[2];
$_SERVER['SERVER_NAME']     = $argv[2];
$_SERVER['REQUEST_URI']     = '/';
$_SERVER['REQUEST_METHOD']  = 'GET';
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';

$code = stream_get_contents( STDIN );

try {
	require $argv[1] . '/wp-load.php';
	eval( $code );
} catch ( Throwable $error ) {
	fwrite( STDERR, $error . "\n" );
	exit( 1 );
}
