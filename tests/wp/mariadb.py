"""How WordPress reaches the tests' database server."""

from dataclasses import dataclass
from pathlib import Path

import pymysql


@dataclass(frozen=True)
class Server:
    """A server by its socket; the user owns everything."""

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
