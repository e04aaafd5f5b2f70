"""Server processes are forked at any moment, also while the worker beside them is started."""

import os
import signal
import subprocess
import time
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from bridge.cli import serve

PATIENT_S = 20


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Processes that are forked whenever a program is just being started."""
    forked: list[int] = []

    def fork_first(start: Any) -> Any:
        def start_after_a_fork(*args: Any, **more: Any) -> Any:
            if (pid := os.fork()) == 0:
                signal.pause()
            forked.append(pid)
            return start(*args, **more)

        return start_after_a_fork

    for module, name in ((subprocess, "_fork_exec"), (os, "posix_spawn")):
        monkeypatch.setattr(module, name, fork_first(getattr(module, name)))
    return forked


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Programs that were started, as whoever did knows."""
    started: list[subprocess.Popen[bytes]] = []

    class Counted(subprocess.Popen[bytes]):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Counted)
    return started


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_forked_meanwhile_does_not_keep_the_worker_from_being_started_again(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    forked: list[int],
    started: list[subprocess.Popen[bytes]],
) -> None:
    monkeypatch.setattr(serve, "_RESPAWN_AFTER_S", 0.01)
    stop = Event()
    keeper = Thread(target=serve._keep_worker, args=(tmp_path / "no such file", stop))

    keeper.start()  # its worker ends at once: there is no configuration
    deadline = time.monotonic() + PATIENT_S
    while len(started) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    starts = len(started)
    stop.set()
    for pid in forked:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    keeper.join()
    for process in started:
        process.communicate()

    assert starts >= 2
