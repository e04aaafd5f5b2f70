<?php
/**
 * What the bridge's HTML may contain. Anything else is taken out before a visitor sees it.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Fragment_Html;

defined( 'ABSPATH' ) || exit;

const DASHBOARD_CLASS    = 'aipkit_token_usage_dashboard';
const LOGIN_PROMPT_CLASS = 'aipkit-login-prompt';

const PLAIN_TEXT = '/^[^<>&\\\\\x00-\x08\x0B\x0C\x0E-\x1F]*$/D';
const WHOLE_TAG  = '~^</?[a-z][^<>&\\\\\x00-\x1F]*>$~Di';

const PLAIN_TAGS = array(
	'bdi',
	'br',
	'caption',
	'dd',
	'details',
	'div',
	'dl',
	'dt',
	'em',
	'footer',
	'h2',
	'h3',
	'h4',
	'header',
	'li',
	'nav',
	'ol',
	'p',
	'section',
	'small',
	'span',
	'strong',
	'summary',
	'table',
	'tbody',
	'tfoot',
	'thead',
	'title',
	'tr',
	'ul',
);

const ATTRIBUTES_OF_TAGS = array(
	'a'        => array( 'href', 'rel' ),
	'button'   => array( 'type', 'disabled' ),
	'details'  => array( 'open' ),
	'progress' => array( 'value', 'max' ),
	'rect'     => array( 'x', 'y', 'width', 'height' ),
	'svg'      => array( 'viewbox', 'preserveaspectratio' ),
	'td'       => array( 'colspan', 'rowspan', 'headers' ),
	'th'       => array( 'colspan', 'rowspan', 'headers', 'scope', 'abbr' ),
	'time'     => array( 'datetime' ),
);

const COMMON_ATTRIBUTES = array(
	'aria-atomic',
	'aria-busy',
	'aria-controls',
	'aria-current',
	'aria-describedby',
	'aria-disabled',
	'aria-expanded',
	'aria-haspopup',
	'aria-hidden',
	'aria-label',
	'aria-labelledby',
	'aria-live',
	'aria-pressed',
	'aria-sort',
	'aria-valuemax',
	'aria-valuemin',
	'aria-valuenow',
	'aria-valuetext',
	'class',
	'data-*',
	'dir',
	'hidden',
	'id',
	'lang',
	'role',
	'style',
	'tabindex',
	'title',
);

/**
 * The fragment without anything that it has no business to contain.
 *
 * @param string $html What the bridge answered.
 */
function clean( string $html ): string {
	add_filter( 'safe_style_css', __NAMESPACE__ . '\\allowed_styles', PHP_INT_MAX );
	$clean = wp_kses( $html, allowed_tags(), array( 'http', 'https' ) );
	remove_filter( 'safe_style_css', __NAMESPACE__ . '\\allowed_styles', PHP_INT_MAX );
	return $clean;
}

/**
 * The same, given other HTML that clean() left as it was: what stood there already is not looked at again.
 *
 * WordPress judges each tag by itself, and leaves text alone that has nothing special in it. So of a fragment in which
 * only figures differ, only the tags that are new need cleaning, which takes a tenth of the time.
 *
 * @param string $html  What the bridge answered.
 * @param string $known HTML that clean() left as it was.
 */
function clean_beside( string $html, string $known ): string {
	$new_tags = array();
	$is_known = array_fill_keys( parts_of( $known ), true );
	foreach ( parts_of( $html ) as $part ) {
		if ( isset( $is_known[ $part ] ) || 1 === preg_match( PLAIN_TEXT, $part ) ) {
			continue;
		}
		if ( 1 !== preg_match( WHOLE_TAG, $part ) ) {
			return clean( $html );
		}
		$new_tags[] = $part;
	}
	$tags = implode( '', $new_tags );
	return '' === $tags || clean( $tags ) === $tags ? $html : clean( $html );
}

/**
 * The tags of HTML and the texts between them, in their order.
 *
 * @param string $html HTML.
 * @return string[]
 */
function parts_of( string $html ): array {
	$parts = preg_split( '/(<[^<>]*>)/', $html, -1, PREG_SPLIT_DELIM_CAPTURE );
	return is_array( $parts ) ? $parts : array( $html );
}

/**
 * Only the length of a progress bar is ever styled inline.
 *
 * @return string[]
 */
function allowed_styles(): array {
	return array( 'width', 'inline-size' );
}

/**
 * The tags and their attributes in the form that wp_kses() wants.
 *
 * @return array<string, array<string, bool>>
 */
function allowed_tags(): array {
	$allowed = array_fill_keys( PLAIN_TAGS, array() );
	foreach ( ATTRIBUTES_OF_TAGS as $tag => $attributes ) {
		$allowed[ $tag ] = array_fill_keys( $attributes, true );
	}
	$common = array_fill_keys( COMMON_ATTRIBUTES, true );
	foreach ( $allowed as $tag => $attributes ) {
		$allowed[ $tag ] = $attributes + $common;
	}
	return $allowed;
}

/**
 * Whether this is a fragment that may be shown to this user: guests only ever get the log-in prompt.
 *
 * @param string $html    What the bridge answered.
 * @param int    $user_id The user; 0 is a guest.
 */
function is_for( string $html, int $user_id ): bool {
	if ( has_class( $html, LOGIN_PROMPT_CLASS ) ) {
		return true;
	}
	return 0 !== $user_id && has_class( $html, DASHBOARD_CLASS );
}

/**
 * Whether an element of the fragment carries this class.
 *
 * @param string $html       The fragment.
 * @param string $class_name The class.
 */
function has_class( string $html, string $class_name ): bool {
	$class = preg_quote( $class_name, '~' );
	return 1 === preg_match( '~\sclass=(["\'])(?:[^"\'>]*\s)?' . $class . '(?:\s[^"\'>]*)?\1~i', $html );
}
