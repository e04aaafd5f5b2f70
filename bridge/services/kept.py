"""Values that are read from the database and lent for a while."""

import time
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from bridge.store.db import Database, Tx

T = TypeVar("T")


class Kept(Generic[T]):
    """One value, read again when it is asked for and older than ``max_age_s``."""

    def __init__(self, db: Database, read: Callable[[Tx], T], *, max_age_s: float) -> None:
        """Read nothing yet."""
        self._db = db
        self._read = read
        self._max_age_s = max_age_s
        self._lock = Lock()
        self._value: T | None = None
        self._read_at = 0.0

    def get(self) -> T:
        """Return the value; threads that come while it is read wait for it."""
        with self._lock:
            now = time.monotonic()
            if self._value is None or now - self._read_at >= self._max_age_s:
                with self._db.reading() as tx:
                    self._value = self._read(tx)
                self._read_at = now
            return self._value

    def forget(self) -> None:
        """Let the next `get` read again: the value was changed just now."""
        with self._lock:
            self._value = None
