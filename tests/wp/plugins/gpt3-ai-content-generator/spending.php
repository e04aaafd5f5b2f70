<?php
/**
 * The stand-in's spending: reads, calculates, writes the result, in the peer's own order of steps and with the peer's
 * WordPress calls. Between a read and its write it pauses for STAND_IN_PAUSE_US, where the peer looks up prices.
 *
 * GET /?stand_in_spend={user id}:{tokens},…&bot={chatbot id} spends for each of the users.
 */

namespace WPAICG\Core\TokenManager;

const STAND_IN_PAUSE_US = 2000;

class AIPKit_Token_Manager {
	public function record_token_usage( $user_id, $session_id, $bot_id, $tokens ) {
		$left = $tokens - $this->deduct_available_balance( $user_id, $tokens );
		if ( $left > 0 ) {
			$used = (int) get_user_meta( $user_id, '_aipkit_token_usage_' . $bot_id, true );
			usleep( STAND_IN_PAUSE_US );
			update_user_meta( $user_id, '_aipkit_token_usage_' . $bot_id, $used + $left );
			if ( ! get_user_meta( $user_id, '_aipkit_last_token_reset_' . $bot_id, true ) ) {
				update_user_meta( $user_id, '_aipkit_last_token_reset_' . $bot_id, time() );
			}
		}
		$this->insert_ledger_row( $user_id, $bot_id, $tokens, $tokens - $left );
	}

	private function deduct_available_balance( $user_id, $tokens ) {
		$stored   = get_user_meta( $user_id, '_aipkit_token_balance', true );
		$before   = is_numeric( $stored ) ? max( 0, (int) $stored ) : 0;
		$deducted = min( $before, $tokens );
		usleep( STAND_IN_PAUSE_US );
		update_user_meta( $user_id, '_aipkit_token_balance', $before - $deducted );
		return $deducted;
	}

	private function insert_ledger_row( $user_id, $bot_id, $tokens, $deducted ) {
		global $wpdb;
		$wpdb->insert(
			$wpdb->prefix . 'aipkit_token_ledger',
			array(
				'user_id'           => $user_id,
				'actor_type'        => 'user',
				'module'            => 'chat',
				'context_type'      => 'chatbot',
				'context_id'        => $bot_id,
				'operation'         => 'chat',
				'usage_total_units' => $tokens,
				'credits_delta'     => -$deducted,
				'entry_type'        => 'usage',
				'meta'              => wp_json_encode( array( 'billed_credits' => $tokens ) ),
				'created_at'        => gmdate( 'Y-m-d H:i:s' ),
			)
		);
	}

	/** Gives free allowances back at whatever hour it is called. */
	public function perform_token_reset() {
		global $wpdb;
		$wpdb->delete( $wpdb->usermeta, array( 'meta_key' => '_aipkit_img_tokens_used' ) );
		$wpdb->delete( $wpdb->usermeta, array( 'meta_key' => '_aipkit_img_tokens_reset' ) );
	}
}

function spend() {
	$manager = new AIPKit_Token_Manager();
	foreach ( explode( ',', $_GET['stand_in_spend'] ) as $spender ) {
		list( $user_id, $tokens ) = array_map( 'intval', explode( ':', $spender ) );
		get_user_meta( $user_id, 'nickname', true ); // as every page does: all the user's metas are in the cache now
		$manager->record_token_usage( $user_id, null, (int) $_GET['bot'], $tokens );
	}
	exit( 'spent' );
}

if ( isset( $_GET['stand_in_spend'] ) ) {
	add_action( 'wp_loaded', __NAMESPACE__ . '\\spend' );
}
