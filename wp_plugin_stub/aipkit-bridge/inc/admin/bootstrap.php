<?php
/**
 * What only the admin needs: the settings page, the menu "AIP", the dashboard's widget.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Admin;

use AIPKit_Bridge\Admin_Menu;
use AIPKit_Bridge\Connection_Test;
use AIPKit_Bridge\Dashboard_Widget;
use AIPKit_Bridge\Mail_Opt_Out;
use AIPKit_Bridge\Mail_Settings;
use AIPKit_Bridge\Settings_Page;
use AIPKit_Bridge\Sign_In;

defined( 'ABSPATH' ) || exit;

require_once __DIR__ . '/settings-page.php';
require_once __DIR__ . '/connection-test.php';
require_once __DIR__ . '/pairing-form.php';
require_once __DIR__ . '/shortcode-builder.php';
require_once __DIR__ . '/sign-in.php';
require_once __DIR__ . '/admin-menu.php';
require_once __DIR__ . '/dashboard-widget.php';
require_once __DIR__ . '/mail-settings.php';
require_once dirname( __DIR__ ) . '/mail-opt-out.php';

/**
 * Adds the hooks of each topic.
 */
function bootstrap(): void {
	Settings_Page\bootstrap();
	Connection_Test\bootstrap();
	Sign_In\bootstrap();
	Admin_Menu\bootstrap();
	Dashboard_Widget\bootstrap();
	Mail_Settings\bootstrap();
	Mail_Opt_Out\bootstrap();
}
