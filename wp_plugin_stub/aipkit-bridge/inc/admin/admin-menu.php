<?php
/**
 * The menu "AIP": the screens of the bridge, which are shown in the admin, and the settings.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Admin_Menu;

use AIPKit_Bridge\Passage\Screens;
use AIPKit_Bridge\Settings;
use AIPKit_Bridge\Settings_Page;
use AIPKit_Bridge\Sign_In;
use AIPKit_Bridge\Status_Figures;

defined( 'ABSPATH' ) || exit;

require_once dirname( __DIR__ ) . '/status-figures.php';

const CREDITS_PAGE      = 'aipkit-bridge-credits';
const LIMITS_PAGE       = 'aipkit-bridge-limits';
const REPORTS_PAGE      = 'aipkit-bridge-reports';
const BULK_PAGE         = 'aipkit-bridge-bulk';
const STATUS_PAGE       = 'aipkit-bridge-status';
const BELOW_WOOCOMMERCE = 58;

/**
 * What each page opens by itself, at the bridge.
 */
const FIRST_SCREENS = array(
	CREDITS_PAGE => '/admin/credits',
	LIMITS_PAGE  => '/admin/credits/limits',
	REPORTS_PAGE => '/admin/credits/reports',
	BULK_PAGE    => '/admin/credits/import',
	STATUS_PAGE  => '/status',
);

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
	$bubble  = bubble();
	add_menu_page( $credits, __( 'AIP', 'aipkit-bridge' ) . $bubble, $needed, CREDITS_PAGE, __NAMESPACE__ . '\\render', 'dashicons-money-alt', BELOW_WOOCOMMERCE );
	$titles = array(
		CREDITS_PAGE => $credits,
		LIMITS_PAGE  => __( 'Prices and limits', 'aipkit-bridge' ),
		REPORTS_PAGE => __( 'Reports', 'aipkit-bridge' ),
		BULK_PAGE    => __( 'Bulk changes', 'aipkit-bridge' ),
		STATUS_PAGE  => __( 'Status', 'aipkit-bridge' ),
	);
	foreach ( $titles as $page => $title ) {
		$label = STATUS_PAGE === $page ? $title . $bubble : $title;
		$hook  = (string) add_submenu_page( CREDITS_PAGE, $title, $label, $needed, $page, __NAMESPACE__ . '\\render' );
		add_action( "load-$hook", opener( FIRST_SCREENS[ $page ] ) );
	}
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
 * The address of one of the pages.
 *
 * @param string $page A key of FIRST_SCREENS.
 */
function url( string $page ): string {
	return admin_url( "admin.php?page=$page" );
}

/**
 * What passes a request for a page on.
 *
 * @param string $first Path of the screen that the page opens by itself.
 */
function opener( string $first ): callable {
	return static function () use ( $first ): void {
		require_once dirname( __DIR__ ) . '/passage/screens.php';
		Screens\pass( $first );
	};
}

/**
 * What comes below the screen, which inc/passage puts on the page: where browsers reach the bridge, its own pages open, too.
 */
function render(): void {
	if ( STATUS_PAGE === ( $GLOBALS['plugin_page'] ?? '' ) && Settings\is_configured() && '' !== Settings\value_of( 'public_url' ) ) {
		Sign_In\render_button( 'status', __( 'Open the bridge\'s own pages', 'aipkit-bridge' ) );
	}
}
