"""Values that are read from the database and lent for a while."""

import time
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from cachetools import TTLCache

from bridge.store.db import Database
from bridge.store.tx import Tx

T = TypeVar("T")

_ONLY = "the value"


class CachedValue(Generic[T]):
    """One value, read again when it is asked for and older than ``max_age_s``."""

    def __init__(
        self,
        db: Database,
        read: Callable[[Tx], T],
        *,
        max_age_s: float,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read nothing yet."""
        self._db = db
        self._read = read
        self._lock = Lock()
        self._last: T | None = None
        self._kept: TTLCache[str, T, float] = TTLCache(1, max_age_s, timer)

    def get(self) -> T:
        """
        Return the value; threads that come while it is read wait for it.

        One that is found equal stays the same object: who keeps what was made of it compares
        by `is`.
        """
        with self._lock:
            try:
                return self._kept[_ONLY]
            except KeyError:
                return self._read_again()

    def _read_again(self) -> T:
        # What is seen may be as old as the reading's begin, so its age counts from there.
        with self._kept.timer, self._db.reading() as tx:
            value = self._read(tx)
            if self._last is not None and value == self._last:
                value = self._last
            self._last = self._kept[_ONLY] = value
        return value

    def forget(self) -> None:
        """Let the next `get` read again: the value was changed just now."""
        with self._lock:
            self._kept.clear()
