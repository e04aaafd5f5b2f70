<?php
/**
 * The dashboard's widget "AI credits": a few figures of the bridge, loaded after the page.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Dashboard_Widget;

use AIPKit_Bridge\Admin_Menu;
use AIPKit_Bridge\Settings;
use AIPKit_Bridge\Settings_Page;
use AIPKit_Bridge\Sign_In;
use AIPKit_Bridge\Status_Figures;

defined( 'ABSPATH' ) || exit;

require_once dirname( __DIR__ ) . '/status-figures.php';

const WIDGET = 'aipkit_bridge_status';
const ACTION = 'aipkit_bridge_status';
const ASSET  = 'aipkit-bridge-dashboard-widget';

/**
 * Adds the hooks of this topic.
 */
function bootstrap(): void {
	add_action( 'wp_dashboard_setup', __NAMESPACE__ . '\\add_widget' );
	add_action( 'wp_ajax_' . ACTION, __NAMESPACE__ . '\\answer' );
}

/**
 * Adds the widget for those who may see it.
 */
function add_widget(): void {
	if ( Sign_In\may_manage() ) {
		wp_add_dashboard_widget( WIDGET, __( 'AI credits', 'aipkit-bridge' ), __NAMESPACE__ . '\\render' );
	}
}

/**
 * The widget: at once what is known, else a place that the script fills.
 */
function render(): void {
	if ( ! Settings\is_configured() ) {
		render_not_set_up();
		return;
	}
	wp_enqueue_style( ASSET, plugins_url( 'assets/dashboard-widget.css', \AIPKit_Bridge\PLUGIN_FILE ), array(), \AIPKit_Bridge\VERSION );
	$kept = Status_Figures\kept();
	if ( null !== $kept ) {
		render_figures( $kept );
	} else {
		wp_enqueue_script( ASSET, plugins_url( 'assets/dashboard-widget.js', \AIPKit_Bridge\PLUGIN_FILE ), array(), \AIPKit_Bridge\VERSION, true );
		render_place();
	}
}

/**
 * The place for the figures.
 */
function render_place(): void {
	printf(
		'<div id="aipkit_bridge_figures" aria-live="polite" data-url="%s" data-action="%s" data-nonce="%s" data-failed="%s"><p class="hide-if-no-js">%s</p></div>',
		esc_url( admin_url( 'admin-ajax.php' ) ),
		esc_attr( ACTION ),
		esc_attr( wp_create_nonce( ACTION ) ),
		esc_attr__( 'The figures could not be loaded. Reload the page to try again.', 'aipkit-bridge' ),
		esc_html__( 'Asking the bridge…', 'aipkit-bridge' )
	);
	echo '<noscript>';
	render_way_to_status();
	echo '</noscript>';
}

/**
 * Answers the script.
 */
function answer(): void {
	if ( ! Sign_In\may_manage() ) {
		wp_send_json_error( null, 403 );
	}
	check_ajax_referer( ACTION );
	ob_start();
	$figures = Status_Figures\get();
	if ( is_array( $figures ) ) {
		render_figures( $figures );
	} else {
		echo '<p>' . esc_html( $figures ) . '</p>';
		render_way_to_status();
	}
	wp_send_json_success( ob_get_clean() );
}

/**
 * The figures as HTML.
 *
 * @param array{credits: int|null, counted_at: int, synced_at: int, attention: int, unclaimed: int, warning: string} $figures What is known.
 */
function render_figures( array $figures ): void {
	$credits = __( 'Not yet', 'aipkit-bridge' );
	$as_of   = '';
	$ago     = __( 'Not yet', 'aipkit-bridge' );
	if ( null !== $figures['credits'] ) {
		$credits = number_format_i18n( $figures['credits'] );
		/* translators: %s: time of day. */
		$as_of = sprintf( __( 'as of %s', 'aipkit-bridge' ), wp_date( (string) get_option( 'time_format', 'H:i' ), $figures['counted_at'] ) );
	}
	if ( $figures['synced_at'] > 0 ) {
		/* translators: %s: a span of time such as "2 minutes". */
		$ago = sprintf( __( '%s ago', 'aipkit-bridge' ), human_time_diff( $figures['synced_at'] ) );
	}
	if ( '' !== $figures['warning'] ) {
		echo '<div class="notice notice-warning inline"><p>' . esc_html( $figures['warning'] ) . '</p></div>';
	}
	echo '<dl class="aipkit-bridge-figures">';
	render_figure( __( 'Credits outstanding', 'aipkit-bridge' ), $credits, $as_of );
	render_figure( __( 'Shop last read', 'aipkit-bridge' ), $ago );
	render_figure( __( 'Orders that need you', 'aipkit-bridge' ), number_format_i18n( $figures['attention'] ) );
	render_figure( __( 'Paid orders that are nobody\'s', 'aipkit-bridge' ), number_format_i18n( $figures['unclaimed'] ) );
	echo '</dl>';
	render_way_to_status();
}

/**
 * One figure.
 *
 * @param string $label What it is.
 * @param string $value The number or words.
 * @param string $note  What goes with it.
 */
function render_figure( string $label, string $value, string $note = '' ): void {
	printf( '<div><dt>%s</dt><dd>%s <small>%s</small></dd></div>', esc_html( $label ), esc_html( $value ), esc_html( $note ) );
}

/**
 * The way to the page with all figures.
 */
function render_way_to_status(): void {
	printf( '<p><a class="button" href="%s">%s</a></p>', esc_url( Admin_Menu\url( Admin_Menu\STATUS_PAGE ) ), esc_html__( 'Open Status', 'aipkit-bridge' ) );
}

/**
 * Says that address or secret are missing, and to administrators where to enter them.
 */
function render_not_set_up(): void {
	$text = __( 'The bridge is not set up yet: its address and the shared secret are missing.', 'aipkit-bridge' );
	echo '<p>' . esc_html( $text ) . '</p>';
	if ( current_user_can( Settings_Page\CAPABILITY ) ) {
		printf( '<p><a class="button" href="%s">%s</a></p>', esc_url( Settings_Page\url() ), esc_html__( 'Open the settings', 'aipkit-bridge' ) );
	}
}
