<?php
/**
 * Gives a page's second fragment ids of its own. Loaded where there is one.
 *
 * What is kept has the same ids everywhere, so that all places share it; they are told apart when it is shown.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Fragment_Ids;

defined( 'ABSPATH' ) || exit;

const TAG       = '~<[a-z][^<>]*>~i';
const ID        = '~<[a-z][^<>]*\sid="([^"<>\s]+)"~i';
const REFERENCE = '~(\s(?:id|headers|aria-controls|aria-describedby|aria-labelledby|href)=")([^"<>]*)(?=")~i';

/**
 * The fragment with a number behind its ids, and behind whatever refers to one of them.
 *
 * @param string $html   A clean fragment.
 * @param int    $number Which of the page it is.
 */
function numbered( string $html, int $number ): string {
	if ( ! preg_match_all( ID, $html, $found ) ) {
		return $html;
	}
	$ids     = implode( '|', array_map( 'preg_quote', array_unique( $found[1] ) ) );
	$of_ids  = '~(?:(?<=[\s#])|^)(?:' . str_replace( '~', '\~', $ids ) . ')(?=\s|$)~D';
	$renamed = preg_replace_callback(
		TAG,
		static function ( array $tag ) use ( $of_ids, $number ): string {
			return (string) preg_replace_callback(
				REFERENCE,
				static function ( array $attribute ) use ( $of_ids, $number ): string {
					return $attribute[1] . preg_replace( $of_ids, '$0-' . $number, $attribute[2] );
				},
				$tag[0]
			);
		},
		$html
	);
	return is_string( $renamed ) ? $renamed : $html;
}
