<?php
/**
 * Installs WordPress into an empty database: install.php {folder of the site} {host:port} {password}.
 */

$_SERVER['HTTP_HOST']       = $argv[2];
$_SERVER['SERVER_NAME']     = $argv[2];
$_SERVER['REQUEST_URI']     = '/';
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';

define( 'WP_INSTALLING', true );

/** Nobody is written to: there is no mail here. */
function wp_new_blog_notification() {}

require $argv[1] . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';

wp_install( 'Test shop', 'admin', 'admin@example.test', true, '', $argv[3] );
update_option( 'permalink_structure', '/%postname%/' );
