<?php
/**
 * Mail: the bridge does not answer.
 *
 * A copy of it in a theme's aipkit-bridge/emails/ is used instead.
 *
 * @package AIPKit_Bridge
 *
 * @var array{events: array<int, array<string, int|string>>, user: WP_User|null, site: string, heading: string} $args
 */

defined( 'ABSPATH' ) || exit;
$down = end( $args['events'] );
?>
<p>
	<?php
	/* translators: %s: date and time. */
	printf( esc_html__( 'The bridge has not answered since %s. Orders that are paid meanwhile get their tokens when it is back; nothing is lost.', 'aipkit-bridge' ), esc_html( wp_date( get_option( 'date_format' ) . ' ' . get_option( 'time_format' ), (int) $down['since'] ) ) );
	?>
</p>
<p><?php esc_html_e( 'On its machine: systemctl status aipkit-bridge, and aipkit-bridge doctor says what is wrong.', 'aipkit-bridge' ); ?></p>
