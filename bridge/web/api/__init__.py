"""The HTTP API of back ends, monitors and the plugin's calls."""
