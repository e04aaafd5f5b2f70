"""Bridge processes that start at once: forked from one that has all code imported already.

They are processes as any others, to be killed; what is saved is the second that Python's start
takes. For `serve`, which starts processes of its own, they will not do.
"""

import multiprocessing
import os
import sys
import tempfile
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [
        f"bridge.cli.{name}"
        for name in ("main", "account", "backfill", "export", "init", "migrate", "sync", "worker")
    ]
)


class BridgeFork:
    """`aipkit-bridge` with some arguments, with the parts of `subprocess.Popen` that tests use."""

    def __init__(self, arguments: list[str], folder: Path) -> None:
        """Start it in *folder*."""
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115  # closed when it is read
        self._complained = tempfile.TemporaryFile()  # noqa: SIM115  # likewise
        theirs, self._stdin = os.pipe()
        files = theirs, self._printed.fileno(), self._complained.fileno()
        self._process = _FORKS.Process(
            target=_be_the_bridge,
            args=(arguments, str(folder), [DupFd(number) for number in files]),
        )
        self._process.start()
        os.close(theirs)

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int:
        assert self._process.exitcode is not None
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return the exit code; None while it runs."""
        return self._process.exitcode

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    def complaints(self) -> str:
        """Return what it has written to standard error so far."""
        number = self._complained.fileno()
        return os.pread(number, os.fstat(number).st_size, 0).decode()

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for its end; return what it printed."""
        self._process.join(timeout)
        if self._process.is_alive():
            raise TimeoutError(f"still running after {timeout} s: pid {self.pid}")
        os.close(self._stdin)
        return _text(self._printed), _text(self._complained)


def _text(file: Any) -> str:
    with file:
        file.seek(0)
        return str(file.read(), "utf-8")


def _be_the_bridge(arguments: list[str], folder: str, files: list[Any]) -> None:
    from bridge.cli.main import main  # tests' own process has no use for it

    for number, file in enumerate(files):
        os.dup2(file.detach(), number)
    sys.stdin = os.fdopen(0)
    sys.argv = ["aipkit-bridge", *arguments]
    os.chdir(folder)
    main()
