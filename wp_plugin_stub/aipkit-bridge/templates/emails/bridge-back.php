<?php
/**
 * Mail: the bridge answers again.
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
	printf( esc_html__( 'The bridge, which had not answered since %s, answers again. Orders of the meantime get their tokens now.', 'aipkit-bridge' ), esc_html( wp_date( get_option( 'date_format' ) . ' ' . get_option( 'time_format' ), (int) $down['since'] ) ) );
	?>
</p>
