"""
How many requests are worked on at once, in their order; the others wait their turn, not for ever.

Every connection has a thread, so that `/healthz` always finds one: behind a database that stands
still all places are taken, and those who wait for one are told to come again.
"""

from collections import deque
from threading import Lock

from flask import Flask, g, request

from bridge.domain.errors import DatabaseBusyError

PLACES = 32
"""
Requests at work in a process. Most wait for the one that books them all, so there are more than
database connections; the more wait together, the fewer commits are needed.
"""
PATIENCE_S = 5.0
_NEED_NONE = frozenset({"health.healthz", "static"})
"""What is answered without the database."""


class Turns:
    """Places, and the line of those who wait for one."""

    def __init__(self, places: int) -> None:
        """All are free."""
        self._free = places
        self._line: deque[Lock] = deque()
        self._lock = Lock()

    def take(self, patience_s: float) -> bool:
        """Take a place as soon as it is this thread's turn; say no if that takes too long."""
        gate = Lock()
        with self._lock:
            if self._free > 0:
                self._free -= 1
                return True
            gate.acquire()
            self._line.append(gate)
        if gate.acquire(timeout=patience_s):
            return True
        with self._lock:
            if gate not in self._line:
                return True  # it was given the place just now
            self._line.remove(gate)
            return False

    def take_or_refuse(self) -> None:
        """
        Take a place.

        Raises:
            DatabaseBusyError: It took too long.
        """
        if not self.take(PATIENCE_S):
            raise DatabaseBusyError("Too many requests wait for the database; try again.")

    def give_back(self) -> None:
        """Give the place to the one who waits longest."""
        with self._lock:
            if self._line:
                self._line.popleft().release()
            else:
                self._free += 1


def init_app(app: Flask) -> Turns:
    """Let requests of *app* take turns; return them, for requests that come another way."""
    turns = Turns(PLACES)

    @app.before_request
    def take() -> None:
        if request.endpoint in _NEED_NONE:
            return
        turns.take_or_refuse()
        g.has_place = True

    @app.teardown_request
    def give_back(_: BaseException | None) -> None:
        if g.pop("has_place", False):
            turns.give_back()

    return turns
