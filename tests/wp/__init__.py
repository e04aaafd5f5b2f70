"""Tests of the WordPress plugin inside a real WordPress."""
