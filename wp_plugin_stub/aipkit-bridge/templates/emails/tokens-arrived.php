<?php
/**
 * Mail: tokens of an order have arrived.
 *
 * A copy of it in a theme's aipkit-bridge/emails/ is used instead.
 *
 * @package AIPKit_Bridge
 *
 * @var array{events: array<int, array<string, int|string>>, user: WP_User|null, site: string, heading: string} $args
 */

defined( 'ABSPATH' ) || exit;

?>
<p>
	<?php
	/* translators: %s: a customer's name. */
	printf( esc_html__( 'Hello %s,', 'aipkit-bridge' ), esc_html( $args['user']->display_name ) );
	?>
</p>
<?php foreach ( $args['events'] as $event ) : ?>
<p>
	<?php
	/* translators: 1: number of tokens, 2: number of an order. */
	printf( esc_html__( '%1$s tokens of order %2$s are yours.', 'aipkit-bridge' ), '<strong>' . esc_html( number_format_i18n( (int) $event['credits'] ) ) . '</strong>', esc_html( '#' . $event['order_id'] ) );
	?>
</p>
<?php endforeach; ?>
<?php if ( isset( $event['balance_after'] ) ) : ?>
<p>
	<?php
	/* translators: %s: number of tokens. */
	printf( esc_html__( 'Your balance: %s tokens. They do not expire.', 'aipkit-bridge' ), esc_html( number_format_i18n( (int) $event['balance_after'] ) ) );
	?>
</p>
<?php endif; ?>
