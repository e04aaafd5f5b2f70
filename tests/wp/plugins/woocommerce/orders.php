<?php
/**
 * Orders: their items at checkout, and what happens to them later. What happens to one: /?stand_in_event={name}&orders={ids}.
 */

add_action( 'wp_loaded', 'stand_in_happen' );

final class WC_Order {
	private $id;

	public function __construct( $id ) {
		$this->id = $id;
	}

	public function get_id() {
		return $this->id;
	}
}

final class WC_Order_Item_Product {
	public $metas = array();
	private $product_id;
	private $variation_id;

	public function __construct( $product_id, $variation_id ) {
		$this->product_id   = $product_id;
		$this->variation_id = $variation_id;
	}

	public function get_product_id() {
		return $this->product_id;
	}

	public function get_variation_id() {
		return $this->variation_id;
	}

	public function add_meta_data( $key, $value, $unique = false ) {
		$this->metas = $unique ? array_filter( $this->metas, static fn( $meta ) => $meta[0] !== $key ) : $this->metas;
		$this->metas[] = array( $key, $value );
	}
}

/** The metas of the order item when this is bought. */
function stand_in_check_out( $product_id, $variation_id = 0 ) {
	$item = new WC_Order_Item_Product( $product_id, $variation_id );
	do_action( 'woocommerce_checkout_create_order_line_item', $item, 'cart item key', array( 'quantity' => 1 ), new WC_Order( 0 ) );
	return $item->metas;
}

function stand_in_happen() {
	$orders = wp_parse_id_list( $_GET['orders'] ?? '' );
	foreach ( $orders as $order_id ) {
		stand_in_event( $_GET['stand_in_event'], $order_id );
	}
}

/** The number of a refund is never an order's. */
function stand_in_event( $name, $order_id ) {
	$refund_id = 1000000 + $order_id;
	switch ( $name ) {
		case 'completed':
			$order = new WC_Order( $order_id );
			do_action( 'woocommerce_order_status_completed', $order_id, $order, array( 'from' => 'processing', 'to' => 'completed' ) );
			do_action( 'woocommerce_order_status_changed', $order_id, 'processing', 'completed', $order );
			break;
		case 'refunded':
			do_action( 'woocommerce_order_refunded', $order_id, $refund_id );
			break;
		case 'refund_deleted':
			do_action( 'woocommerce_refund_deleted', $refund_id, $order_id );
			break;
		case 'trashed':
			do_action( 'woocommerce_trash_order', $order_id );
			break;
		case 'deleted':
			do_action( 'woocommerce_delete_order', $order_id );
			break;
	}
}
