<?php
/**
 * Tells WordPress's tools for personal data of our exporter and eraser.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Privacy;

defined( 'ABSPATH' ) || exit;

const NAME = 'aipkit-bridge';

/**
 * Adds the hooks of this topic.
 */
function bootstrap(): void {
	add_filter( 'wp_privacy_personal_data_exporters', __NAMESPACE__ . '\\add_exporter' );
	add_filter( 'wp_privacy_personal_data_erasers', __NAMESPACE__ . '\\add_eraser' );
}

/**
 * Tells WordPress of the exporter.
 *
 * @param array<string, array> $exporters The others.
 * @return array<string, array>
 */
function add_exporter( array $exporters ): array {
	require_once __DIR__ . '/personal-data.php';
	$exporters[ NAME ] = array(
		'exporter_friendly_name' => __( 'AI credits', 'aipkit-bridge' ),
		'callback'               => 'AIPKit_Bridge\\Personal_Data\\export',
	);
	return $exporters;
}

/**
 * Tells WordPress of the eraser.
 *
 * @param array<string, array> $erasers The others.
 * @return array<string, array>
 */
function add_eraser( array $erasers ): array {
	require_once __DIR__ . '/personal-data.php';
	$erasers[ NAME ] = array(
		'eraser_friendly_name' => __( 'AI credits', 'aipkit-bridge' ),
		'callback'             => 'AIPKit_Bridge\\Personal_Data\\erase',
	);
	return $erasers;
}
