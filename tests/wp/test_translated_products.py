"""What the plugin tells translation plugins (WPML, and Polylang, which reads the same file)."""

from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

from bridge.domain.names import AMOUNT_KEY
from bridge.store.peer_plugin import IS_PACKAGE_KEY
from tools.build_plugin_zip import PLUGIN, pack

FILE = "wpml-config.xml"


def test_both_product_metas_are_copied_to_translations() -> None:
    root = ElementTree.parse(PLUGIN / FILE).getroot()  # a file of this repository

    fields = {field.text: field.get("action") for field in root.iter("custom-field")}

    assert root.tag == "wpml-config"
    assert fields == {IS_PACKAGE_KEY: "copy", AMOUNT_KEY: "copy"}


def test_the_file_is_in_the_plugins_archive(tmp_path: Path) -> None:
    pack(PLUGIN, tmp_path / "plugin.zip")

    with ZipFile(tmp_path / "plugin.zip") as archive:
        assert f"aipkit-bridge/{FILE}" in archive.namelist()
