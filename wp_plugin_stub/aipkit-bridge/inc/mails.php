<?php
/**
 * Mails of what happens with tokens: when they are due.
 *
 * The bridge keeps what there is to write of; a job of WordPress fetches it each minute and sends it with wp_mail().
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Mails;

use AIPKit_Bridge\Mail_Choice;
use AIPKit_Bridge\Mail_Sender;
use AIPKit_Bridge\Settings;

defined( 'ABSPATH' ) || exit;

require_once __DIR__ . '/mail-choice.php';

const HOOK     = 'aipkit_bridge_send_mails';
const SCHEDULE = 'aipkit_bridge_minute';

/**
 * Adds the hooks of this topic.
 */
function bootstrap(): void {
	// phpcs:ignore WordPress.WP.CronInterval.CronSchedulesInterval -- customers wait for this mail.
	add_filter( 'cron_schedules', __NAMESPACE__ . '\\add_schedule' );
	add_action( 'admin_init', __NAMESPACE__ . '\\ensure_schedule' );
	add_action( HOOK, __NAMESPACE__ . '\\send_due' );
	register_deactivation_hook( \AIPKit_Bridge\PLUGIN_FILE, __NAMESPACE__ . '\\end_schedule' );
}

/**
 * Tells WordPress how often mails are sent.
 *
 * @param array<string, array> $schedules The others.
 * @return array<string, array>
 */
function add_schedule( array $schedules ): array {
	$schedules[ SCHEDULE ] = array(
		'interval' => MINUTE_IN_SECONDS,
		'display'  => __( 'Every minute (AIP Bridge)', 'aipkit-bridge' ),
	);
	return $schedules;
}

/**
 * Has mails sent each minute as long as any are wanted. A new site writes to its owner only.
 */
function ensure_schedule(): void {
	add_option( Mail_Choice\OPTION, Mail_Choice\TO_THE_OWNER, '', 'no' );
	$is_due = array() !== Mail_Choice\wanted() && Settings\is_configured();
	if ( $is_due && ! wp_next_scheduled( HOOK ) ) {
		wp_schedule_event( time(), SCHEDULE, HOOK );
	} elseif ( ! $is_due ) {
		end_schedule();
	}
}

/**
 * Has no mails sent any more.
 */
function end_schedule(): void {
	wp_clear_scheduled_hook( HOOK );
}

/**
 * Sends what is due.
 */
function send_due(): void {
	if ( array() !== Mail_Choice\wanted() && Settings\is_configured() ) {
		require_once __DIR__ . '/mail-sender.php';
		Mail_Sender\run();
	}
}
