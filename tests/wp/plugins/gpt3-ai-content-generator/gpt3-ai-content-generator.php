<?php
/**
 * Plugin Name: Stand-in of the peer plugin
 * Description: Grants and resets in the peer's own wrong order of steps, with pauses between them. Only for tests.
 *
 * Without WooCommerce an order is the option `stand_in_order_{id}` = array( user_id, tokens ), its meta post meta.
 * Option `stand_in_pauses` = array( step => milliseconds ), steps: checked, balance_written, order_saved.
 */

namespace WPAICG\WooCommerce;

use WPAICG\Core\TokenManager\AIPKit_Token_Manager;

require __DIR__ . '/spending.php';

const SHORTCODE = 'aipkit_token_usage';

class AIPKit_WooCommerce_Integration {
	private static $instance = null;

	public static function get_instance() {
		if ( null === self::$instance ) {
			self::$instance = new self();
		}
		return self::$instance;
	}

	public function grant_tokens_on_order_completion( $order_id ) {
		list( $user_id, $tokens ) = get_option( 'stand_in_order_' . $order_id, array( 0, 0 ) );
		if ( (int) get_post_meta( $order_id, '_aipkit_tokens_granted', true ) > 0 ) {
			return;
		}
		if ( ledger_has( $order_id ) ) {
			update_post_meta( $order_id, '_aipkit_tokens_granted', $tokens );
			return;
		}
		pause( 'checked' );
		$before = (int) get_user_meta( $user_id, '_aipkit_token_balance', true );
		update_user_meta( $user_id, '_aipkit_token_balance', $before + $tokens );
		pause( 'balance_written' );
		update_post_meta( $order_id, '_aipkit_tokens_granted', $tokens );
		pause( 'order_saved' );
		insert_ledger_row( $order_id, $user_id, $tokens, $before );
	}
}

function key_of( $order_id ) {
	return "woocommerce_order_{$order_id}_purchase";
}

function pause( $step ) {
	$pauses = (array) get_option( 'stand_in_pauses', array() );
	usleep( 1000 * (int) ( $pauses[ $step ] ?? 0 ) );
}

function ledger_has( $order_id ) {
	global $wpdb;
	$sql = "SELECT id FROM {$wpdb->prefix}aipkit_token_ledger WHERE idempotency_key = %s";
	return null !== $wpdb->get_var( $wpdb->prepare( $sql, key_of( $order_id ) ) );
}

function insert_ledger_row( $order_id, $user_id, $tokens, $before ) {
	global $wpdb;
	$wpdb->suppress_errors( true );
	$wpdb->insert(
		$wpdb->prefix . 'aipkit_token_ledger',
		array(
			'user_id'           => $user_id,
			'actor_type'        => 'user',
			'module'            => 'woocommerce',
			'context_type'      => 'order',
			'context_id'        => $order_id,
			'operation'         => 'purchase',
			'usage_total_units' => $tokens,
			'credits_delta'     => $tokens,
			'entry_type'        => 'purchase',
			'reference_type'    => 'woocommerce_order',
			'reference_id'      => (string) $order_id,
			'idempotency_key'   => key_of( $order_id ),
			'meta'              => wp_json_encode( array( 'balance_before' => $before, 'balance_after' => $before + $tokens ) ),
			'created_at'        => gmdate( 'Y-m-d H:i:s' ),
		)
	);
	$wpdb->suppress_errors( false );
}

function make_ledger() {
	global $wpdb;
	$wpdb->query(
		"CREATE TABLE IF NOT EXISTS {$wpdb->prefix}aipkit_token_ledger (
			id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
			user_id bigint(20) unsigned DEFAULT NULL,
			session_id varchar(64) DEFAULT NULL,
			actor_type varchar(16) NOT NULL,
			module varchar(50) NOT NULL,
			context_type varchar(32) DEFAULT NULL,
			context_id bigint(20) unsigned DEFAULT NULL,
			provider varchar(50) DEFAULT NULL,
			model varchar(191) DEFAULT NULL,
			operation varchar(50) NOT NULL,
			usage_input_units bigint(20) unsigned NOT NULL DEFAULT 0,
			usage_output_units bigint(20) unsigned NOT NULL DEFAULT 0,
			usage_total_units bigint(20) unsigned NOT NULL DEFAULT 0,
			credits_delta bigint(20) NOT NULL DEFAULT 0,
			entry_type varchar(32) NOT NULL,
			reference_type varchar(32) DEFAULT NULL,
			reference_id varchar(191) DEFAULT NULL,
			idempotency_key varchar(191) DEFAULT NULL,
			meta longtext DEFAULT NULL,
			created_at datetime NOT NULL DEFAULT current_timestamp(),
			PRIMARY KEY (id),
			UNIQUE KEY idempotency_key (idempotency_key)
		)"
	);
}

/** The hooks are added where the option `stand_in_hooks_on` says: on `init` unless a test wants them late. */
function add_hooks() {
	$listener = array( AIPKit_WooCommerce_Integration::get_instance(), 'grant_tokens_on_order_completion' );
	add_action( 'woocommerce_order_status_completed', $listener, 10, 1 );
	add_action( 'aipkit_token_reset', array( new AIPKit_Token_Manager(), 'perform_token_reset' ) );
}

/** The peer's box on the product screen, with its own id and names. */
function add_box() {
	add_meta_box( 'aipkit_token_package_meta_box', 'Credit package of the peer', __NAMESPACE__ . '\\show_box', 'product', 'side' );
}

function show_box( $post ) {
	wp_nonce_field( 'aipkit_save_token_package_meta', 'aipkit_token_package_nonce' );
	echo '<input type="checkbox" name="_aipkit_is_token_package" value="yes"><input type="number" name="_aipkit_tokens_amount">';
}

function show_dashboard() {
	return '<p class="peer-dashboard">The peer shows this</p>';
}

/** The dashboard's looks, on pages with the shortcode. */
function enqueue_assets() {
	global $post;
	if ( $post instanceof \WP_Post && has_shortcode( $post->post_content, SHORTCODE ) ) {
		wp_enqueue_style( 'aipkit-public-token-usage', plugins_url( 'peer.css', __FILE__ ), array(), '1' );
		wp_enqueue_script( 'aipkit-public-token-usage-js', plugins_url( 'peer.js', __FILE__ ), array(), '1', true );
	}
}

register_activation_hook( __FILE__, __NAMESPACE__ . '\\make_ledger' );
add_action( 'add_meta_boxes_product', __NAMESPACE__ . '\\add_box' );
add_action( get_option( 'stand_in_hooks_on', 'init' ), __NAMESPACE__ . '\\add_hooks' );
add_action(
	'init',
	static function () {
		add_shortcode( SHORTCODE, __NAMESPACE__ . '\\show_dashboard' );
	}
);
add_action( 'wp_enqueue_scripts', __NAMESPACE__ . '\\enqueue_assets' );
