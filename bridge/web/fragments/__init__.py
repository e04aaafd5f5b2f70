"""The HTML that the plugin puts into a visitor's page."""
