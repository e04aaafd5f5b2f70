"""
A listening socket that outlives a restart: whoever starts us holds it, so nobody is refused.

As systemd hands it over (sd_listen_fds): its number is 3, and the environment says for whom.
"""

import copyreg
import os
import signal
import socket
import time
from contextlib import suppress
from multiprocessing.reduction import DupFd
from typing import Any

from granian._granian import SocketHolder  # what granian.net makes, from a number
from granian.server.mp import MPServer

from bridge.domain.errors import BridgeError

_FIRST_FD = 3
_STOP_ACCEPTING = signal.SIGUSR1
_LAST_WORDS_S = 0.3
"""For who was let in just now, to say what he wants."""

_served: list[int] = []
"""The number of the inherited socket in this process, if there is one."""


class BadSocketError(BridgeError):
    """What was handed over cannot be served."""

    code = "bad_socket"


def inherited_socket() -> socket.socket | None:
    """
    Return the socket that was handed over to this process; None if there is none.

    Processes that we start find nothing of it in their environment.

    Raises:
        BadSocketError: It is not one TCP socket that is listened on.
    """
    environ = os.environ  # noqa: TID251  # not settings: how a process is told what it inherits
    given = {
        name: environ.pop(name, "") for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")
    }
    if given["LISTEN_PID"] != str(os.getpid()):
        return None
    listener = socket.socket(fileno=_FIRST_FD) if given["LISTEN_FDS"] == "1" else None
    if listener is None or not _is_served(listener):
        raise BadSocketError(
            "serve takes over exactly one TCP socket: leave one ListenStream=host:port in "
            "aipkit-bridge.socket."
        )
    listener.set_inheritable(False)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _is_served(listener: socket.socket) -> bool:
    return (
        listener.family in (socket.AF_INET, socket.AF_INET6)
        and listener.type == socket.SOCK_STREAM
        and listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
    )


class InheritingServer(MPServer):
    """Granian, on a socket that it did not make."""

    def __init__(self, *arguments: Any, listener: socket.socket, **options: Any) -> None:
        """As `MPServer`; *listener* is closed by nobody but the process's end."""
        super().__init__(*arguments, **options)
        self._listener = listener

    def _init_shared_socket(self) -> None:
        self._ssp = self._sso = None
        self._shd: Any = _hold(self._listener.fileno(), False, self.backlog)

    def _stop_workers(self) -> None:
        for worker in self.wrks:
            with suppress(ProcessLookupError):
                os.kill(worker.inner.pid, _STOP_ACCEPTING)
        time.sleep(_LAST_WORDS_S)
        super()._stop_workers()  # type: ignore[no-untyped-call]  # of granian


def stop_accepting_when_told() -> None:
    """
    Let a server process leave new connections to its successor before it ends.

    Granian ends by closing connections that have not said anything yet. On the signal, an idle
    socket takes the place of the one that is inherited, so that no more are accepted.
    """

    def replace(*_: object) -> None:
        with socket.create_server(("127.0.0.1", 0)) as idle:
            idle.setblocking(False)
            os.dup2(idle.fileno(), _served[0], inheritable=False)

    if _served:
        signal.signal(_STOP_ACCEPTING, replace)


def _hold(number: int, *more: Any) -> SocketHolder:
    _served[:] = [number]
    return SocketHolder(number, *more)  # type: ignore[call-arg]  # the stub leaves them out


def _pass_on(holder: SocketHolder) -> tuple[Any, ...]:
    state: Any = holder.__getstate__()
    return _take_over, (DupFd(state[0]), *state[1:])


def _take_over(duplicate: Any, *more: Any) -> SocketHolder:
    return _hold(duplicate.detach(), *more)


# Granian passes the number on, which means nothing in a process that is not forked (Python 3.14).
copyreg.pickle(SocketHolder, _pass_on)
