<?php
/**
 * What mails say: subject, heading and a template, each in the language of whom it is for.
 *
 * A theme has its own templates in aipkit-bridge/emails/, by the names of those in templates/emails.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Mail_Texts;

use AIPKit_Bridge\Mail_Opt_Out;
use WP_User;

defined( 'ABSPATH' ) || exit;

require_once __DIR__ . '/mail-opt-out.php';

const TEMPLATES = array(
	'credits.granted' => 'tokens-arrived',
	'balance.low'     => 'running-low',
	'balance.empty'   => 'used-up',
	'order.attention' => 'orders-need-you',
	'bridge.down'     => 'bridge-down',
	'bridge.back'     => 'bridge-back',
);

/**
 * A mail.
 *
 * @param string                           $kind  What it is of, a key of TEMPLATES.
 * @param array<int, array<string, mixed>> $group The events.
 * @param WP_User|null                     $user  The customer; null for the owner.
 * @return array{subject: string, html: string, headers: string[]}
 */
function mail_of( string $kind, array $group, ?WP_User $user ): array {
	$switched = speak( null === $user ? get_locale() : get_user_locale( $user ) );
	$heading  = heading( $kind, $group );
	$html     = rendered(
		TEMPLATES[ $kind ],
		array(
			'events'  => array_map( __NAMESPACE__ . '\\event', $group ),
			'user'    => $user,
			'site'    => wp_specialchars_decode( get_bloginfo( 'name' ), ENT_QUOTES ),
			'heading' => $heading,
		)
	);
	if ( null !== $user ) {
		$html .= rendered( 'opt-out', array( 'url' => Mail_Opt_Out\url_for( $user->ID ) ) );
	}
	$mail     = array(
		'subject' => sprintf( '[%1$s] %2$s', wp_specialchars_decode( get_bloginfo( 'name' ), ENT_QUOTES ), $heading ),
		'html'    => in_frame( $heading, $html ),
		'headers' => headers( $user ),
	);
	/**
	 * Changes a mail before it is sent.
	 *
	 * @since 0.2.0
	 *
	 * @param array  $mail    `subject`, `html`, `headers`.
	 * @param string $kind    The event's type, or 'bridge.down', 'bridge.back'.
	 * @param array  $group   The events.
	 * @param int    $user_id The customer; 0 for the owner.
	 */
	$mail = apply_filters( 'aipkit_bridge_mail', $mail, $kind, $group, null === $user ? 0 : $user->ID );
	if ( $switched ) {
		restore_previous_locale();
		load_texts();
	}
	return $mail;
}

/**
 * Lets texts be in a language.
 *
 * @param string $locale The locale.
 * @return bool Whether that was another.
 */
function speak( string $locale ): bool {
	$switched = switch_to_locale( $locale );
	if ( $switched ) {
		load_texts();
	}
	return $switched;
}

/**
 * Loads the plugin's texts in the language that is spoken now.
 */
function load_texts(): void {
	unload_textdomain( 'aipkit-bridge', true );
	\AIPKit_Bridge\load_translations();
}

/**
 * The headers.
 *
 * @param WP_User|null $user The customer; null for the owner.
 * @return string[]
 */
function headers( ?WP_User $user ): array {
	$headers = array( 'Content-Type: text/html; charset=UTF-8' );
	if ( null !== $user ) {
		$headers[] = 'List-Unsubscribe: <' . Mail_Opt_Out\url_for( $user->ID ) . '>';
		$headers[] = 'List-Unsubscribe-Post: List-Unsubscribe=One-Click';
	}
	return $headers;
}

/**
 * What it is about, in one line.
 *
 * @param string                           $kind  What it is of.
 * @param array<int, array<string, mixed>> $group The events.
 */
function heading( string $kind, array $group ): string {
	switch ( $kind ) {
		case 'credits.granted':
			$tokens = array_sum( array_map( 'intval', array_column( array_column( $group, 'data' ), 'credits' ) ) );
			/* translators: %s: number of tokens. */
			return sprintf( __( 'Tokens have arrived: %s', 'aipkit-bridge' ), number_format_i18n( $tokens ) );
		case 'balance.low':
			return __( 'Your tokens are running low', 'aipkit-bridge' );
		case 'balance.empty':
			return __( 'Your tokens are used up', 'aipkit-bridge' );
		case 'order.attention':
			/* translators: %s: number of orders. */
			return sprintf( __( 'Paid orders that need you: %s', 'aipkit-bridge' ), number_format_i18n( count( $group ) ) );
		case 'bridge.down':
			return __( 'Tokens are not delivered: the bridge does not answer', 'aipkit-bridge' );
		default:
			return __( 'The bridge answers again', 'aipkit-bridge' );
	}
}

/**
 * What a template may show of an event: numbers as numbers, all else as text.
 *
 * @param array<string, mixed> $item An event as the bridge gives it, or since when it is down.
 * @return array<string, int|string>
 */
function event( array $item ): array {
	$data = isset( $item['data'] ) && is_array( $item['data'] ) ? $item['data'] : $item;
	$data = array_filter( $data, 'is_scalar' );
	return array_map( static fn( $value ) => is_int( $value ) ? $value : (string) $value, $data );
}

/**
 * A template's HTML.
 *
 * @param string               $name Its name.
 * @param array<string, mixed> $args What it shows.
 */
function rendered( string $name, array $args ): string {
	$file = locate_template( "aipkit-bridge/emails/$name.php" );
	ob_start();
	load_template( '' === $file ? dirname( __DIR__ ) . "/templates/emails/$name.php" : $file, false, $args );
	return (string) ob_get_clean();
}

/**
 * The whole mail: WooCommerce's own frame where there is one, as its colours and logo are the shop's.
 *
 * @param string $heading What stands above.
 * @param string $html    What it says.
 */
function in_frame( string $heading, string $html ): string {
	if ( function_exists( 'WC' ) && class_exists( 'WC_Email' ) && is_callable( array( WC(), 'mailer' ) ) ) {
		$framed = WC()->mailer()->wrap_message( $heading, $html );
		return ( new \WC_Email() )->style_inline( $framed );
	}
	return rendered(
		'frame',
		array(
			'heading' => $heading,
			'html'    => $html,
		)
	);
}
