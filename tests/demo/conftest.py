"""The demo as somebody runs it who has just cloned the project: a process of its own."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from demo.private_server import free_port
from tests.support.folders import ROOT
from tests.support.processes import children_of
from tests.support.waiting import wait_until

STARTS_WITHIN_S = 60
ENDS_WITHIN_S = 30


@dataclass(frozen=True)
class RunningDemo:
    """`make demo` without `make`."""

    process: "subprocess.Popen[bytes]"
    port: int
    folder: Path  # where it may put what is its own

    @property
    def said(self) -> str:
        return (self.folder / "said").read_text("utf-8")

    @property
    def config(self) -> Path:
        [path] = self.folder.glob("*/config.toml")
        return path

    def wait_for(self, text: str) -> None:
        wait_until(
            lambda: text in self.said or self.process.poll() is not None,
            lambda: self.said,
            timeout_s=STARTS_WITHIN_S,
        )
        assert text in self.said

    def address(self, name: str) -> str:
        """What was printed beside a name."""
        found = re.search(rf"^  {name}: +(http\S+)$", self.said, re.MULTILINE)
        assert found, self.said
        return found[1]

    def interrupt(self) -> int:
        """As Ctrl-C does; return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(ENDS_WITHIN_S)

    def family(self) -> list[int]:
        """All processes that it has started, and those that these have."""
        found = [self.process.pid]
        for pid in found:
            found += children_of(pid)
        return found[1:]


@contextmanager
def start_demo(*arguments: str) -> Iterator[RunningDemo]:
    port = free_port()
    # Not pytest's folder: a socket's path may have 107 characters at most.
    with tempfile.TemporaryDirectory(prefix="demo-") as name:
        folder = Path(name)
        with (folder / "said").open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "demo", "--port", str(port), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                cwd=ROOT,
                env={**os.environ, "TMPDIR": name, "PYTHONUNBUFFERED": "1"},
            )
        demo = RunningDemo(process, port, folder)
        try:
            yield demo
        finally:
            if process.poll() is None:
                demo.interrupt()


@pytest.fixture(scope="module")
def demo() -> Iterator[RunningDemo]:
    with start_demo() as demo:
        demo.wait_for("Ready.")
        yield demo


@pytest.fixture
def visitor(demo: RunningDemo) -> Iterator[requests.Session]:
    """A browser that sends what browsers send with forms."""
    with requests.Session() as session:
        session.headers["Origin"] = demo.address("Shop").rstrip("/")
        yield session
