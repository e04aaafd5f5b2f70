<?php
/**
 * Fetches events from the bridge, writes mails of them, and says which were sent.
 *
 * An event that was sent is noted in the same moment, and the note stays until the bridge has it: a process that dies
 * before sends the mail later, one that dies after does not send it again. Where a process dies while the mailer hands
 * a mail over nobody knows whether it went out: it goes out again, with the same Message-ID.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Mail_Sender;

use AIPKit_Bridge\Client;
use AIPKit_Bridge\Mail_Choice;
use AIPKit_Bridge\Mail_Texts;
use WP_Error;
use WP_User;

defined( 'ABSPATH' ) || exit;

require_once __DIR__ . '/client.php';
require_once __DIR__ . '/mail-choice.php';
require_once __DIR__ . '/mail-texts.php';

const SECONDS         = 10.0;
const SENT_PREFIX     = 'aipkit_bridge_mail_sent_';
const OWNER_TRANSIENT = 'aipkit_bridge_owner_mailed';
const OWNER_SECONDS   = 900;
const DOWN_OPTION     = 'aipkit_bridge_down_since';
const DOWN_SECONDS    = 900;

/**
 * One round.
 */
function run(): void {
	$answer = ask( 'take' );
	$body   = json_decode( wp_remote_retrieve_body( $answer ), true );
	if ( 200 !== wp_remote_retrieve_response_code( $answer ) || ! isset( $body['items'] ) || ! is_array( $body['items'] ) ) {
		note_failure();
		return;
	}
	note_answer();
	foreach ( groups( unsent( $body['items'] ) ) as $group ) {
		send_group( $group );
	}
}

/**
 * The events that were not sent yet. Of the others the bridge is told what it has not heard.
 *
 * @param array<int, array<string, mixed>> $items What the bridge gave out.
 * @return array<int, array<string, mixed>>
 */
function unsent( array $items ): array {
	$unsent = array();
	foreach ( $items as $item ) {
		if ( false === get_option( SENT_PREFIX . (int) $item['id'] ) ) {
			$unsent[] = $item;
		} else {
			report( (int) $item['id'] );
		}
	}
	return $unsent;
}

/**
 * The events of one mail each: all that the owner is to be told, and what a customer is to be told of one kind.
 *
 * @param array<int, array<string, mixed>> $items The events.
 * @return array<string, array<int, array<string, mixed>>>
 */
function groups( array $items ): array {
	$groups = array();
	foreach ( $items as $item ) {
		$type = (string) $item['type'];
		$who  = in_array( $type, Mail_Choice\TO_CUSTOMERS, true ) ? (string) (int) ( $item['data']['user_id'] ?? 0 ) : 'owner';

		$groups[ "$who $type" ][] = $item;
	}
	return $groups;
}

/**
 * Sends one mail of some events, unless nobody wants it; the owner gets one in a quarter of an hour.
 *
 * @param array<int, array<string, mixed>> $group Events of one kind, for one person.
 */
function send_group( array $group ): void {
	$type = (string) $group[0]['type'];
	$user = null;
	if ( in_array( $type, Mail_Choice\TO_CUSTOMERS, true ) ) {
		$user = get_userdata( (int) ( $group[0]['data']['user_id'] ?? 0 ) );
		$to   = $user instanceof WP_User && '' === (string) get_user_meta( $user->ID, Mail_Choice\OPTED_OUT, true ) ? $user->user_email : '';
	} else {
		$to = Mail_Choice\owner_address();
		if ( false !== get_transient( OWNER_TRANSIENT ) ) {
			return; // The bridge gives them out again in ten minutes.
		}
	}
	$is_wanted = in_array( $type, Mail_Choice\wanted(), true ) && '' !== $to;
	$ids       = array_map( 'intval', array_column( $group, 'id' ) );
	$error     = $is_wanted ? send( $to, $type, $group, $user, $ids ) : '';
	if ( $is_wanted && '' === $error && null === $user ) {
		set_transient( OWNER_TRANSIENT, 1, OWNER_SECONDS );
	}
	foreach ( $ids as $id ) {
		report( $id, $error );
	}
}

