"""A line between two programs that can be cut, slowed down and frozen: a proxy of TCP."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread

_CHUNK = 65_536


class Line:
    """Leads from a port of its own on loopback to another one."""

    def __init__(self, to_port: int) -> None:
        """Open it."""
        self._to = ("127.0.0.1", to_port)
        self._entrance = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._entrance.getsockname()[1])
        self._flows = Event()
        self._flows.set()
        self._delay_s = 0.0
        self._refuses = False
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Cut all connections, wherever they are; new ones are led on."""
        with self._lock:
            ends = [*self._open]
        for end in ends:
            _hang_up(end)

    @contextmanager
    def down(self) -> Iterator[None]:
        """Cut all connections, and let none through meanwhile."""
        self._refuses = True
        self.cut()
        try:
            yield
        finally:
            self._refuses = False

    @contextmanager
    def slow(self, delay_s: float) -> Iterator[None]:
        """Let everything that is sent take a while."""
        self._delay_s = delay_s
        try:
            yield
        finally:
            self._delay_s = 0.0

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let nothing through, and close nothing: who waits is not told anything."""
        self._flows.clear()
        try:
            yield
        finally:
            self._flows.set()

    def close(self) -> None:
        """Take it away."""
        self._flows.set()
        with suppress(OSError):
            self._entrance.shutdown(socket.SHUT_RDWR)
        self._entrance.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                near, _ = self._entrance.accept()
                Thread(target=self._lead_on, args=(near,), daemon=True).start()

    def _lead_on(self, near: socket.socket) -> None:
        with near, suppress(OSError):
            if self._refuses:
                return
            self._flows.wait()
            with socket.create_connection(self._to) as far:
                for end in (near, far):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    self._open |= {near, far}
                back = Thread(target=self._carry, args=(far, near), daemon=True)
                back.start()
                self._carry(near, far)
                back.join()
                with self._lock:
                    self._open -= {near, far}

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                if self._delay_s:
                    time.sleep(self._delay_s)
                self._flows.wait()
                target.sendall(data)
        _hang_up(source)
        _hang_up(target)


def _hang_up(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
