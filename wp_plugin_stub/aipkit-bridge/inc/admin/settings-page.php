<?php
/**
 * Settings > AIP Bridge.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Settings_Page;

use AIPKit_Bridge\Connection_Test;
use AIPKit_Bridge\Pairing_Form;
use AIPKit_Bridge\Settings;
use AIPKit_Bridge\Shortcode_Builder;

defined( 'ABSPATH' ) || exit;

const PAGE       = 'aipkit-bridge';
const SECTION    = 'aipkit_bridge_connection';
const CAPABILITY = 'manage_options';
const LOCATION   = 'options-general.php?page=' . PAGE;

/**
 * Adds the hooks of this topic.
 */
function bootstrap(): void {
	add_action( 'admin_menu', __NAMESPACE__ . '\\add_page' );
	add_action( 'admin_init', __NAMESPACE__ . '\\register' );
	add_filter( 'plugin_action_links_' . plugin_basename( \AIPKit_Bridge\PLUGIN_FILE ), __NAMESPACE__ . '\\add_settings_link' );
}

/**
 * The menu entry.
 */
function add_page(): void {
	$title = __( 'AIP Bridge', 'aipkit-bridge' );
	add_options_page( $title, $title, CAPABILITY, PAGE, __NAMESPACE__ . '\\render' );
}

/**
 * The address of the settings page.
 */
function url(): string {
	return admin_url( LOCATION );
}

/**
 * A way from the list of plugins to the settings.
 *
 * @param string[] $links The links of this plugin's row.
 * @return string[]
 */
function add_settings_link( array $links ): array {
	$link = sprintf( '<a href="%s">%s</a>', esc_url( url() ), esc_html__( 'Settings', 'aipkit-bridge' ) );
	array_unshift( $links, $link );
	return $links;
}

/**
 * Tells the Settings API about the option and its fields.
 */
function register(): void {
	Settings\ensure_option();
	register_setting(
		PAGE,
		Settings\OPTION,
		array(
			'type'              => 'object',
			'show_in_rest'      => false,
			'sanitize_callback' => __NAMESPACE__ . '\\sanitize',
		)
	);
	add_settings_section( SECTION, __( 'Connection', 'aipkit-bridge' ), '__return_null', PAGE );
	foreach ( labels() as $field => $label ) {
		$id = "aipkit_bridge_$field";
		add_settings_field( $id, $label, __NAMESPACE__ . "\\render_{$field}_field", PAGE, SECTION, array( 'label_for' => $id ) );
	}
}

/**
 * What the fields are called.
 *
 * @return array<string, string>
 */
function labels(): array {
	return array(
		'url'        => __( 'Bridge address', 'aipkit-bridge' ),
		'secret'     => __( 'Shared secret', 'aipkit-bridge' ),
		'public_url' => __( 'Address for browsers', 'aipkit-bridge' ),
	);
}

/**
 * What will be stored. A field that is wrong, or that wp-config.php locks, keeps its stored value; an empty secret too.
 *
 * @param mixed $input What was sent.
 * @return array{url: string, secret: string, public_url: string}
 */
function sanitize( $input ): array {
	$kept  = Settings\stored();
	$input = is_array( $input ) ? array_filter( $input, 'is_string' ) : array();
	foreach ( array( 'url', 'public_url' ) as $field ) {
		if ( isset( $input[ $field ] ) && ! Settings\is_locked( $field ) ) {
			$kept[ $field ] = sanitize_address( $field, trim( $input[ $field ] ), $kept[ $field ] );
		}
	}
	$secret = trim( $input['secret'] ?? '' );
	if ( '' !== $secret && ! Settings\is_locked( 'secret' ) ) {
		$kept['secret'] = sanitize_secret( $secret, $kept['secret'] );
	}
	return $kept;
}

/**
 * The address to store.
 *
 * @param string $field   'url' or 'public_url'.
 * @param string $address What was sent; '' takes it out of use.
 * @param string $stored  What is stored now.
 */
