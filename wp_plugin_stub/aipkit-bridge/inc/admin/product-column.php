<?php
/**
 * The column "Tokens" in the list of products.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Product_Column;

use AIPKit_Bridge\Token_Package;
use AIPKit_Bridge\WooCommerce;

defined( 'ABSPATH' ) || exit;

require_once dirname( __DIR__ ) . '/token-package.php';

const COLUMN = 'aipkit_tokens';

/**
 * Adds the hooks of this topic.
 */
function bootstrap(): void {
	add_filter( 'manage_edit-product_columns', __NAMESPACE__ . '\\add', 20 );
	add_action( 'manage_product_posts_custom_column', __NAMESPACE__ . '\\render', 10, 2 );
}

/**
 * Puts the column between price and categories.
 *
 * @param array<string, string> $columns Labels by name.
 * @return array<string, string>
 */
function add( array $columns ): array {
	return WooCommerce\insert_before( $columns, 'product_cat', COLUMN, __( 'Tokens', 'aipkit-bridge' ) );
}

/**
 * One product's cell.
 *
 * @param string $column     Name of the column.
 * @param int    $product_id The product.
 */
function render( $column, $product_id ): void {
	if ( COLUMN === $column ) {
		echo Token_Package\is_ticked( $product_id ) ? esc_html( amounts_sold( $product_id ) ) : '<span class="na" aria-hidden="true">&ndash;</span>';
	}
}

/**
 * What one unit of a token package grants; of variations, the least and the most.
 *
 * @param int $product_id The product.
 */
function amounts_sold( int $product_id ): string {
	$variations = get_posts(
		array(
			'post_type'   => 'product_variation',
			'post_parent' => $product_id,
			'post_status' => array( 'publish', 'private' ),
			'numberposts' => -1,
		)
	);
	$amounts    = array();
	foreach ( $variations ? wp_list_pluck( $variations, 'ID' ) : array( 0 ) as $variation_id ) {
		$amounts[] = (float) Token_Package\amount_of( $product_id, $variation_id );
	}
	$least = min( $amounts );
	$most  = max( $amounts );
	if ( 0.0 === $least ) {
		return __( 'Number missing', 'aipkit-bridge' );
	}
	$text = number_format_i18n( $least );
	/* translators: 1: least, 2: most number of tokens. */
	return $least === $most ? $text : sprintf( _x( '%1$s – %2$s', 'range of tokens', 'aipkit-bridge' ), $text, number_format_i18n( $most ) );
}
