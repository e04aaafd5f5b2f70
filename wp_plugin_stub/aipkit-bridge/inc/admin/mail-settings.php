<?php
/**
 * The mails on the settings page: which are sent, and where the owner's go.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Mail_Settings;

use AIPKit_Bridge\Mail_Choice;
use AIPKit_Bridge\Settings_Page;

defined( 'ABSPATH' ) || exit;

require_once dirname( __DIR__ ) . '/mail-choice.php';

const SECTION = 'aipkit_bridge_mails';

/**
 * Adds the hooks of this topic.
 */
function bootstrap(): void {
	add_action( 'admin_init', __NAMESPACE__ . '\\register', 20 );
	add_action( 'update_option_' . Mail_Choice\OPTION, 'AIPKit_Bridge\\Mails\\ensure_schedule' );
}

/**
 * Tells the Settings API about the options and their fields.
 */
function register(): void {
	$types = array(
		Mail_Choice\OPTION       => 'array',
		Mail_Choice\OWNER_OPTION => 'string',
	);
	foreach ( $types as $option => $type ) {
		register_setting(
			Settings_Page\PAGE,
			$option,
			array(
				'type'              => $type,
				'show_in_rest'      => false,
				'sanitize_callback' => __NAMESPACE__ . "\\sanitize_$type",
			)
		);
	}
	add_settings_section( SECTION, __( 'Mails', 'aipkit-bridge' ), __NAMESPACE__ . '\\render_hint', Settings_Page\PAGE );
	add_settings_field( 'aipkit_bridge_to_customers', __( 'To customers', 'aipkit-bridge' ), __NAMESPACE__ . '\\render_customers', Settings_Page\PAGE, SECTION );
	add_settings_field( 'aipkit_bridge_to_the_owner', __( 'To you', 'aipkit-bridge' ), __NAMESPACE__ . '\\render_owner', Settings_Page\PAGE, SECTION );
}

/**
 * The kinds to store.
 *
 * @param mixed $input What was sent.
 * @return string[]
 */
function sanitize_array( $input ): array {
	return is_array( $input ) ? array_values( array_intersect( Mail_Choice\all_kinds(), $input ) ) : array();
}

/**
 * The address to store; '' is the site's own.
 *
 * @param mixed $input What was sent.
 */
function sanitize_string( $input ): string {
	$address = is_string( $input ) ? sanitize_email( $input ) : '';
	if ( is_string( $input ) && '' !== trim( $input ) && ! is_email( $address ) ) {
		add_settings_error( Mail_Choice\OWNER_OPTION, Mail_Choice\OWNER_OPTION, __( 'The address for mails to you is no e-mail address. It was not changed.', 'aipkit-bridge' ) );
		return (string) get_option( Mail_Choice\OWNER_OPTION, '' );
	}
	return $address;
}

/**
 * What the section is about.
 */
function render_hint(): void {
	printf( '<p>%s</p>', esc_html__( 'Sent by this site\'s own mailer, each once. Customers can stop theirs by a link in each mail and in their profile.', 'aipkit-bridge' ) );
}

/**
 * The boxes of mails to customers.
 */
function render_customers(): void {
	render_boxes(
		array(
			'credits.granted' => __( 'Tokens have arrived', 'aipkit-bridge' ),
			'balance.low'     => __( 'Tokens are running low', 'aipkit-bridge' ),
			'balance.empty'   => __( 'Tokens are used up', 'aipkit-bridge' ),
		)
	);
}

/**
 * The boxes of mails to the owner, and where they go.
 */
function render_owner(): void {
	render_boxes(
		array(
			'order.attention' => __( 'A paid order needs you, or a guest waits for tokens', 'aipkit-bridge' ),
			'bridge.down'     => __( 'The bridge has not answered for a quarter of an hour', 'aipkit-bridge' ),
		)
	);
	printf(
		'<p><label for="%1$s">%2$s</label> <input type="email" class="regular-text" id="%1$s" name="%1$s" value="%3$s" placeholder="%4$s"></p>',
		esc_attr( Mail_Choice\OWNER_OPTION ),
		esc_html__( 'To this address:', 'aipkit-bridge' ),
		esc_attr( (string) get_option( Mail_Choice\OWNER_OPTION, '' ) ),
		esc_attr( (string) get_option( 'admin_email' ) )
	);
}

/**
 * Some boxes.
 *
 * @param array<string, string> $labels What they are called, by the event.
 */
function render_boxes( array $labels ): void {
	$wanted = Mail_Choice\wanted();
	echo '<fieldset>';
	foreach ( $labels as $kind => $label ) {
		printf(
			'<label><input type="checkbox" name="%s[]" value="%s"%s> %s</label><br>',
			esc_attr( Mail_Choice\OPTION ),
			esc_attr( $kind ),
			checked( in_array( $kind, $wanted, true ), true, false ),
			esc_html( $label )
		);
	}
	echo '</fieldset>';
}
