"""The shop: WooCommerce's REST API, read strictly."""
