"""Where things lie, for tests that read files of the project."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
IMAGES = DOCS / "img"
FIXTURES = ROOT / "tests" / "fixtures"
PLUGIN = ROOT / "wp_plugin_stub" / "aipkit-bridge"
