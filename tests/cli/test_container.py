"""The container's entry: tables first, then the service."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.folders import ROOT

ENTRY = ROOT / "tools" / "container-entry.sh"


def commands_of(folder: Path, *arguments: str, fails: str = "") -> tuple[int, list[str]]:
    """Run the entry with a command that only writes down how it is called."""
    log = folder / "log"
    command = folder / "aipkit-bridge"
    command.write_text(f'#!/bin/sh\necho "$*" >> {log}\n[ "$1" != "{fails}" ]\n')
    command.chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    done = subprocess.run(["sh", str(ENTRY), *arguments], env={"PATH": path}, check=False)
    return done.returncode, log.read_text().splitlines()


@pytest.mark.parametrize(
    ("arguments", "commands"),
    [
        (("serve",), ["migrate", "serve"]),
        (("serve", "--workers", "4"), ["migrate", "serve --workers 4"]),
        (("doctor",), ["doctor"]),
    ],
)
def test_tables_are_brought_up_to_date_before_serving(
    tmp_path: Path, arguments: tuple[str, ...], commands: list[str]
) -> None:
    assert commands_of(tmp_path, *arguments) == (0, commands)


def test_nothing_is_served_on_tables_that_do_not_fit(tmp_path: Path) -> None:
    assert commands_of(tmp_path, "serve", fails="migrate") == (1, ["migrate"])


def test_what_the_container_copies_is_there() -> None:
    text = (ROOT / "Containerfile").read_text("utf-8")
    copied = [line.split()[1:-1] for line in text.splitlines() if line.startswith("COPY ")]
    names = {name for line in copied for name in line if not name.startswith(("-", "/"))}

    assert len(names) >= 6
    assert {name for name in names if not (ROOT / name).exists()} == set()
