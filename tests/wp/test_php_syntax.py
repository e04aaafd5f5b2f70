"""Every PHP file of the plugin can be read by PHP."""

import subprocess
from pathlib import Path

import pytest

from .conftest import plugin_files


@pytest.mark.parametrize("file", plugin_files(), ids=lambda path: path.name)
def test_php_can_read_the_file(file: Path) -> None:
    done = subprocess.run(["php", "-l", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
