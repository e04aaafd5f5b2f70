<?php
/**
 * Mail: a balance is used up.
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
<p><?php esc_html_e( 'The tokens that you bought are used up. What is free in a period goes on as before.', 'aipkit-bridge' ); ?></p>
