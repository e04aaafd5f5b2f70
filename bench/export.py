"""The row of the export: how long it takes, and whether its memory grows with the accounts."""

import subprocess
import sys
import time
from pathlib import Path

from bench.results import Result
from bench.stage import CONFIG, ROOT, BenchError, Stage

MOST_GROWTH_MIB = 16
_LOOK_EVERY_S = 0.05
_BEGUN_BYTES = 1_000_000
"""So much was written: all is imported and connected."""


def measure_export(stage: Stage, count: int) -> Result:
    """Export all accounts; compare the memory when it has begun with the most it ever took."""
    path = stage.folder / "accounts.csv"
    command = [sys.executable, "-m", "bridge", "--config", str(stage.folder / CONFIG), "export",
               "--output", str(path)]  # fmt: skip
    started = time.monotonic()
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        begun_mib, most_mib = _watch(process, path.with_name(f"{path.name}.part"))
    took_s = time.monotonic() - started
    with path.open("rb") as file:
        lines = sum(1 for _ in file) - 1
    if process.returncode or lines != count:
        raise BenchError(f"The export ended with {process.returncode} and {lines} lines.")
    growth = most_mib - begun_mib
    return Result(
        "export",
        f"{count:,} accounts as CSV: memory from the first megabyte on",
        f"{took_s:.0f} s, {most_mib:.0f} MiB",
        f"{begun_mib:.0f} MiB",
        f"{growth:+.1f} MiB",
        f"≤ {MOST_GROWTH_MIB} MiB",
        growth <= MOST_GROWTH_MIB,
        {"seconds": took_s, "begun_mib": begun_mib, "most_mib": most_mib},
    )


def _watch(process: "subprocess.Popen[bytes]", part: Path) -> tuple[float, float]:
    """Return the memory when the file has begun, and the most until the end."""
    begun = most = 0.0
    while process.poll() is None:
        most = _peak_mib(process.pid) or most
        if not begun and part.exists() and part.stat().st_size > _BEGUN_BYTES:
            begun = most
        time.sleep(_LOOK_EVERY_S)
    return begun, most


def _peak_mib(pid: int) -> float:
    """Return the most resident memory a process has had; 0 once it has ended."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    peaks = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(peaks[0]) / 1024 if peaks else 0.0
