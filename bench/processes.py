"""What a process and all it has started use, out of /proc."""

import os
from collections.abc import Collection
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def tree(root: int) -> list[int]:
    """Return *root* and all its descendants."""
    parents = {int(path.name): _parent(path) for path in Path("/proc").glob("[0-9]*")}
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def cpu_seconds(pids: Collection[int]) -> float:
    """Return the processor time that they have used so far."""
    return sum(sum(map(int, _stat(Path(f"/proc/{pid}"))[11:13])) for pid in pids) / _TICKS


class CpuMeter:
    """Processor time that some processes use from now on."""

    def __init__(self, pids: Collection[int]) -> None:
        self._pids = pids
        self._before = cpu_seconds(pids)

    def ms_each(self, count: int) -> float:
        """Return milliseconds for each of *count* things done meanwhile."""
        return round(1000 * (cpu_seconds(self._pids) - self._before) / max(1, count), 3)


def pss_mib(pids: Collection[int]) -> float:
    """Return their memory, with shared pages counted once (PSS)."""
    return sum(_pss_kib(Path(f"/proc/{pid}/smaps_rollup")) for pid in pids) / 1024


def _parent(path: Path) -> int:
    try:
        return int(_stat(path)[1])
    except OSError:  # it has ended meanwhile
        return 0


def _stat(path: Path) -> list[str]:
    """Return what stands behind the name, which may itself hold spaces."""
    return (path / "stat").read_text().rpartition(")")[2].split()


def _pss_kib(path: Path) -> int:
    line = next(line for line in path.read_text().splitlines() if line.startswith("Pss:"))
    return int(line.split()[1])
