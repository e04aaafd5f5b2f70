"""What WordPress, WooCommerce and the plugin directory read of the plugin's header and readme."""

import re

from tests.support.folders import ROOT

PLUGIN = ROOT / "wp_plugin_stub" / "aipkit-bridge"
FIELD = re.compile(r"^(?: \* )?([A-Z][\w ]+): +(.+)$", re.MULTILINE)
SECTIONS = ["Description", "Installation", "Frequently Asked Questions", "Changelog"]


def fields(text: str) -> dict[str, str]:
    return dict(FIELD.findall(text))


README = (PLUGIN / "readme.txt").read_text("utf-8")
HEADER = fields((PLUGIN / "aipkit-bridge.php").read_text("utf-8").partition("*/")[0])
HEAD, _, SECTIONS_TEXT = README.partition("\n== ")
TOLD = fields(HEAD)


def newest(program: str) -> str:
    """The newest version of a program that the plugin was seen with, without its last part."""
    table = (ROOT / "docs" / "compatibility.md").read_text("utf-8")
    rows = re.findall(rf"^\| {program} \| (\d+)\.(\d+)", table, re.MULTILINE)
    major, minor = max((int(major), int(minor)) for major, minor in rows)
    return f"{major}.{minor}"


def test_header_and_readme_ask_for_the_same() -> None:
    for name in ("Requires at least", "Requires PHP", "License", "License URI"):
        assert HEADER[name] == TOLD[name], name


def test_they_ask_for_what_the_documents_ask_for() -> None:
    needs = (ROOT / "docs" / "connect.md").read_text("utf-8")

    assert f"WordPress {HEADER['Requires at least']} or newer" in needs
    assert f"PHP {HEADER['Requires PHP']} or newer" in needs
    assert f"WooCommerce {HEADER['WC requires at least']} or newer" in needs


def test_the_newest_versions_are_those_it_was_seen_with() -> None:
    assert TOLD["Tested up to"] == newest("WordPress")
    assert HEADER["WC tested up to"] == newest("WooCommerce")


def test_no_other_plugin_is_asked_for_by_its_folder() -> None:
    """WordPress would refuse to activate it where WooCommerce's folder has another name."""
    assert "Requires Plugins" not in HEADER


def test_the_plugin_directory_shows_all_of_the_head() -> None:
    summary = HEAD.strip().rpartition("\n")[2]

    assert HEAD.startswith(f"=== {HEADER['Plugin Name']} ===\n")
    assert len(TOLD["Tags"].split(", ")) <= 5
    assert len(summary) <= 150
    assert re.findall(r"^== (.+) ==$", README, re.MULTILINE) == SECTIONS


def test_the_readme_tells_of_released_versions_alone() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    released = re.findall(r"^## \[([\d.]+)\] - ", changelog, re.MULTILINE)
    told = README.partition("== Changelog ==")[2]

    assert re.findall(r"^= ([\d.]+) =$", told, re.MULTILINE) == released
    assert re.findall(r"^= .* =\n(?!\* )", told, re.MULTILINE) == []
