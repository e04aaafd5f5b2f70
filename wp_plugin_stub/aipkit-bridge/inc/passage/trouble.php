<?php
/**
 * Says in the admin why a screen cannot be shown, and how to put that right.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Passage\Trouble;

use AIPKit_Bridge\Connection_Test;
use AIPKit_Bridge\Dashboard_Widget;
use AIPKit_Bridge\Settings;
use AIPKit_Bridge\Settings_Page;

defined( 'ABSPATH' ) || exit;

/**
 * Has the admin print something as the page that is open.
 *
 * @param callable $print_it What prints it.
 */
function on_page( callable $print_it ): void {
	add_action( (string) ( $GLOBALS['page_hook'] ?? '' ), $print_it, 5 );
}

/**
 * Why an answer without the right seal cannot be shown, in one sentence.
 *
 * @param array{status: int, error: string} $answer What came.
 */
function reason( array $answer ): string {
	if ( 0 === $answer['status'] ) {
		/* translators: 1: address, 2: technical message. */
		return sprintf( __( 'The bridge does not answer at %1$s: %2$s', 'aipkit-bridge' ), Settings\address(), $answer['error'] );
	}
	$test = Connection_Test\run( get_current_user_id() );
	if ( ! $test['ok'] ) {
		return $test['text'];
	}
	return __( 'The bridge is older than this plugin and cannot show its screens here yet: update the bridge.', 'aipkit-bridge' );
}

/**
 * What to say of an answer that nobody expects.
 *
 * @param int $status HTTP status.
 */
function unexpected( int $status ): string {
	/* translators: %d: HTTP status. */
	return sprintf( __( 'The bridge has given an answer that this plugin does not understand (HTTP %d): its log says more.', 'aipkit-bridge' ), $status );
}

/**
 * Has WordPress show a page that says what is wrong.
 *
 * @param int    $status  HTTP status of the page.
 * @param string $text    What is wrong.
 * @param bool   $is_down Whether to say how to start the bridge.
 */
function show( int $status, string $text, bool $is_down = false ): void {
	status_header( $status );
	on_page(
		static function () use ( $text, $is_down ): void {
			echo '<div class="wrap"><h1>' . esc_html( get_admin_page_title() ) . '</h1>';
			echo '<div class="notice notice-error inline"><p>' . esc_html( $text ) . '</p></div>';
			if ( $is_down ) {
				render_how_to_start();
			}
			render_ways_on();
			echo '</div>';
		}
	);
}

/**
 * Has WordPress show where to enter what is missing.
 */
function show_not_set_up(): void {
	on_page(
		static function (): void {
			echo '<div class="wrap"><h1>' . esc_html( get_admin_page_title() ) . '</h1>';
			Dashboard_Widget\render_not_set_up();
			echo '</div>';
		}
	);
}

/**
 * How to start the bridge, and what happens meanwhile.
 */
function render_how_to_start(): void {
	echo '<h2>' . esc_html__( 'How to start it', 'aipkit-bridge' ) . '</h2><ol>';
	echo '<li>' . esc_html__( 'On the machine of the bridge, start its service:', 'aipkit-bridge' ) . ' <code>systemctl start aipkit-bridge aipkit-bridge-worker</code></li>';
	echo '<li>' . esc_html__( 'If it does not stay up, its log says why:', 'aipkit-bridge' ) . ' <code>journalctl -u aipkit-bridge -n 50</code></li>';
	echo '<li>' . esc_html__( 'This command finds what is wrong with the configuration:', 'aipkit-bridge' ) . ' <code>aipkit-bridge doctor</code></li>';
	echo '</ol><p>' . esc_html__( 'Nothing is lost meanwhile: orders wait in the shop and become tokens as soon as the bridge is back.', 'aipkit-bridge' ) . '</p>';
}

/**
 * Where to go from here.
 */
function render_ways_on(): void {
	echo '<p><a class="button button-primary" href="">' . esc_html__( 'Try again', 'aipkit-bridge' ) . '</a>';
	if ( current_user_can( Settings_Page\CAPABILITY ) ) {
		printf( ' <a class="button" href="%s">%s</a>', esc_url( Settings_Page\url() ), esc_html__( 'Open the settings', 'aipkit-bridge' ) );
	}
	echo '</p>';
}

/**
 * Refuses a request: to a script in JSON, else by a page.
 *
 * @param int    $status  HTTP status.
 * @param string $text    Why.
 * @param bool   $as_json Whether a script asks.
 */
function refuse( int $status, string $text, bool $as_json ): void {
	if ( $as_json ) {
		wp_send_json( array( 'detail' => $text ), $status );
	}
	show( $status, $text );
}
