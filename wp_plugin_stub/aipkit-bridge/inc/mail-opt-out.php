<?php
/**
 * Customers who want no mails: by the link in each mail, and in their profile.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Mail_Opt_Out;

use AIPKit_Bridge\Mail_Choice;
use WP_User;

defined( 'ABSPATH' ) || exit;

require_once __DIR__ . '/mail-choice.php';

const ACTION = 'aipkit_bridge_no_mails';
const FIELD  = 'aipkit_bridge_mails';

/**
 * Adds the hooks of this topic.
 */
function bootstrap(): void {
	add_action( 'admin_post_' . ACTION, __NAMESPACE__ . '\\answer' );
	add_action( 'admin_post_nopriv_' . ACTION, __NAMESPACE__ . '\\answer' );
	add_action( 'show_user_profile', __NAMESPACE__ . '\\render_field' );
	add_action( 'edit_user_profile', __NAMESPACE__ . '\\render_field' );
	add_action( 'personal_options_update', __NAMESPACE__ . '\\save_field' );
	add_action( 'edit_user_profile_update', __NAMESPACE__ . '\\save_field' );
}

/**
 * Where a customer says so, without signing in.
 *
 * @param int $user_id The customer.
 */
function url_for( int $user_id ): string {
	$query = array(
		'action' => ACTION,
		'user'   => $user_id,
		'proof'  => proof( $user_id ),
	);
	return admin_url( 'admin-post.php?' . http_build_query( $query ) );
}

/**
 * Proves that a link came from us.
 *
 * @param int $user_id The customer.
 */
function proof( int $user_id ): string {
	return hash_hmac( 'sha256', ACTION . '|' . $user_id, wp_salt( 'auth' ) );
}

/**
 * The page behind the link. Only its button changes something: programs open the links of mails.
 */
function answer(): void {
	// phpcs:disable WordPress.Security.NonceVerification -- the proof is of this user alone, and mail programs have no nonce.
	$user_id = isset( $_GET['user'] ) ? absint( $_GET['user'] ) : 0;
	$proof   = isset( $_GET['proof'] ) ? sanitize_text_field( wp_unslash( $_GET['proof'] ) ) : '';
	// phpcs:enable
	if ( ! hash_equals( proof( $user_id ), $proof ) || ! get_userdata( $user_id ) ) {
		wp_die( esc_html__( 'This link is not complete: open it from the mail once more.', 'aipkit-bridge' ), '', array( 'response' => 403 ) );
	}
	if ( isset( $_SERVER['REQUEST_METHOD'] ) && 'POST' === $_SERVER['REQUEST_METHOD'] ) {
		update_user_meta( $user_id, Mail_Choice\OPTED_OUT, '1' );
		wp_die( esc_html__( 'You get no more mails about your tokens.', 'aipkit-bridge' ), esc_html__( 'Mails about tokens', 'aipkit-bridge' ), array( 'response' => 200 ) );
	}
	wp_die(
		sprintf(
			'<form method="post" action="%s"><p>%s</p><p><button class="button button-large">%s</button></p></form>',
			esc_url( url_for( $user_id ) ),
			esc_html__( 'Stop mails about your tokens? Mails about orders still come.', 'aipkit-bridge' ),
			esc_html__( 'Stop them', 'aipkit-bridge' )
		),
		esc_html__( 'Mails about tokens', 'aipkit-bridge' ),
		array( 'response' => 200 )
	);
}

/**
 * The box in a profile.
 *
 * @param WP_User $user Whose.
 */
function render_field( WP_User $user ): void {
	printf(
		'<h2>%1$s</h2><table class="form-table" role="presentation"><tr><th scope="row">%2$s</th><td><label for="%3$s"><input type="checkbox" id="%3$s" name="%3$s" value="1"%4$s> %5$s</label></td></tr></table>',
		esc_html__( 'AI tokens', 'aipkit-bridge' ),
		esc_html__( 'Mails', 'aipkit-bridge' ),
		esc_attr( FIELD ),
		checked( '', (string) get_user_meta( $user->ID, Mail_Choice\OPTED_OUT, true ), false ),
		esc_html__( 'Write to me when tokens arrive or run out', 'aipkit-bridge' )
	);
}

/**
 * Keeps what the box said.
 *
 * @param int $user_id Whose profile.
 */
function save_field( int $user_id ): void {
	check_admin_referer( 'update-user_' . $user_id );
	if ( ! current_user_can( 'edit_user', $user_id ) ) {
		return;
	}
	if ( isset( $_POST[ FIELD ] ) ) {
		delete_user_meta( $user_id, Mail_Choice\OPTED_OUT );
	} else {
		update_user_meta( $user_id, Mail_Choice\OPTED_OUT, '1' );
	}
}
