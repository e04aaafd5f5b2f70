<?php
/**
 * Mail: a balance runs low.
 *
 * A copy of it in a theme's aipkit-bridge/emails/ is used instead.
 *
 * @package AIPKit_Bridge
 *
 * @var array{events: array<int, array<string, int|string>>, user: WP_User|null, site: string, heading: string} $args
 */

defined( 'ABSPATH' ) || exit;

$event = end( $args['events'] );
?>
<p>
	<?php
	/* translators: %s: a customer's name. */
	printf( esc_html__( 'Hello %s,', 'aipkit-bridge' ), esc_html( $args['user']->display_name ) );
	?>
</p>
<p>
	<?php
	/* translators: %s: number of tokens. */
	printf( esc_html__( '%s tokens are left of what you bought.', 'aipkit-bridge' ), '<strong>' . esc_html( number_format_i18n( (int) $event['balance'] ) ) . '</strong>' );
	?>
</p>
