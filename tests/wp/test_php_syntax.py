"""Every PHP file of the plugin can be read by PHP, and keeps to phpcs.xml.dist."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.folders import ROOT

from .conftest import plugin_files


@pytest.mark.parametrize("file", plugin_files(), ids=lambda path: path.name)
def test_php_can_read_the_file(file: Path) -> None:
    done = subprocess.run(["php", "-l", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_code_keeps_to_the_rules_of_phpcs() -> None:
    assert shutil.which("phpcs"), "phpcs is missing: apt-get install php-codesniffer"

    done = subprocess.run(
        ["phpcs", "--standard=phpcs.xml.dist", "--report=emacs"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


@pytest.mark.parametrize("file", plugin_files(), ids=lambda path: path.name)
def test_an_ignored_rule_is_named_with_the_reason(file: Path) -> None:
    """The rules are WPCS's: see wpcs.xml.dist."""
    ignores = re.findall(r"phpcs:(?!enable)(.*)", file.read_text("utf-8"))

    for ignore in ignores:
        assert re.match(r"(?:ignore|disable) WordPress\.\w+\.[\w., ]+ -- \w.{10,}", ignore), ignore
