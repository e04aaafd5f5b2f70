<?php
/**
 * Freezes at checkout what each unit of an order grants: the product's amount may change before the order is completed.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Order_Item;

use AIPKit_Bridge\Token_Package;

defined( 'ABSPATH' ) || exit;

require_once __DIR__ . '/token-package.php';

/**
 * Adds the hooks of this topic.
 */
function bootstrap(): void {
	add_action( 'woocommerce_checkout_create_order_line_item', __NAMESPACE__ . '\\freeze_amount' );
	add_filter( 'woocommerce_hidden_order_itemmeta', __NAMESPACE__ . '\\hide_amount' );
}

/**
 * Writes the amount into a new order item. Without a good one nothing is written, and the bridge asks the shop's owner.
 *
 * @param \WC_Order_Item_Product $item The order item, not yet saved.
 */
function freeze_amount( $item ): void {
	$amount = Token_Package\amount_of( (int) $item->get_product_id(), (int) $item->get_variation_id() );
	if ( '' !== $amount ) {
		$item->add_meta_data( Token_Package\AMOUNT_KEY, $amount, true );
	}
}

/**
 * Leaves it out of the order screen.
 *
 * @param string[] $keys Keys of metas that are not shown.
 * @return string[]
 */
function hide_amount( array $keys ): array {
	$keys[] = Token_Package\AMOUNT_KEY;
	return $keys;
}
