"""Real bridge processes, for tests that kill them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, RLock, Thread
from typing import TypeAlias

from demo.waiting import is_up, new_instance
from tests.support.folders import ROOT
from tests.support.forks import BridgeFork
from tests.support.site import CONSUMER_KEY, CONSUMER_SECRET, SECRET, SITE_URL, SiteDatabase

_ENVIRONMENT = {**os.environ, "PYTHONWARNINGS": ""}


def _bridge(config: Path) -> list[str]:
    return [sys.executable, "-m", "bridge", "--config", str(config)]


_HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
os.execv(sys.argv[2], sys.argv[2:])
"""


class ServerTree:
    """`serve` with its server processes: a group of its own, which dies as one."""

    def __init__(
        self, config: Path, port: int, *arguments: str, listener: socket.socket | None = None
    ) -> None:
        """
        Start nothing yet; what is printed goes to `serve.log` beside *config*.

        A *listener* is handed over as systemd does it.
        """
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.instance = ""
        self._command = [*_bridge(config), "serve", "--port", str(port), *arguments]
        self._inherited = () if listener is None else (listener.fileno(),)
        self._log = config.parent / "serve.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = RLock()

    @contextmanager
    def restarted(self) -> Iterator[None]:
        """Start it anew whenever it ends by itself, as systemd does."""
        stop = Event()

        def watch() -> None:
            while not stop.wait(0.1):
                with self._lock:
                    if self._process is not None and self._process.poll() is not None:
                        self.start()

        watcher = Thread(target=watch)
        watcher.start()
        try:
            yield
        finally:
            stop.set()
            watcher.join()

    def start(self, timeout_s: float = 60) -> None:
        """Start it and wait until it answers."""
        with self._lock, self._log.open("ab") as log:
            self.instance = new_instance()
            self._process = subprocess.Popen(
                [*self._hand_over(), *self._command, "--instance", self.instance],
                pass_fds=self._inherited,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env=_ENVIRONMENT,
                start_new_session=True,
            )
        deadline = time.monotonic() + timeout_s
        while not self._answers():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.05)

    def _hand_over(self) -> list[str]:
        return [w for fd in self._inherited for w in (sys.executable, "-c", _HAND_OVER, str(fd))]

    def end(self, timeout_s: float = 60) -> None:
        """End it as a service manager does, and wait until it is gone."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(timeout_s)
        self._process = None

    def kill(self) -> None:
        """End all its processes at once, as a power cut does."""
        with self._lock:
            if self._process is not None:
                with suppress(ProcessLookupError):  # all of it has ended already
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
                self._process = None

    def kill_one(self, number: int) -> None:
        """End one of its server processes, which is then replaced."""
        children = [pid for pid in self._children() if not _is_worker(pid)]
        if children:  # none, while one that died is being replaced
            _kill(children[number % len(children)])

    def kill_worker(self) -> bool:
        """End its worker process, which is then replaced; say no if there is none just now."""
        workers = [pid for pid in self._children() if _is_worker(pid)]
        for pid in workers:
            _kill(pid)
        return bool(workers)

    def kill_parent(self) -> None:
        """End `serve` itself; its server processes learn of it by and by."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def _children(self) -> list[int]:
        assert self._process is not None
        return children_of(self._process.pid)

    def _answers(self) -> bool:
        """Say whether it is up; where the database is away no server tells its name."""
        if is_up(f"{self.url}/readyz", self.instance):
            return True
        return not is_up(f"{self.url}/readyz", None) and is_up(f"{self.url}/healthz", None)


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started and that still run."""
    children = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):  # the thread has just ended
            children += [int(child) for child in thread.read_text("ascii").split()]
    return children


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _is_worker(pid: int) -> bool:
    try:
        return b"--with-parent" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:  # it has just ended
        return False


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


Process: TypeAlias = "subprocess.Popen[str] | BridgeFork"

_started: list[Process] = []


def spawn(config: Path, *arguments: str) -> Process:
    """Start `aipkit-bridge` with *arguments*; its output is kept for a failing test."""
    process: Process
    if arguments[0] == "serve":
        process = spawn_program(config, *arguments)
    else:
        process = BridgeFork(["--config", str(config), *arguments], ROOT)
    _started.append(process)
    return process


def spawn_program(config: Path, *arguments: str) -> "subprocess.Popen[str]":
    """As `spawn`, from Python's very start."""
    return subprocess.Popen(
        [*_bridge(config), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=_ENVIRONMENT,
    )


@contextmanager
def ended_with_the_test() -> Iterator[None]:
    """End what a failing test leaves running: it would work on the next one's site."""
    before = len(_started)
    yield
    for process in _started[before:]:
        if process.poll() is None:
            kill(process)
    del _started[before:]


def finish(process: Process, timeout_s: float = 60) -> tuple[int, str, str]:
    """Wait for a process; return its exit code and what it printed."""
    out, err = process.communicate(timeout=timeout_s)
    return process.returncode, out, err


def kill(process: Process) -> None:
    """End a process as `kill -9` does."""
    process.kill()
    process.communicate()
