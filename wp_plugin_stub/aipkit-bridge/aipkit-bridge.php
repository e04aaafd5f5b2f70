<?php
/**
 * Plugin Name:       AIP Bridge
 * Description:       Sells AI credits as WooCommerce products and shows each visitor theirs with [aipkit_token_usage]. The credits are kept by the aipkit-bridge service; this plugin only asks it.
 * Version:           0.1.0
 * Requires at least: 6.0
 * Requires PHP:      7.4
 * Text Domain:       aipkit-bridge
 * Domain Path:       /languages
 * License:           MIT
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge;

defined( 'ABSPATH' ) || exit;

const VERSION     = '0.1.0';
const PLUGIN_FILE = __FILE__;

require __DIR__ . '/inc/network.php';
require __DIR__ . '/inc/settings.php';
require __DIR__ . '/inc/client.php';
require __DIR__ . '/inc/fail-soft.php';
require __DIR__ . '/inc/fragment-html.php';
require __DIR__ . '/inc/fragment-query.php';
require __DIR__ . '/inc/shortcode.php';
require __DIR__ . '/inc/block.php';
require __DIR__ . '/inc/peer.php';
require __DIR__ . '/inc/credit-metas.php';
require __DIR__ . '/inc/credit-rows.php';
require __DIR__ . '/inc/privacy.php';
require __DIR__ . '/inc/privacy-items.php';
require __DIR__ . '/inc/settings-page.php';
require __DIR__ . '/inc/connection-test.php';
require __DIR__ . '/inc/shortcode-builder.php';
require __DIR__ . '/inc/sign-in.php';
require __DIR__ . '/inc/admin-menu.php';
require __DIR__ . '/inc/status-figures.php';
require __DIR__ . '/inc/dashboard-widget.php';
require __DIR__ . '/inc/token-package.php';
require __DIR__ . '/inc/product-notices.php';
require __DIR__ . '/inc/product-box.php';
require __DIR__ . '/inc/variation-field.php';
require __DIR__ . '/inc/product-column.php';
require __DIR__ . '/inc/order-item.php';
require __DIR__ . '/inc/order-hints.php';
require __DIR__ . '/inc/account-tab.php';
require __DIR__ . '/inc/woocommerce.php';

/**
 * Adds every hook of the plugin; each topic knows its own.
 */
function bootstrap(): void {
	add_action( 'init', __NAMESPACE__ . '\\load_translations' );
	Settings\bootstrap();
	Shortcode\bootstrap();
	Block\bootstrap();
	Peer\bootstrap();
	WooCommerce\bootstrap();
	Credit_Metas\bootstrap();
	Privacy\bootstrap();
	if ( is_admin() ) {
		Settings_Page\bootstrap();
		Connection_Test\bootstrap();
		Sign_In\bootstrap();
		Admin_Menu\bootstrap();
		Dashboard_Widget\bootstrap();
	}
}

/**
 * Loads the plugin's own translations.
 */
function load_translations(): void {
	load_plugin_textdomain( 'aipkit-bridge', false, dirname( plugin_basename( PLUGIN_FILE ) ) . '/languages' );
}

bootstrap();
