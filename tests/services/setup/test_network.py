"""Taking back on a network of sites: what other bridges stand on stays."""

from pathlib import Path

import pytest

from bridge.services.setup import service_steps
from bridge.services.setup.plan import UndoContext
from bridge.services.setup.plugin_steps import SETTINGS, ActivatePlugin, CopyPlugin
from bridge.services.setup.service_steps import USER, MakeServiceUser
from bridge.store.raw_options import Shelf
from tests.support.site import SiteDatabase

NOWHERE = "http://127.0.0.1:9"
ACTIVE = 'a:1:{s:31:"aipkit-bridge/aipkit-bridge.php";i:1;}'


@pytest.fixture
def context(site: SiteDatabase) -> UndoContext:
    """The recorded site as the first of a network of two, of which the second has a bridge."""
    site.run("CREATE TABLE wp_blogs (blog_id INT, domain TEXT, path TEXT)")
    site.run("INSERT INTO wp_blogs VALUES (1, 'shop.example', '/'), (2, 'shop.example', '/two/')")
    site.run("CREATE TABLE wp_sitemeta (site_id INT, meta_key TEXT, meta_value TEXT)")
    site.run("INSERT INTO wp_sitemeta VALUES (1, 'active_sitewide_plugins', %s)", (ACTIVE,))
    site.run("CREATE TABLE wp_2_options LIKE wp_options")
    site.run("INSERT INTO wp_2_options (option_name, option_value) VALUES (%s, '')", (SETTINGS,))
    return UndoContext(site.bridge().db)


def test_the_plugin_stays_for_another_site_that_uses_it(
    site: SiteDatabase, context: UndoContext, tmp_path: Path
) -> None:
    files = tmp_path / "aipkit-bridge"
    files.mkdir()
    active = {"shelf": Shelf.NETWORK, "before": "a:0:{}", "after": ACTIVE, "rules": False}
    active["home"] = NOWHERE
    copied = {"target": str(files), "draft": str(tmp_path / "draft"), "kept": None, "after": ""}

    stays = ActivatePlugin.undo(context, active), CopyPlugin.undo(context, copied)

    assert stays == ("it stays active, for shop.example/two", "they stay, for shop.example/two")
    assert site.value("SELECT meta_value FROM wp_sitemeta") == ACTIVE
    assert files.exists()

    site.run("DELETE FROM wp_2_options WHERE option_name = %s", (SETTINGS,))

    assert ActivatePlugin.undo(context, active) == ""
    assert site.value("SELECT meta_value FROM wp_sitemeta") == "a:0:{}"


def test_the_services_user_stays_for_another_bridge(
    context: UndoContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_steps, "_FOLDER", tmp_path)
    (tmp_path / "aipkit-bridge-two.service").write_text("")

    stays = MakeServiceUser.undo(context, {"user": USER})

    assert stays == "stays, for the other bridges of this machine"
