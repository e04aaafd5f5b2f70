<?php
/**
 * Mail: the frame of all, where WooCommerce has none.
 *
 * @package AIPKit_Bridge
 *
 * @var array{heading: string, html: string} $args
 */

defined( 'ABSPATH' ) || exit;
?>
<!DOCTYPE html>
<html <?php language_attributes(); ?>>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title><?php echo esc_html( $args['heading'] ); ?></title>
</head>
<body style="margin: 0; padding: 24px 12px; background: #f0f0f1; color: #1d2327; font: 16px/1.5 -apple-system, 'Segoe UI', Roboto, sans-serif;">
<div style="max-width: 560px; margin: 0 auto; padding: 24px; background: #fff; border-radius: 8px;">
<h1 style="margin: 0 0 16px; font-size: 22px; line-height: 1.3;"><?php echo esc_html( $args['heading'] ); ?></h1>
<?php echo wp_kses_post( $args['html'] ); ?>
</div>
</body>
</html>
