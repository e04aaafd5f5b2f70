<?php
/**
 * Configuration of a test site; the first line of values comes from settings.json beside it.
 */

$settings = json_decode( file_get_contents( __DIR__ . '/settings.json' ), true );

define( 'DB_HOST', $settings['db_host'] );
define( 'DB_NAME', $settings['db_name'] );
define( 'DB_USER', $settings['db_user'] );
define( 'DB_PASSWORD', $settings['db_password'] );
define( 'DB_CHARSET', 'utf8mb4' );
define( 'DB_COLLATE', '' );
foreach ( $settings['constants'] as $name => $value ) {
	define( $name, $value );
}
foreach ( array( 'AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE' ) as $name ) {
	define( $name . '_KEY', 'test key of ' . $name );
	define( $name . '_SALT', 'test salt of ' . $name );
}

define( 'DISABLE_WP_CRON', true );
define( 'WP_HTTP_BLOCK_EXTERNAL', true );
define( 'WP_ACCESSIBLE_HOSTS', '127.0.0.1' );
define( 'AUTOMATIC_UPDATER_DISABLED', true );
define( 'WP_DEBUG', true );
define( 'WP_DEBUG_DISPLAY', false );
define( 'WP_DEBUG_LOG', __DIR__ . '/debug.log' );

$table_prefix = 'wp_';

if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', __DIR__ . '/' );
}
require_once ABSPATH . 'wp-settings.php';