function sanitize_address( string $field, string $address, string $stored ): string {
	$clean = Settings\clean_address( $address );
	if ( '' === $clean && '' !== $address ) {
		/* translators: %s: label of a field. */
		$text = __( '“%s” must be a full http:// or https:// address such as https://bridge.example.com, without user name or query. It was not changed.', 'aipkit-bridge' );
		add_settings_error( Settings\OPTION, "aipkit_bridge_$field", sprintf( $text, labels()[ $field ] ) );
		return $stored;
	}
	return $clean;
}

/**
 * The secret to store.
 *
 * @param string $secret What was sent.
 * @param string $stored What is stored now.
 */
function sanitize_secret( string $secret, string $stored ): string {
	if ( strlen( $secret ) < Settings\SECRET_LENGTH_MIN ) {
		/* translators: %d: number of characters. */
		$text = sprintf( __( 'The shared secret must have at least %d characters. It was not changed.', 'aipkit-bridge' ), Settings\SECRET_LENGTH_MIN );
		add_settings_error( Settings\OPTION, 'aipkit_bridge_secret', $text );
		return $stored;
	}
	return $secret;
}

/**
 * The field of the bridge's address.
 */
function render_url_field(): void {
	render_address_input( 'url', 'https://bridge.example.com' );
	render_description( 'url', __( 'How this web server reaches the aipkit-bridge service.', 'aipkit-bridge' ) );
}

/**
 * The field of the address for browsers.
 */
function render_public_url_field(): void {
	render_address_input( 'public_url', 'https://bridge.example.com' );
	$text = __( 'Only if the screens are to open outside of WordPress, too: the bridge\'s own address, as browsers reach it.', 'aipkit-bridge' );
	render_description( 'public_url', $text );
}

/**
 * An input for an address.
 *
 * @param string $field       'url' or 'public_url'.
 * @param string $placeholder An example, or what is used while it is empty.
 */
function render_address_input( string $field, string $placeholder ): void {
	printf(
		'<input type="url" class="regular-text code" id="aipkit_bridge_%1$s" name="%2$s[%1$s]" value="%3$s" placeholder="%4$s"%5$s>',
		esc_attr( $field ),
		esc_attr( Settings\OPTION ),
		esc_attr( Settings\value_of( $field ) ),
		esc_attr( $placeholder ),
		disabled( Settings\is_locked( $field ), true, false )
	);
}

/**
 * The field of the secret. What is stored is never sent to a browser.
 */
function render_secret_field(): void {
	$is_set = '' !== Settings\value_of( 'secret' );
	printf(
		'<input type="password" class="regular-text code" id="aipkit_bridge_secret" name="%s[secret]" value="" autocomplete="new-password" placeholder="%s"%s>',
		esc_attr( Settings\OPTION ),
		$is_set ? esc_attr__( 'Saved; leave empty to keep it', 'aipkit-bridge' ) : '',
		disabled( Settings\is_locked( 'secret' ), true, false )
	);
	/* translators: %d: number of characters. */
	$text = __( 'The same text as security.shared_secret in the bridge\'s configuration, at least %d characters.', 'aipkit-bridge' );
	render_description( 'secret', sprintf( $text, Settings\SECRET_LENGTH_MIN ) );
}

/**
 * The line under a field: what it is for, or which constant decides instead.
 *
 * @param string $field A key of Settings\CONSTANT_OF_FIELDS.
 * @param string $text  What the field is for.
 */
function render_description( string $field, string $text ): void {
	if ( Settings\is_locked( $field ) ) {
		/* translators: %s: name of a PHP constant. */
		$text = sprintf( __( 'Set by %s in wp-config.php.', 'aipkit-bridge' ), Settings\CONSTANT_OF_FIELDS[ $field ] );
	}
	printf( '<p class="description">%s</p>', esc_html( $text ) );
}

/**
 * The page.
 */
function render(): void {
	if ( ! current_user_can( CAPABILITY ) ) {
		return;
	}
	echo '<div class="wrap"><h1>' . esc_html( get_admin_page_title() ) . '</h1>';
	echo '<form action="' . esc_url( admin_url( 'options.php' ) ) . '" method="post">';
	settings_fields( PAGE );
	do_settings_sections( PAGE );
	submit_button();
	echo '</form>';
	Connection_Test\render_form();
	Pairing_Form\render();
	Shortcode_Builder\render();
	echo '</div>';
}
