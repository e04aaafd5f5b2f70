"""What the bridge and its WordPress plugin, which are installed apart, both have."""

from tests.support.folders import PLUGIN, ROOT


def test_both_make_shortcodes_by_the_same_script() -> None:
    ours = ROOT / "bridge/web/static/shortcode.js"
    plugins = PLUGIN / "assets/builder.js"

    assert ours.read_text("utf-8") == plugins.read_text("utf-8")
