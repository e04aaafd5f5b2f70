<?php
/**
 * A persistent object cache in files, as drop-in: what Redis does for all groups, this does for users' metas and transients.
 *
 * Everything else lives as long as the request. Like the drop-ins people use, it keeps what a request has read.
 */

class WP_Object_Cache {
	const KEPT = array( 'user_meta', 'transient' );

	private $memory = array();
	private $folder = WP_CONTENT_DIR . '/object-cache';

	public function get( $key, $group, $force, &$found ) {
		if ( $force || ! isset( $this->memory[ $group ][ $key ] ) ) {
			$this->load( $key, $group );
		}
		$found = isset( $this->memory[ $group ][ $key ] );
		$value = $found ? $this->memory[ $group ][ $key ] : false;
		return is_object( $value ) ? clone $value : $value;
	}

	public function set( $key, $value, $group ) {
		$this->memory[ $group ][ $key ] = is_object( $value ) ? clone $value : $value;
		if ( in_array( $group, self::KEPT, true ) ) {
			wp_mkdir_p( $this->folder );
			$new = tempnam( $this->folder, 'new' );
			file_put_contents( $new, serialize( $value ) );
			rename( $new, $this->file_of( $key, $group ) );
		}
		return true;
	}

	public function delete( $key, $group ) {
		unset( $this->memory[ $group ][ $key ] );
		if ( is_file( $this->file_of( $key, $group ) ) ) {
			@unlink( $this->file_of( $key, $group ) );
		}
		return true;
	}

	public function flush() {
		$this->memory = array();
		return true;
	}

	private function load( $key, $group ) {
		$file = $this->file_of( $key, $group );
		$text = in_array( $group, self::KEPT, true ) && is_file( $file ) ? @file_get_contents( $file ) : false;
		if ( false !== $text ) {
			$this->memory[ $group ][ $key ] = unserialize( $text );
		}
	}

	private function file_of( $key, $group ) {
		return $this->folder . "/$group-" . rawurlencode( $key );
	}
}

function wp_cache_init() {
	$GLOBALS['wp_object_cache'] = new WP_Object_Cache();
}

function wp_cache_get( $key, $group = '', $force = false, &$found = null ) {
	return $GLOBALS['wp_object_cache']->get( $key, $group ?: 'default', $force, $found );
}

function wp_cache_set( $key, $data, $group = '', $expire = 0 ) {
	return $GLOBALS['wp_object_cache']->set( $key, $data, $group ?: 'default' );
}

function wp_cache_add( $key, $data, $group = '', $expire = 0 ) {
	wp_cache_get( $key, $group, false, $found );
	return ! $found && wp_cache_set( $key, $data, $group );
}

function wp_cache_replace( $key, $data, $group = '', $expire = 0 ) {
	wp_cache_get( $key, $group, false, $found );
	return $found && wp_cache_set( $key, $data, $group );
}

function wp_cache_delete( $key, $group = '' ) {
	return $GLOBALS['wp_object_cache']->delete( $key, $group ?: 'default' );
}

function wp_cache_incr( $key, $offset = 1, $group = '' ) {
	$value = max( 0, (int) wp_cache_get( $key, $group ) + $offset );
	wp_cache_set( $key, $value, $group );
	return $value;
}

function wp_cache_decr( $key, $offset = 1, $group = '' ) {
	return wp_cache_incr( $key, -$offset, $group );
}

function wp_cache_flush() {
	return $GLOBALS['wp_object_cache']->flush();
}

function wp_cache_close() {
	return true;
}

function wp_cache_add_global_groups( $groups ) {}

function wp_cache_add_non_persistent_groups( $groups ) {}

function wp_cache_switch_to_blog( $blog_id ) {}
