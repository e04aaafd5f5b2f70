<?php
/**
 * The menu "AIP": Credits and Status, which are screens of the bridge, and the settings.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Admin_Menu;

use AIPKit_Bridge\Dashboard_Widget;
use AIPKit_Bridge\Settings;
use AIPKit_Bridge\Settings_Page;
use AIPKit_Bridge\Sign_In;
use AIPKit_Bridge\Status_Figures;

defined( 'ABSPATH' ) || exit;

require_once dirname( __DIR__ ) . '/status-figures.php';

const CREDITS_PAGE       = 'aipkit-bridge-credits';
const STATUS_PAGE        = 'aipkit-bridge-status';
const BELOW_WOOCOMMERCE  = 58;
const ADDRESSES_OF_LOCAL = array( 'localhost', '127.0.0.1', '[::1]' );

/**
 * Adds the hooks of this topic.
 */
function bootstrap(): void {
	add_action( 'admin_menu', __NAMESPACE__ . '\\add_menu' );
}

/**
 * The menu with its entries.
 */
function add_menu(): void {
	$needed  = Sign_In\capability();
	$credits = __( 'Credits', 'aipkit-bridge' );
	$status  = __( 'Status', 'aipkit-bridge' );
	$menu    = __( 'AIP', 'aipkit-bridge' );
	$bubble  = bubble();
	add_menu_page( $credits, $menu . $bubble, $needed, CREDITS_PAGE, __NAMESPACE__ . '\\render_credits', 'dashicons-money-alt', BELOW_WOOCOMMERCE );
	add_submenu_page( CREDITS_PAGE, $credits, $credits, $needed, CREDITS_PAGE, __NAMESPACE__ . '\\render_credits' );
	add_submenu_page( CREDITS_PAGE, $status, $status . $bubble, $needed, STATUS_PAGE, __NAMESPACE__ . '\\render_status' );
	add_submenu_page( CREDITS_PAGE, '', __( 'Settings', 'aipkit-bridge' ), Settings_Page\CAPABILITY, Settings_Page\LOCATION );
}

/**
 * The number beside the menu: orders that somebody paid and has no tokens of, as last heard.
 */
function bubble(): string {
	$number = Sign_In\may_manage() ? Status_Figures\needing() : 0;
	if ( $number < 1 ) {
		return '';
	}
	$shown = number_format_i18n( $number );
	/* translators: %s: number of orders. */
	$text = sprintf( __( 'Orders that need you: %s', 'aipkit-bridge' ), $shown );
	return sprintf( ' <span class="awaiting-mod count-%d"><span class="pending-count" aria-hidden="true">%s</span><span class="screen-reader-text">%s</span></span>', $number, esc_html( $shown ), esc_html( $text ) );
}

/**
 * AIP > Credits.
 */
function render_credits(): void {
	$text = __( 'Customers\' credits are managed on a screen of the bridge: balances, purchases, and changes by hand.', 'aipkit-bridge' );
	render( $text, 'credits', __( 'Open Credits', 'aipkit-bridge' ) );
}

/**
 * AIP > Status.
 */
function render_status(): void {
	$text = __( 'The status page of the bridge says whether orders become credits, and which orders need you.', 'aipkit-bridge' );
	render( $text, 'status', __( 'Open Status', 'aipkit-bridge' ) );
}

/**
 * A page that leads to a screen of the bridge.
 *
 * @param string $text   What is there.
 * @param string $screen One of Sign_In\SCREENS.
 * @param string $label  What the button says.
 */
function render( string $text, string $screen, string $label ): void {
	if ( ! Sign_In\may_manage() ) {
		return;
	}
	echo '<div class="wrap"><h1>' . esc_html( get_admin_page_title() ) . '</h1>';
	if ( Settings\is_configured() ) {
		warn_of_local_address();
		echo '<p>' . esc_html( $text ) . '</p>';
		/* translators: 1: name of the current user, 2: address of the bridge. */
		$who = sprintf( __( 'You will be signed in as %1$s at %2$s.', 'aipkit-bridge' ), wp_get_current_user()->display_name, Settings\public_address() );
		echo '<p>' . esc_html( $who ) . '</p>';
		Sign_In\render_button( $screen, $label, 'button-primary button-hero' );
	} else {
		Dashboard_Widget\render_not_set_up();
	}
	echo '</div>';
}

/**
 * Says so where the bridge's address leads browsers to their own computer.
 */
function warn_of_local_address(): void {
	$bridge = wp_parse_url( Settings\public_address(), PHP_URL_HOST );
	$site   = wp_parse_url( home_url(), PHP_URL_HOST );
	if ( ! in_array( $bridge, ADDRESSES_OF_LOCAL, true ) || in_array( $site, ADDRESSES_OF_LOCAL, true ) ) {
		return;
	}
	/* translators: %s: address of the bridge. */
	$text = __( 'Only this web server itself can reach the bridge at %s. Enter the “Address for browsers” under Settings > AIP Bridge.', 'aipkit-bridge' );
	echo '<div class="notice notice-warning inline"><p>' . esc_html( sprintf( $text, Settings\public_address() ) ) . '</p></div>';
}
