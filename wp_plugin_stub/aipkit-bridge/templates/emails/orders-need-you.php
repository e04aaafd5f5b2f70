<?php
/**
 * Mail: paid orders that wait for the owner.
 *
 * A copy of it in a theme's aipkit-bridge/emails/ is used instead.
 *
 * @package AIPKit_Bridge
 *
 * @var array{events: array<int, array<string, int|string>>, user: WP_User|null, site: string, heading: string} $args
 */

defined( 'ABSPATH' ) || exit;
?>
<p><?php esc_html_e( 'These orders are paid, and their tokens wait:', 'aipkit-bridge' ); ?></p>
<ul>
<?php foreach ( $args['events'] as $event ) : ?>
	<li><strong><?php echo esc_html( '#' . $event['order_number'] ); ?></strong>
	<?php
	/* translators: %s: number of tokens. */
	printf( esc_html__( '(%s tokens)', 'aipkit-bridge' ), esc_html( number_format_i18n( (int) $event['credits'] ) ) );
	?>
	<?php echo esc_html( $event['reason'] ); ?></li>
<?php endforeach; ?>
</ul>
<p><a href="<?php echo esc_url( admin_url( 'admin.php?page=aipkit-bridge-status' ) ); ?>"><?php esc_html_e( 'Open the status page', 'aipkit-bridge' ); ?></a></p>
