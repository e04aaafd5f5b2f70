"""Real bridge processes, for tests that kill them."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.site import CONSUMER_KEY, CONSUMER_SECRET, SECRET, SITE_URL, SiteDatabase

_ROOT = Path(__file__).parent.parent.parent


def write_config(folder: Path, site: SiteDatabase, shop_url: str, *, more: str = "") -> Path:
    """Write a configuration file for the test's site and shop."""
    path = folder / "config.toml"
    path.write_text(
        f"""
[site]
url = "{SITE_URL}"
[database]
url = "{site.server.url(site.name)}"
pool_size = 4
[woocommerce]
url = "{shop_url}"
consumer_key = "{CONSUMER_KEY}"
consumer_secret = "{CONSUMER_SECRET}"
poll_seconds = 1
[grants]
since = 2026-01-01T00:00:00Z
[security]
shared_secret = "{SECRET}"
{more}
""",
        "utf-8",
    )
    return path


def spawn(config: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Start `aipkit-bridge` with *arguments*; its output is kept for a failing test."""
    command = [sys.executable, "-m", "bridge", "--config", str(config), *arguments]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
        env={**os.environ, "PYTHONWARNINGS": ""},
    )


def finish(process: "subprocess.Popen[str]", timeout_s: float = 60) -> tuple[int, str, str]:
    """Wait for a process; return its exit code and what it printed."""
    out, err = process.communicate(timeout=timeout_s)
    return process.returncode, out, err


def kill(process: "subprocess.Popen[str]") -> None:
    """End a process as `kill -9` does."""
    process.kill()
    process.communicate()
