<?php
/**
 * Plugin Name:       AIP Bridge
 * Description:       Sells AI credits as WooCommerce products and shows each visitor theirs with [aipkit_token_usage]. The credits are kept by the aipkit-bridge service; this plugin only asks it.
 * Version:           0.1.0
 * Requires at least: 6.0
 * Requires PHP:      7.4
 * WC requires at least: 5.8
 * WC tested up to:   10.9
 * Author:            aipkit-bridge contributors
 * Text Domain:       aipkit-bridge
 * Domain Path:       /languages
 * License:           MIT
 * License URI:       https://opensource.org/licenses/MIT
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge;

defined( 'ABSPATH' ) || exit;

const VERSION     = '0.1.0';
const PLUGIN_FILE = __FILE__;

/*
 * What every request needs. The rest is loaded by those who use it: the code of the fragment where one is shown, the
 * code of the shop where WooCommerce is, inc/admin in the admin.
 */
require_once __DIR__ . '/inc/settings.php';
require_once __DIR__ . '/inc/settings-version.php';
require_once __DIR__ . '/inc/shortcode.php';
require_once __DIR__ . '/inc/block.php';
require_once __DIR__ . '/inc/peer.php';
require_once __DIR__ . '/inc/credit-metas.php';
require_once __DIR__ . '/inc/privacy.php';

/**
 * Adds every hook of the plugin; each topic knows its own.
 */
function bootstrap(): void {
	add_action( 'init', __NAMESPACE__ . '\\load_translations' );
	Settings\bootstrap();
	Settings_Version\bootstrap();
	Shortcode\bootstrap();
	Block\bootstrap();
	Peer\bootstrap();
	Credit_Metas\bootstrap();
	Privacy\bootstrap();
	if ( is_admin() || wp_doing_cron() ) {
		require_once __DIR__ . '/inc/mails.php';
		Mails\bootstrap();
	}
	if ( is_admin() ) {
		require_once __DIR__ . '/inc/admin/bootstrap.php';
		Admin\bootstrap();
	}
	add_action( 'rest_api_init', __NAMESPACE__ . '\\register_routes' );
	if ( did_action( 'plugins_loaded' ) ) {
		load_shop(); // The plugin is being activated.
	} else {
		add_action( 'plugins_loaded', __NAMESPACE__ . '\\load_shop' );
	}
}

/**
 * Adds the hooks that go with WooCommerce, if it is there: only now it is, whatever its folder is called.
 */
function load_shop(): void {
	if ( class_exists( 'WooCommerce', false ) ) {
		require_once __DIR__ . '/inc/woocommerce.php';
		WooCommerce\bootstrap();
	}
}

/**
 * Adds what answers over WordPress's REST API. Whoever has a pairing code may use it: that is what it is for.
 */
function register_routes(): void {
	$route = array(
		'methods'             => 'POST',
		'callback'            => __NAMESPACE__ . '\\answer_pairing',
		'permission_callback' => '__return_true',
	);
	register_rest_route( 'aipkit-bridge/v1', '/pair', $route );
}

/**
 * Answers a bridge that has a pairing code.
 *
 * @param \WP_REST_Request $request The request.
 * @return \WP_REST_Response|\WP_Error
 */
function answer_pairing( \WP_REST_Request $request ) {
	require_once __DIR__ . '/inc/pairing.php';
	return Pairing\answer( $request );
}

/**
 * Loads the plugin's own translations.
 */
function load_translations(): void {
	load_plugin_textdomain( 'aipkit-bridge', false, dirname( plugin_basename( PLUGIN_FILE ) ) . '/languages' );
}

bootstrap();
