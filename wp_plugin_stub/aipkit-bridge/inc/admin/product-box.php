<?php
/**
 * The box "AI Power: Token Package" on the product screen. Where the peer plugin shows its own, ours stays away.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Product_Box;

use AIPKit_Bridge\Product_Notices;
use AIPKit_Bridge\Token_Package;

defined( 'ABSPATH' ) || exit;

require_once dirname( __DIR__ ) . '/token-package.php';

const BOX         = 'aipkit_bridge_token_package';
const PEERS_BOX   = 'aipkit_token_package_meta_box';
const NONCE_FIELD = 'aipkit_bridge_token_package_nonce';
const STYLE       = 'aipkit-bridge-product';

/**
 * Adds the hooks of this topic, after the peer's.
 */
function bootstrap(): void {
	add_action( 'add_meta_boxes_product', __NAMESPACE__ . '\\add', PHP_INT_MAX );
	add_action( 'woocommerce_process_product_meta', __NAMESPACE__ . '\\save', 20 );
}

/**
 * Puts the box beside the product's data.
 */
function add(): void {
	if ( peer_shows_its_own() ) {
		return;
	}
	wp_enqueue_style( STYLE, plugins_url( 'assets/product.css', \AIPKit_Bridge\PLUGIN_FILE ), array(), \AIPKit_Bridge\VERSION );
	add_meta_box( BOX, __( 'AI Power: Token Package', 'aipkit-bridge' ), __NAMESPACE__ . '\\render', 'product', 'side' );
}

/**
 * Whether the peer's box is on the screen.
 */
function peer_shows_its_own(): bool {
	foreach ( $GLOBALS['wp_meta_boxes']['product'] ?? array() as $boxes_of_priorities ) {
		foreach ( $boxes_of_priorities as $boxes ) {
			if ( ! empty( $boxes[ PEERS_BOX ] ) ) {
				return true;
			}
		}
	}
	return false;
}

/**
 * The box. Style alone hides the amount while the box is not ticked, so that it needs no script. The amount is no number
 * field: the browser would refuse a wrong one that is hidden without saying why.
 *
 * @param \WP_Post $product The product.
 */
function render( \WP_Post $product ): void {
	wp_nonce_field( BOX . $product->ID, NONCE_FIELD, false );
	printf(
		'<div class="aipkit-bridge-package">
			<input type="checkbox" id="aipkit_is_token_package" name="%1$s" value="yes"%2$s>
			<label for="aipkit_is_token_package">%3$s</label>
			<div class="aipkit-bridge-package-amount">
				<label for="aipkit_tokens_amount">%4$s</label>
				<input type="text" inputmode="numeric" id="aipkit_tokens_amount" name="%5$s" value="%6$s" placeholder="10000" autocomplete="off" aria-describedby="aipkit_tokens_amount_help">
				<p class="description" id="aipkit_tokens_amount_help">%7$s</p>
			</div>
		</div>',
		esc_attr( Token_Package\IS_PACKAGE_KEY ),
		checked( Token_Package\is_ticked( $product->ID ), true, false ),
		esc_html__( 'This is a token package product', 'aipkit-bridge' ),
		esc_html__( 'Tokens Granted', 'aipkit-bridge' ),
		esc_attr( Token_Package\AMOUNT_KEY ),
		esc_attr( Token_Package\stored_amount( $product->ID ) ),
		esc_html__( 'For each unit sold, when the order is completed. A variation can have its own number.', 'aipkit-bridge' )
	);
}

/**
 * Stores what the box holds. A wrong amount changes nothing, neither does a form without our box.
 *
 * @param int $product_id The product being saved.
 */
function save( int $product_id ): void {
	$nonce = isset( $_POST[ NONCE_FIELD ] ) ? sanitize_key( $_POST[ NONCE_FIELD ] ) : '';
	if ( ! wp_verify_nonce( $nonce, BOX . $product_id ) || ! current_user_can( 'edit_post', $product_id ) ) {
		return;
	}
	if ( ! isset( $_POST[ Token_Package\IS_PACKAGE_KEY ] ) ) {
		delete_post_meta( $product_id, Token_Package\IS_PACKAGE_KEY );
		delete_post_meta( $product_id, Token_Package\AMOUNT_KEY );
		return;
	}
	$typed  = isset( $_POST[ Token_Package\AMOUNT_KEY ] ) ? sanitize_text_field( wp_unslash( $_POST[ Token_Package\AMOUNT_KEY ] ) ) : '';
	$amount = Token_Package\clean_amount( $typed );
	if ( '' === $amount ) {
		Product_Notices\add( __( 'The token package was not changed.', 'aipkit-bridge' ) . ' ' . Token_Package\complaint( $typed ) );
		return;
	}
	update_post_meta( $product_id, Token_Package\IS_PACKAGE_KEY, 'yes' );
	update_post_meta( $product_id, Token_Package\AMOUNT_KEY, $amount );
}
