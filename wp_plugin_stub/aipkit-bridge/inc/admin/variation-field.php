<?php
/**
 * "Tokens Granted" among the fields of each variation. Empty means: as the product.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Variation_Field;

use AIPKit_Bridge\Product_Notices;
use AIPKit_Bridge\Token_Package;

defined( 'ABSPATH' ) || exit;

require_once dirname( __DIR__ ) . '/token-package.php';

// Not the product's own name: both are in one form.
const AMOUNT_FIELD = 'aipkit_variation_tokens_amount';
const NONCE_FIELD  = 'aipkit_variation_tokens_nonce';

/**
 * Adds the hooks of this topic.
 */
function bootstrap(): void {
	add_action( 'woocommerce_product_after_variable_attributes', __NAMESPACE__ . '\\render', 10, 3 );
	add_action( 'woocommerce_save_product_variation', __NAMESPACE__ . '\\save', 10, 2 );
}

/**
 * The field. Its nonce goes with it, since WooCommerce sends only the variations that were changed.
 *
 * @param int      $loop      Which variation of the form.
 * @param array    $data      WooCommerce's own data of it.
 * @param \WP_Post $variation The variation.
 */
function render( $loop, $data, \WP_Post $variation ): void {
	$parents = Token_Package\clean_amount( Token_Package\stored_amount( $variation->post_parent ) );
	printf(
		'<p class="form-row form-row-full">
			<label for="%1$s_%2$d">%3$s</label>
			<input type="text" inputmode="numeric" class="short" id="%1$s_%2$d" name="%1$s[%2$d]" value="%4$s" placeholder="%5$s" autocomplete="off" aria-describedby="%1$s_%2$d_help">
			<span class="description" id="%1$s_%2$d_help">%6$s</span>
			<input type="hidden" name="%7$s[%2$d]" value="%8$s">
		</p>',
		esc_attr( AMOUNT_FIELD ),
		(int) $loop,
		esc_html__( 'Tokens Granted', 'aipkit-bridge' ),
		esc_attr( Token_Package\stored_amount( $variation->ID ) ),
		esc_attr( $parents ),
		esc_html__( 'If the product is a token package. Empty: the number of the product.', 'aipkit-bridge' ),
		esc_attr( NONCE_FIELD ),
		esc_attr( wp_create_nonce( AMOUNT_FIELD . $variation->ID ) )
	);
}

/**
 * Stores the field of one variation. A wrong amount changes nothing.
 *
 * @param int $variation_id The variation being saved.
 * @param int $loop         Which variation of the form; some plugins leave it out.
 */
function save( $variation_id, $loop = 0 ): void {
	$nonce = isset( $_POST[ NONCE_FIELD ][ $loop ] ) ? sanitize_key( $_POST[ NONCE_FIELD ][ $loop ] ) : '';
	if ( ! wp_verify_nonce( $nonce, AMOUNT_FIELD . $variation_id ) || ! current_user_can( 'edit_post', wp_get_post_parent_id( $variation_id ) ) ) {
		return;
	}
	$typed = isset( $_POST[ AMOUNT_FIELD ][ $loop ] ) ? sanitize_text_field( wp_unslash( $_POST[ AMOUNT_FIELD ][ $loop ] ) ) : '';
	if ( '' === $typed ) {
		delete_post_meta( $variation_id, Token_Package\AMOUNT_KEY );
		return;
	}
	$amount = Token_Package\clean_amount( $typed );
	if ( '' === $amount ) {
		/* translators: %d: number of the variation. */
		$kept = sprintf( __( 'The tokens of variation #%d were not changed.', 'aipkit-bridge' ), $variation_id );
		Product_Notices\add( $kept . ' ' . Token_Package\complaint( $typed ) );
		return;
	}
	update_post_meta( $variation_id, Token_Package\AMOUNT_KEY, $amount );
}
