"""Files of tests in the order in which several workers end together; how long each took."""

import json
from collections import defaultdict
from pathlib import Path

import pytest

_DURATIONS = Path(__file__).parent.parent / "durations.json"
_SLOWEST = 10

_seconds: defaultdict[str, float] = defaultdict(float)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what `make test ARGS=…` takes."""
    parser.addoption("--reverse-files", action="store_true", help="run the quickest files first")
    parser.addoption(
        "--renew-durations", action="store_true", help="write tests/durations.json afresh"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """
    Let the files that take longest go first.

    Workers take whole files (`--dist loadfile`), so what a file shares is made once; the quick
    ones at the end even out what is left. A file not measured yet counts as slow.
    """
    measured = json.loads(_DURATIONS.read_text("utf-8"))
    items.sort(
        key=lambda item: (-measured.get(_file_of(item.nodeid), 60), _file_of(item.nodeid)),
        reverse=config.getoption("--reverse-files"),
    )


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count a test's time, setup and teardown included, for its file."""
    _seconds[_file_of(report.nodeid)] += report.duration


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say which files took longest, so that a suite that grows slow is seen to."""
    by_time = sorted(_seconds.items(), key=lambda item: -item[1])
    terminalreporter.section(f"the {_SLOWEST} slowest of {len(by_time)} files")
    for name, seconds in by_time[:_SLOWEST]:
        terminalreporter.line(f"{seconds:7.1f} s  {name}")
    if config.getoption("--renew-durations"):
        rounded = {name: round(seconds, 1) for name, seconds in by_time}
        _DURATIONS.write_text(json.dumps(rounded, indent=0) + "\n", "utf-8")


def _file_of(nodeid: str) -> str:
    return nodeid.partition("::")[0]
