"""A private MariaDB (or MySQL) in a folder of its own: starts no service, leaves nothing."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pymysql

from bridge.domain.errors import BridgeError

_START_TIMEOUT_S = 60
_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/usr/local/libexec")


class ServerError(BridgeError):
    """The private database could not be started; the text says what to install or look at."""

    code = "demo_database"


def find_program(*names: str) -> str | None:
    """Return the path of the first of *names* that is installed."""
    search = os.pathsep.join([os.defpath, *_FOLDERS])
    found = (shutil.which(name) or shutil.which(name, path=search) for name in names)
    return next((path for path in found if path), None)


class PrivateServer:
    """One database server with a socket and a port on loopback; user `root`, no password."""

    def __init__(self, folder: Path, *, options: Sequence[str] = (), port: int = 0) -> None:
        """Use *folder*, made if missing, for data, socket and log; *options* go to the server."""
        self.folder = folder
        self.socket = str(folder / "db.sock")
        self.port = port or free_port()
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """
        Make the data folder if it is new, start the server and wait until it answers.

        Raises:
            ServerError: No server is installed, or it does not start.
        """
        program = find_program("mariadbd", "mysqld")
        if program is None:
            raise ServerError(
                "No mariadbd or mysqld found:"
                " apt-get install mariadb-server-core mariadb-client-core"
            )
        data = self.folder / "data"
        if not (data / "mysql").exists():
            self._make_data(program, data)
        arguments = [
            program, "--no-defaults", f"--datadir={data}", f"--socket={self.socket}",
            "--bind-address=127.0.0.1", f"--port={self.port}", "--skip-log-bin",
            f"--pid-file={self.folder / 'db.pid'}", f"--tmpdir={self.folder}",
            "--character-set-server=utf8mb4", *self._as_user(), *self._options,
        ]  # fmt: skip
        with (self.folder / "db.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # a program found by its fixed name
                arguments, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        self._wait()

    @property
    def pid(self) -> int:
        """The running server's process."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        """Shut the server down and wait for it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=30)
            self._process = None

    def kill(self) -> None:
        """Kill the server as a power cut would; `start` recovers it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(timeout=30)
            self._process = None

    def connect(self, **arguments: Any) -> "pymysql.connections.Connection[Any]":
        """Connect as root; without TLS, whose certificates take 30 ms to load."""
        return pymysql.connect(
            user="root",
            unix_socket=self.socket,
            ssl_disabled=True,
            charset="utf8mb4",
            autocommit=True,
            **arguments,
        )

    def url(self, database: str) -> str:
        """Return a `database.url` for the bridge."""
        return f"mysql://root@127.0.0.1:{self.port}/{database}"

    def _make_data(self, program: str, data: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        installer = find_program("mariadb-install-db", "mysql_install_db")
        if Path(program).name == "mariadbd" and installer:
            command = [
                installer, "--no-defaults", f"--datadir={data}", "--skip-test-db",
                "--auth-root-authentication-method=normal", f"--tmpdir={self.folder}",
                *self._as_user(),
            ]  # fmt: skip
        else:
            command = [
                program, "--no-defaults", "--initialize-insecure", f"--datadir={data}",
                *self._as_user(),
            ]  # fmt: skip
        done = subprocess.run(  # noqa: S603  # a program found by its fixed name
            command, capture_output=True, text=True, check=False
        )
        if done.returncode:
            said = f"{done.stdout}{done.stderr}".strip()[-300:]
            raise ServerError(f"The demo database could not be made: {said}")

    @staticmethod
    def _as_user() -> list[str]:
        return ["--user=root"] if os.geteuid() == 0 else []

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.socket) == 0

    def _wait(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            if self._listens():
                self.connect().close()
                return
            time.sleep(0.05)
        raise ServerError(f"The demo database does not start: see {self.folder / 'db.log'}")


def free_port() -> int:
    """Return a port on loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
