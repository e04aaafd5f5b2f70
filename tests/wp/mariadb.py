"""A private MariaDB in a temporary folder, reached by its socket only."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pymysql

START_SECONDS_MAX = 60


@dataclass(frozen=True)
class Server:
    """How to reach a database server; the user owns everything."""

    socket: Path
    user: str = "root"
    password: str = ""

    def connect(self, database: str | None = None) -> "pymysql.Connection[pymysql.cursors.Cursor]":
        """A new connection that commits by itself."""
        return pymysql.connect(
            unix_socket=str(self.socket),
            user=self.user,
            password=self.password,
            database=database,
            charset="utf8mb4",
            autocommit=True,
        )


@contextmanager
def running_server() -> Iterator[Server]:
    """Starts a server with no network, and takes it away again with all its data."""
    # not pytest's folder: a socket's path may have 107 characters only
    folder = Path(tempfile.mkdtemp(prefix="aipkit-db-"))
    server = Server(folder / "db.sock")
    process: subprocess.Popen[bytes] | None = None
    try:
        make_data(folder / "data")
        process = start(folder / "data", server.socket)
        wait_until_it_answers(server, process)
        yield server
    finally:
        if process is not None:
            process.terminate()
            process.wait()
        shutil.rmtree(folder)


def make_data(data: Path) -> None:
    """Makes the system tables; root needs no password."""
    subprocess.run(
        [
            needed("mariadb-install-db", "mysql_install_db"),
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            *as_current_user(),
        ],
        check=True,
        capture_output=True,
    )


def start(data: Path, address: Path) -> "subprocess.Popen[bytes]":
    """Starts the server; what is lost when the machine dies does not matter here."""
    return subprocess.Popen(
        [
            needed("mariadbd", "mysqld"),
            "--no-defaults",
            f"--datadir={data}",
            f"--socket={address}",
            f"--pid-file={data}/server.pid",
            "--skip-networking",
            "--innodb-buffer-pool-size=64M",
            "--innodb-flush-log-at-trx-commit=0",
            "--performance-schema=OFF",
            *as_current_user(),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_until_it_answers(server: Server, process: "subprocess.Popen[bytes]") -> None:
    """Returns when the server accepts connections; raises if it ended or takes too long."""
    give_up_at = time.monotonic() + START_SECONDS_MAX
    while not listens(server.socket):
        if process.poll() is not None or time.monotonic() > give_up_at:
            raise RuntimeError("The test's MariaDB did not start.")
        time.sleep(0.05)


def listens(path: Path) -> bool:
    """Whether somebody accepts connections at this socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def as_current_user() -> list[str]:
    """Root has to name the user the server runs as."""
    return ["--user=root"] if os.geteuid() == 0 else []


def needed(*names: str) -> str:
    """The path of the first of these programs that exists."""
    for name in names:
        path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin")
        if path is not None:
            return path
    raise RuntimeError(f"{names[0]} is needed; install the package mariadb-server-core.")
