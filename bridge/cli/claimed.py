"""
The port of `serve`, which no other service may listen on.

Granian lets each of its processes listen by itself (SO_REUSEPORT): so the system shares out new
connections evenly, which processes that share one socket do not. Each makes its socket once its
application is loaded, and keeps it until it ends: no connection waits at one that is given up. But
the system would let every other program of the same user join: two services would get each other's
requests, and neither would learn of it. Therefore `serve` holds the port by a socket that does not
listen.
"""

import errno
import socket
import time

from bridge.domain.errors import BridgeError

_PATIENCE_S = 5.0
_EVERY_ADDRESS = "::"


class PortTakenError(BridgeError):
    """The address cannot be listened on."""

    code = "port_taken"


def claim_port(host: str, port: int, *, patience_s: float = _PATIENCE_S) -> socket.socket:
    """
    Return a socket that holds the port, against all who claim it, while a process has it open.

    One that is just ending is waited for: server processes outlive a killed `serve` by a second.

    Raises:
        PortTakenError: Somebody else listens there, or nobody may.
    """
    give_up_at = time.monotonic() + patience_s
    while True:
        try:
            return _hold(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > give_up_at:
                raise PortTakenError(
                    f"Cannot listen on {host}, port {port} ({error.strerror}): stop what listens "
                    "there, or choose another address with --host and --port."
                ) from error
            time.sleep(0.1)


def _hold(host: str, port: int) -> socket.socket:
    """
    Listen for a moment, which the system grants to one alone, and keep the address.

    At each step others are kept out: first since we listen, then since the address may not be used
    again, save by those that ask for SO_REUSEPORT: our own server processes.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = found[0]
    claim = socket.create_server(address[:2], family=family, dualstack_ipv6=host == _EVERY_ADDRESS)
    claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    claim.shutdown(socket.SHUT_RD)
    claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return claim
