"""Getting into the site's database: by what wp-config.php says, or by what a person answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias
from urllib.parse import quote

from bridge.domain.db_host import DbHost, parse_db_host
from bridge.domain.errors import DatabaseUnavailableError
from bridge.domain.php_expressions import Unknown
from bridge.domain.wp_config import WpConfig
from bridge.services.setup.errors import SetupError
from bridge.store.db import Database

Connect: TypeAlias = Callable[[str, str, str], Database]
"""Open a database by its address, the site's prefix and that of the users' tables."""

_SOCKETS = (
    "/run/mysqld/mysqld.sock",
    "/var/run/mysqld/mysqld.sock",
    "/var/lib/mysql/mysql.sock",
    "/tmp/mysql.sock",  # noqa: S108  # where MySQL's own build has it
)
"""Where PHP looks for `localhost`, as distributions set it."""


class Ask(Protocol):
    """Ask a person for something that could not be found out."""

    def __call__(self, name: str, why: str, *, default: str = "", is_secret: bool = False) -> str:
        """Return the answer; *why* says what stands in the way of finding it."""


@dataclass(frozen=True, slots=True)
class DatabaseLogin:
    """A user's way into a database."""

    user: str
    password: str
    database: str
    host: DbHost

    def urls(self) -> Sequence[str]:
        """Return the addresses to try, in the order in which PHP would find them."""
        if self.host.socket:
            return [self._url("", self.host.socket)]
        found = [path for path in _SOCKETS if Path(path).exists()][:1]
        sockets = [self._url("", path) for path in found] if self.host.means_a_socket else []
        name = "127.0.0.1" if self.host.means_a_socket else self.host.host
        where = f"[{name}]" if ":" in name else name
        return [*sockets, self._url(f"{where}:{self.host.port}", "")]

    def with_user(self, url: str, user: str, password: str) -> str:
        """Return an address that `urls` gave, for another user."""
        mine, theirs = self._who(self.user, self.password), self._who(user, password)
        return url.replace(f"//{mine}@", f"//{theirs}@", 1)

    def _url(self, where: str, socket: str) -> str:
        query = f"?unix_socket={quote(socket)}" if socket else ""
        who = self._who(self.user, self.password)
        return f"mysql://{who}@{where}/{quote(self.database, safe='')}{query}"

    @staticmethod
    def _who(user: str, password: str) -> str:
        return f"{quote(user, safe='')}:{quote(password, safe='')}"


def read_login(config: WpConfig, ask: Ask) -> DatabaseLogin:
    """Return what wp-config.php says, and ask for just what it does not say itself."""

    def known(name: str, *, default: str = "", is_secret: bool = False) -> str:
        value = config.constant(name)
        if isinstance(value, str):
            return value
        why = value.why if isinstance(value, Unknown) else "is no text"
        return ask(name, f"{name} {why}.", default=default, is_secret=is_secret)

    return make_login(
        known("DB_HOST", default="localhost"),
        known("DB_NAME"),
        known("DB_USER"),
        known("DB_PASSWORD", is_secret=True),
    )


def ask_login(ask: Ask) -> DatabaseLogin:
    """Ask for a database that no wp-config.php names."""
    why = "Where the site's database answers, as this machine reaches it: host or host:port."
    return make_login(
        ask("DB_HOST", why),
        ask("DB_NAME", "The database's name."),
        ask("DB_USER", "A user who may read and write there."),
        ask("DB_PASSWORD", "That user's password.", is_secret=True),
    )


def make_login(host: str, database: str, user: str, password: str) -> DatabaseLogin:
    """
    Put a login together.

    Raises:
        SetupError: The host cannot be read.
    """
    parsed = parse_db_host(host)
    if parsed is None:
        raise SetupError(
            f"DB_HOST “{host}” is no host: write db.example:3306, or a socket's path."
        )
    return DatabaseLogin(user, password, database, parsed)


def open_first(login: DatabaseLogin, connect: Connect) -> tuple[str, Database]:
    """
    Return the first address that lets the login in, and the open database.

    Raises:
        DatabaseUnavailableError: None does; the first one's reason.
    """
    errors = []
    for url in login.urls():
        db = connect(url, "", "")
        try:
            with db.reading():
                return url, db
        except DatabaseUnavailableError as error:
            db.close()
            errors.append(error)
    raise errors[0]