/**
 * Sends one mail.
 *
 * @param string                           $to    To whom.
 * @param string                           $kind  Of what: an event's type, or 'bridge.down', 'bridge.back'.
 * @param array<int, array<string, mixed>> $group The events.
 * @param WP_User|null                     $user  The customer; null for the owner.
 * @param int[]                            $ids   The events' ids.
 * @return string What went wrong; '' if it was sent.
 */
function send( string $to, string $kind, array $group, ?WP_User $user, array $ids ): string {
	$mail  = Mail_Texts\mail_of( $kind, $group, $user );
	$name  = hash( 'sha256', $kind . ' ' . implode( ' ', $ids ) . ' ' . home_url() );
	$error = '';
	$fail  = static function ( WP_Error $failure ) use ( &$error ): void {
		$error = $failure->get_error_message();
	};
	$note  = static function () use ( $ids ): void {
		note_sent( $ids );
	};
	$mark  = static function ( $mailer ) use ( $name ): void {
		// phpcs:ignore WordPress.NamingConventions.ValidVariableName.UsedPropertyNotSnakeCase -- PHPMailer's.
		$mailer->MessageID = sprintf( '<%s@%s>', substr( $name, 0, 40 ), wp_parse_url( home_url(), PHP_URL_HOST ) );
	};
	add_action( 'wp_mail_failed', $fail );
	add_action( 'wp_mail_succeeded', $note, PHP_INT_MIN );
	add_action( 'phpmailer_init', $mark );
	$is_sent = wp_mail( $to, $mail['subject'], $mail['html'], $mail['headers'] );
	remove_action( 'wp_mail_failed', $fail );
	remove_action( 'wp_mail_succeeded', $note, PHP_INT_MIN );
	remove_action( 'phpmailer_init', $mark );
	if ( $is_sent ) {
		note_sent( $ids ); // Where another plugin sends, nobody hears of it.
		return '';
	}
	return '' === $error ? 'wp_mail() returned false' : $error;
}

/**
 * Notes that events were sent.
 *
 * @param int[] $ids The events.
 */
function note_sent( array $ids ): void {
	foreach ( $ids as $id ) {
		add_option( SENT_PREFIX . $id, time(), '', 'no' );
	}
}

/**
 * Tells the bridge what became of an event. The note of one that was sent is needed until it knows.
 *
 * @param int    $id    The event.
 * @param string $error Why it was not sent; '' if it was.
 */
function report( int $id, string $error = '' ): void {
	$answer = '' === $error ? ask( "$id/sent" ) : ask( "$id/unsent", array( 'error' => mb_substr( $error, 0, 500 ) ) );
	if ( '' === $error && 200 === wp_remote_retrieve_response_code( $answer ) ) {
		delete_option( SENT_PREFIX . $id );
	}
}

/**
 * One call of the bridge.
 *
 * @param string                $what Behind /v1/mails/.
 * @param array<string, string> $body What to send.
 * @return array|WP_Error What wp_remote_post() returns.
 */
function ask( string $what, array $body = array() ) {
	return Client\post_as( "/v1/mails/$what", $body, 0, SECONDS, 'mail' );
}

/**
 * Notes since when the bridge has not answered, and tells the owner once when that is a quarter of an hour ago.
 */
function note_failure(): void {
	add_option( DOWN_OPTION, array( 'since' => time() ), '', 'no' );
	$down = get_option( DOWN_OPTION );
	if ( ! is_array( $down ) || isset( $down['told'] ) || time() - (int) $down['since'] < DOWN_SECONDS ) {
		return;
	}
	if ( in_array( 'bridge.down', Mail_Choice\wanted(), true ) && '' === send( Mail_Choice\owner_address(), 'bridge.down', array( $down ), null, array() ) ) {
		update_option( DOWN_OPTION, $down + array( 'told' => time() ), false );
	}
}

/**
 * Notes that the bridge has answered; who was told that it did not is told so.
 */
function note_answer(): void {
	$down = get_option( DOWN_OPTION );
	if ( false === $down ) {
		return;
	}
	if ( ! isset( $down['told'] ) || '' === send( Mail_Choice\owner_address(), 'bridge.back', array( $down ), null, array() ) ) {
		delete_option( DOWN_OPTION );
	}
}
