<?php
/**
 * Products, their screen with the variations, and their list.
 */

add_action( 'init', 'stand_in_register_products' );
add_action( 'add_meta_boxes', 'stand_in_add_product_data', 30 );
add_action( 'save_post', 'stand_in_save_product', 1, 2 );
add_action( 'wp_ajax_woocommerce_save_variations', 'stand_in_save_variations' );
add_filter( 'manage_product_posts_columns', 'stand_in_product_columns' );

/** What WooCommerce shows after variations were saved without a new page. */
final class WC_Admin_Meta_Boxes {
	public static $meta_box_errors = array();

	public static function add_error( $text ) {
		self::$meta_box_errors[] = $text;
	}
}

function stand_in_register_products() {
	$product = array(
		'label'           => 'Products',
		'public'          => true,
		'capability_type' => 'product',
		'map_meta_cap'    => true,
		'supports'        => array( 'title' ),
	);
	register_post_type( 'product', $product );
	register_post_type( 'product_variation', array( 'capability_type' => 'product' ) );
}

function stand_in_product_columns( $columns ) {
	return array(
		'cb'          => $columns['cb'],
		'name'        => 'Name',
		'price'       => 'Price',
		'product_cat' => 'Categories',
		'date'        => 'Date',
	);
}

function stand_in_add_product_data() {
	add_meta_box( 'woocommerce-product-data', 'Product data', 'stand_in_show_product_data', 'product', 'normal', 'high' );
}

function stand_in_show_product_data( $post ) {
	wp_nonce_field( 'woocommerce_save_data', 'woocommerce_meta_nonce' );
	do_action( 'woocommerce_product_options_general_product_data' );
	$variations = get_posts( array( 'post_type' => 'product_variation', 'post_parent' => $post->ID, 'order' => 'ASC', 'orderby' => 'ID' ) );
	if ( $variations ) {
		stand_in_show_variations( $variations );
	}
}

/** Like WooCommerce's, the button sends the fields of the variations alone. */
function stand_in_show_variations( $variations ) {
	echo '<div id="variable_product_options">';
	foreach ( $variations as $loop => $variation ) {
		printf( '<div class="woocommerce_variation"><strong>#%1$d</strong><input type="hidden" name="variable_post_id[%2$d]" value="%1$d">', $variation->ID, $loop );
		do_action( 'woocommerce_product_after_variable_attributes', $loop, array(), $variation );
		echo '</div>';
	}
	?>
	<button type="button" class="button save-variation-changes">Save changes</button>
	</div>
	<script>
		document.querySelector( '.save-variation-changes' ).addEventListener( 'click', async () => {
			const options = document.getElementById( 'variable_product_options' );
			const data = new URLSearchParams( { action: 'woocommerce_save_variations', security: '<?php echo wp_create_nonce( 'save-variations' ); ?>' } );
			options.querySelectorAll( '.woocommerce_variation input' ).forEach( ( input ) => data.append( input.name, input.value ) );
			const answer = await fetch( ajaxurl, { method: 'POST', body: data } );
			options.insertAdjacentHTML( 'afterbegin', '<div class="saved">' + await answer.text() + '</div>' );
		} );
	</script>
	<?php
}

function stand_in_save_product( $post_id, $post ) {
	$nonce = $_POST['woocommerce_meta_nonce'] ?? '';
	$is_it = 'product' === $post->post_type && (int) ( $_POST['post_ID'] ?? 0 ) === $post_id;
	if ( $is_it && wp_verify_nonce( $nonce, 'woocommerce_save_data' ) && current_user_can( 'edit_post', $post_id ) ) {
		do_action( 'woocommerce_process_product_meta', $post_id, $post );
	}
}

function stand_in_save_variations() {
	check_ajax_referer( 'save-variations', 'security' );
	if ( ! current_user_can( 'edit_products' ) || empty( $_POST['variable_post_id'] ) ) {
		wp_die( -1 );
	}
	foreach ( $_POST['variable_post_id'] as $i => $variation_id ) {
		do_action( 'woocommerce_save_product_variation', absint( $variation_id ), $i );
	}
	foreach ( WC_Admin_Meta_Boxes::$meta_box_errors as $error ) {
		echo '<div class="error notice is-dismissible"><p>' . wp_kses_post( $error ) . '</p></div>';
	}
	wp_die();
}
