<?php
/**
 * What the admin of a shop needs: token packages on the screen and in the list of products.
 *
 * @package AIPKit_Bridge
 */

namespace AIPKit_Bridge\Products;

use AIPKit_Bridge\Product_Box;
use AIPKit_Bridge\Product_Column;
use AIPKit_Bridge\Product_Notices;
use AIPKit_Bridge\Variation_Field;

defined( 'ABSPATH' ) || exit;

require_once __DIR__ . '/product-notices.php';
require_once __DIR__ . '/product-box.php';
require_once __DIR__ . '/variation-field.php';
require_once __DIR__ . '/product-column.php';

/**
 * Adds the hooks of each topic.
 */
function bootstrap(): void {
	Product_Box\bootstrap();
	Variation_Field\bootstrap();
	Product_Column\bootstrap();
	Product_Notices\bootstrap();
}
