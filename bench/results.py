"""What rows come to: rounds of the service and of what it is held against, and a verdict."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from bridge.version import VERSION
from demo.private_server import find_program

_PACKAGES = ("Flask", "granian", "PyMySQL", "pydantic")


@dataclass(frozen=True, slots=True)
class Round:
    """One turn of each, a second."""

    figure: float
    baseline: float
    details: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table; ``details`` are for the file."""

    row: str
    what: str
    figure: str
    baseline: str
    value: str
    reach: str
    reached: bool
    details: object


def rate(row: str, what: str, rounds: Sequence[Round], *, reach_percent: int) -> Result:
    """Take medians; the ratio is of each round, as a busy machine disturbs both of one alike."""
    figure = median(one.figure for one in rounds)
    baseline = median(one.baseline for one in rounds)
    percent = median(100 * one.figure / one.baseline for one in rounds)
    return Result(
        row,
        what,
        f"{figure:,.0f}/s",
        f"{baseline:,.0f}/s",
        f"{percent:.0f} %",
        f"≥ {reach_percent} %",
        percent >= reach_percent,
        [asdict(one) for one in rounds],
    )


def print_table(results: Sequence[Result]) -> None:
    """Print what was found."""
    table = Table("row", "what", "figure", "against", "is", "to reach", "reached")
    for one in results:
        reached = "yes" if one.reached else "no"
        table.add_row(one.row, one.what, one.figure, one.baseline, one.value, one.reach, reached)
    Console().print(table)


def write_json(path: Path, results: Sequence[Result], options: Mapping[str, Any]) -> None:
    """Write everything, with what it was found on."""
    found = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": _machine(),
        "versions": _versions(),
        "options": dict(options),
        "results": [asdict(one) for one in results],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _machine() -> dict[str, object]:
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": os.cpu_count(),
        "processor": models[0] if models else platform.processor(),
        "memory_gib": round(pages / 2**30, 1),
        "system": platform.platform(),
    }


def _versions() -> dict[str, str]:
    database = find_program("mariadbd", "mysqld")
    assert database is not None  # it has just run
    said = subprocess.run([database, "--version"], capture_output=True, text=True, check=True)
    return {
        "aipkit-bridge": VERSION,
        "Python": platform.python_version(),
        "database": said.stdout.partition("Ver ")[2].partition(" for")[0],
        **{name: version(name) for name in _PACKAGES},
    }
