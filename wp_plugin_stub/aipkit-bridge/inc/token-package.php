<?php
/**
 * What makes a product a token package: two metas, the same that the peer plugin writes.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Token_Package;

defined( 'ABSPATH' ) || exit;

const IS_PACKAGE_KEY = '_aipkit_is_token_package';
const AMOUNT_KEY     = '_aipkit_tokens_amount';
const AMOUNT_MAX     = 1e15;

/**
 * Whether this product is ticked as a token package.
 *
 * @param int $product_id A product or a variation.
 */
function is_ticked( int $product_id ): bool {
	return 'yes' === get_post_meta( $product_id, IS_PACKAGE_KEY, true );
}

/**
 * The amount as it is stored, which may be nonsense; '' if there is none.
 *
 * @param int $product_id A product or a variation.
 */
function stored_amount( int $product_id ): string {
	$amount = get_post_meta( $product_id, AMOUNT_KEY, true );
	return is_scalar( $amount ) ? (string) $amount : '';
}

/**
 * A whole number from 1 to AMOUNT_MAX in its plain form, or '' if the text is none.
 *
 * @param string $text What was typed in or is stored.
 */
function clean_amount( string $text ): string {
	$is_whole = 1 === preg_match( '/\A\s*\+?0*([1-9][0-9]{0,15})\s*\z/', $text, $found );
	return $is_whole && (float) $found[1] <= AMOUNT_MAX ? $found[1] : '';
}

/**
 * What one unit grants, by the bridge's own rule, or '' if that is nothing or nonsense: the variation's amount wins over
 * its parent's, and so does its tick if it has one.
 *
 * @param int $product_id   The product; of a variation, its parent.
 * @param int $variation_id The variation; 0 if it is none.
 */
function amount_of( int $product_id, int $variation_id ): string {
	$has_own_tick = 0 !== $variation_id && in_array( get_post_meta( $variation_id, IS_PACKAGE_KEY, true ), array( 'yes', 'no' ), true );
	if ( ! is_ticked( $has_own_tick ? $variation_id : $product_id ) ) {
		return '';
	}
	$own = 0 !== $variation_id ? stored_amount( $variation_id ) : '';
	return clean_amount( '' !== $own ? $own : stored_amount( $product_id ) );
}

/**
 * What to tell who typed an amount that cannot be stored.
 *
 * @param string $typed What was typed in.
 */
function complaint( string $typed ): string {
	/* translators: %s: the largest number of tokens. */
	$text = sprintf( __( 'Tokens Granted must be a whole number from 1 to %s, written in digits only.', 'aipkit-bridge' ), number_format_i18n( AMOUNT_MAX ) );
	if ( '' !== $typed ) {
		/* translators: %s: what was typed in. */
		$text .= ' ' . sprintf( __( 'You entered “%s”.', 'aipkit-bridge' ), wp_html_excerpt( $typed, 40, '…' ) );
	}
	return $text;
}
