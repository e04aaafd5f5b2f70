<?php
/**
 * Signs an administrator or shop manager in to the bridge's own pages, outside of WordPress.
 *
 * The one-time token is made at the click, and posted by the browser: it is in no address, and on no page before that.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Sign_In;

use AIPKit_Bridge\Client;
use AIPKit_Bridge\Settings;

defined( 'ABSPATH' ) || exit;

const ACTION     = 'aipkit_bridge_sign_in';
const SCREENS    = array( 'credits', 'status' );
const LOGIN_PATH = '/admin/login';

/**
 * Adds the hooks of this topic.
 */
function bootstrap(): void {
	add_action( 'admin_post_' . ACTION, __NAMESPACE__ . '\\handle' );
}

/**
 * The capability by which the current user may use the bridge's screens, or the one that is missing.
 */
function capability(): string {
	return current_user_can( 'manage_options' ) ? 'manage_options' : 'manage_woocommerce';
}

/**
 * Whether the current user may use the bridge's screens. The bridge looks it up again.
 */
function may_manage(): bool {
	return current_user_can( capability() );
}

/**
 * A button that opens a screen of the bridge in a new tab.
 *
 * @param string $screen One of SCREENS.
 * @param string $label  What the button says.
 * @param string $style  Classes of the button besides 'button'.
 */
function render_button( string $screen, string $label, string $style = '' ): void {
	?>
	<form action="<?php echo esc_url( admin_url( 'admin-post.php' ) ); ?>" method="post" target="_blank" rel="noopener">
		<input type="hidden" name="action" value="<?php echo esc_attr( ACTION ); ?>">
		<input type="hidden" name="screen" value="<?php echo esc_attr( $screen ); ?>">
		<?php // Not by wp_nonce_field(): the dashboard may have this form twice, and ids must not repeat. ?>
		<input type="hidden" name="_wpnonce" value="<?php echo esc_attr( wp_create_nonce( ACTION ) ); ?>">
		<button type="submit" class="button <?php echo esc_attr( $style ); ?>">
			<?php echo esc_html( $label ); ?>
			<span class="screen-reader-text"><?php esc_html_e( '(opens in a new tab)', 'aipkit-bridge' ); ?></span>
		</button>
	</form>
	<?php
}

/**
 * Answers the button with a page that posts a fresh token to the bridge.
 */
function handle(): void {
	if ( ! may_manage() ) {
		refuse( __( 'You are not allowed to do this.', 'aipkit-bridge' ), 403 );
	}
	check_admin_referer( ACTION );
	$screen = isset( $_POST['screen'] ) ? sanitize_key( $_POST['screen'] ) : '';
	if ( ! in_array( $screen, SCREENS, true ) ) {
		refuse( __( 'There is no such screen.', 'aipkit-bridge' ), 400 );
	}
	if ( ! Settings\is_configured() ) {
		refuse( __( 'The bridge is not set up yet: its address and the shared secret are missing.', 'aipkit-bridge' ), 503 );
	}
	send_page( $screen, Client\sign_login_token( get_current_user_id() ) );
	exit;
}

/**
 * Ends the request with an error page.
 *
 * @param string $text   What is wrong.
 * @param int    $status HTTP status.
 */
function refuse( string $text, int $status ): void {
	wp_die( esc_html( $text ), '', array( 'response' => (int) $status ) );
}

/**
 * The page: it goes on by itself, or without JavaScript by its button.
 *
 * @param string $screen Where to go.
 * @param string $token  The one-time token.
 */
function send_page( string $screen, string $token ): void {
	nocache_headers();
	header( 'Cache-Control: no-store' );
	header( 'Referrer-Policy: no-referrer' );
	header( 'Content-Type: text/html; charset=utf-8' );
	?>
<!DOCTYPE html>
<html <?php language_attributes(); ?>>
<head>
	<meta charset="utf-8">
	<meta name="viewport" content="width=device-width, initial-scale=1">
	<meta name="robots" content="noindex">
	<title><?php esc_html_e( 'Opening the bridge', 'aipkit-bridge' ); ?></title>
	<?php wp_admin_css( 'install', true ); ?>
</head>
<body class="wp-core-ui">
	<main>
		<h1><?php esc_html_e( 'Opening the bridge', 'aipkit-bridge' ); ?></h1>
		<p><?php esc_html_e( 'You are being signed in. If nothing happens, press the button within a minute.', 'aipkit-bridge' ); ?></p>
		<form action="<?php echo esc_url( Settings\public_address() . LOGIN_PATH ); ?>" method="post">
			<input type="hidden" name="token" value="<?php echo esc_attr( $token ); ?>">
			<input type="hidden" name="next" value="<?php echo esc_attr( $screen ); ?>">
			<p class="step"><button type="submit" class="button button-large"><?php esc_html_e( 'Sign in', 'aipkit-bridge' ); ?></button></p>
		</form>
	</main>
	<?php wp_print_inline_script_tag( 'document.forms[0].submit();' ); ?>
</body>
</html>
	<?php
}
