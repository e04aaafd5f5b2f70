"""The version, which the changelog's newest heading must name (a test compares)."""

VERSION = "0.1.0"
