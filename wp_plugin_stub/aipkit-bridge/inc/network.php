<?php
/**
 * Networks of sites: settings and heartbeat are each site's own, users and their credits belong to all.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Network;

defined( 'ABSPATH' ) || exit;

/**
 * Does something in every site of a network, or in the only one.
 *
 * @param callable $work What to do there.
 */
function on_every_site( callable $work ): void {
	if ( ! is_multisite() ) {
		$work();
		return;
	}
	$query = array(
		'fields' => 'ids',
		'number' => 0,
	);
	foreach ( get_sites( $query ) as $site_id ) {
		switch_to_blog( $site_id );
		$work();
		restore_current_blog();
	}
}
