"""Where `DB_HOST` of a `wp-config.php` leads, read as WordPress reads it."""

import re
from dataclasses import dataclass

_ADDRESS_6 = re.compile(r"\[?(?P<host>[0-9A-Fa-f:.]+)(?:\]:(?P<port>\d+))?")
_ADDRESS = re.compile(r"(?P<host>[^:/]*)(?::(?P<port>\d+))?")
_PORT = 3306


@dataclass(frozen=True, slots=True)
class DbHost:
    """A socket, or a host with its port."""

    host: str
    port: int = _PORT
    socket: str = ""

    @property
    def means_a_socket(self) -> bool:
        """Whether PHP looks for the system's own socket: it does for `localhost`, and no other."""
        return not self.socket and self.host.lower() == "localhost"


def parse_db_host(text: str) -> DbHost | None:
    """Take `host`, `host:port`, `host:/socket`, `[2001:db8::1]:3306` apart; None: it is none."""
    address, _, path = text.strip().partition(":/")
    if path:
        return DbHost(address, socket=f"/{path}")
    if address.startswith("/"):
        return DbHost("", socket=address)
    pattern = _ADDRESS_6 if address.count(":") > 1 else _ADDRESS
    found = pattern.match(address)
    if found is None or not found["host"]:
        return None
    return DbHost(found["host"], int(found["port"] or _PORT))
