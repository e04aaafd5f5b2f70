<?php
/**
 * Everything that goes with WooCommerce. Loaded where it is active.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\WooCommerce;

use AIPKit_Bridge\Account_Tab;
use AIPKit_Bridge\Order_Hints;
use AIPKit_Bridge\Order_Item;
use AIPKit_Bridge\Products;

defined( 'ABSPATH' ) || exit;

require_once __DIR__ . '/order-item.php';
require_once __DIR__ . '/order-hints.php';
require_once __DIR__ . '/account-tab.php';

/**
 * Adds the hooks of each topic.
 */
function bootstrap(): void {
	add_action( 'before_woocommerce_init', __NAMESPACE__ . '\\declare_compatibility' );
	Order_Item\bootstrap();
	Order_Hints\bootstrap();
	Account_Tab\bootstrap();
	if ( is_admin() ) {
		require_once __DIR__ . '/admin/products.php';
		Products\bootstrap();
	}
}

/**
 * Tells WooCommerce that orders may be stored in its own tables and made by its checkout block: we only use its hooks.
 */
function declare_compatibility(): void {
	$utility = 'Automattic\\WooCommerce\\Utilities\\FeaturesUtil';
	if ( class_exists( $utility ) ) {
		$utility::declare_compatibility( 'custom_order_tables', \AIPKit_Bridge\PLUGIN_FILE, true );
		$utility::declare_compatibility( 'cart_checkout_blocks', \AIPKit_Bridge\PLUGIN_FILE, true );
	}
}

/**
 * A list with one entry more, before another one, or at the end where that is missing.
 *
 * @param array<string, string> $entries   Labels by name.
 * @param string                $neighbour Name of the entry that comes after.
 * @param string                $name      Name of the new entry.
 * @param string                $label     Its label.
 * @return array<string, string>
 */
function insert_before( array $entries, string $neighbour, string $name, string $label ): array {
	$place = array_search( $neighbour, array_keys( $entries ), true );
	$place = false === $place ? count( $entries ) : $place;
	return array_slice( $entries, 0, $place, true ) + array( $name => $label ) + array_slice( $entries, $place, null, true );
}
