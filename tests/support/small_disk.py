"""A database on a disk that other programs can fill."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Protocol

import pymysql

from demo.private_server import PrivateServer

_ROOM_MIB = 192
_SIZES = (2**20, 2**10, 1)
_OPTIONS = ("--innodb-log-file-size=4M", "--innodb-buffer-pool-size=16M")
_BOUNDED = "--innodb-data-file-path=ibdata1:12M:autoextend:max:{}M"


class SmallDisk(Protocol):
    """Where a server keeps its data."""

    server: PrivateServer

    def fill(self) -> None:
        """Take all the room there is."""

    def make_room(self) -> None:
        """Give it back."""


class _Mounted:
    """A disk of its own."""

    def __init__(self, folder: Path) -> None:
        self.server = PrivateServer(folder / "db", options=_OPTIONS)
        self._filler = folder / "filler"

    def fill(self) -> None:
        with self._filler.open("wb", buffering=0) as filler:
            for size in _SIZES:
                with suppress(OSError):
                    while os.write(filler.fileno(), bytes(size)):
                        pass

    def make_room(self) -> None:
        self._filler.unlink()


class _Bounded:
    """Where no disk may be mounted: one file of data that may not grow further."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.server = self._of(48)

    def fill(self) -> None:
        with self.server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE filler")
            cursor.execute("CREATE TABLE filler.data (bytes LONGBLOB)")
            for size in _SIZES:
                with suppress(pymysql.MySQLError):
                    while cursor.execute("INSERT INTO filler.data VALUES (%s)", (bytes(size),)):
                        pass

    def make_room(self) -> None:
        port = self.server.port
        self.server.stop()
        self.server = self._of(256, port)
        self.server.start()

    def _of(self, size_mib: int, port: int = 0) -> PrivateServer:
        options = [*_OPTIONS, "--innodb-file-per-table=0", _BOUNDED.format(size_mib)]
        return PrivateServer(self._folder / "db", options=options, port=port)


@contextmanager
def small_disk() -> Iterator[SmallDisk]:
    """Give one with a server running on it."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="aipkit-bridge-tests-"))
        mount = ["mount", "-t", "tmpfs", "-o", f"size={_ROOM_MIB}m", "none", folder]
        is_mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
        if is_mounted:
            stack.callback(subprocess.run, ["umount", folder], check=True)
        disk: SmallDisk = _Mounted(Path(folder)) if is_mounted else _Bounded(Path(folder))
        disk.server.start()
        stack.callback(lambda: disk.server.stop())  # the one that runs then
        yield disk
