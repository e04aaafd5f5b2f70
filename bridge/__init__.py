"""aipkit-bridge: sells and meters AI usage credits for a WordPress site."""
