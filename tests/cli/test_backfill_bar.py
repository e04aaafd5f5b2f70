"""What a terminal shows of a backfill: a bar, and no line for each order."""

import os
import pty
import subprocess
import sys
from pathlib import Path

from tests.support.folders import ROOT
from tests.support.past_shop import PastShop
from tests.support.processes import write_config


def shown(config: Path, *arguments: str) -> str:
    """Run the command line with its standard error on a terminal; return what that got."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "bridge", "--config", str(config), *arguments]
    with subprocess.Popen(command, stderr=theirs, stdout=subprocess.DEVNULL, cwd=ROOT) as process:
        os.close(theirs)
        parts = []
        try:
            while part := os.read(ours, 4096):
                parts.append(part)
        except OSError:  # the other end is closed
            pass
        os.close(ours)
    assert process.returncode == 0
    return b"".join(parts).decode()


def test_a_terminal_shows_how_far_it_is(past: PastShop, tmp_path: Path) -> None:
    past.orders(5)
    config = write_config(tmp_path, past.site, past.running.url)

    by_sql = shown(config, "backfill", "--apply")
    by_rest = shown(config, "backfill", "--via", "rest", "--apply")

    assert "Orders" in by_sql
    assert "26/26" in by_sql, "the recorded ones are passed by"
    assert "5/?" in by_rest, "nobody knows how many there are"
    assert "order_booked" not in by_sql
