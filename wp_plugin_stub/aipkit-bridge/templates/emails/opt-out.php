<?php
/**
 * Mail: the link by which a customer stops mails, below each.
 *
 * @package AIPKit_Bridge
 *
 * @var array{url: string} $args
 */

defined( 'ABSPATH' ) || exit;
?>
<p style="font-size: 12px; color: #646970;"><a style="color: #646970;" href="<?php echo esc_url( $args['url'] ); ?>"><?php esc_html_e( 'Stop these mails', 'aipkit-bridge' ); ?></a></p>
