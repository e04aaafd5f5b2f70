"""
Whether those who were answered just now are worth waiting for.

Under load the same callers ask again and again. Those of the last batch come back while the next
one is booked, so that two groups take turns for ever, each half as large as it could be; and half
of what a booking costs is the transaction, however many share it. So the thread that leads waits a
moment until as many are there as were there together the last time. It waits no longer than the
last booking took, and where they do not come back, for the time being not at all.
"""

import time
from collections.abc import Sized
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock

_LONGEST_WAIT_S = 0.01
_MOST_WITHOUT = 64


class Company:
    """Of one lane: how many may be expected, and the leader who waits for them."""

    def __init__(self, lock: Lock) -> None:
        """Expect nobody; *lock* is the lane's, and `wait` alone is called without it."""
        self._lock = lock
        self._expected = 0
        self._expected_until = 0.0
        self._missing = 0
        self._without = 0
        """Batches that are not to wait for anybody."""
        self._next_without = 1
        self._complete: SimpleQueue[None] = SimpleQueue()
        self.is_waited_for = False
        """Whether `greet` must be told who comes."""

    def wait(self, waiting: Sized) -> None:
        """Let the leader wait until as many are *waiting* as are expected, if that is likely."""
        with self._lock:
            patience_s = self.patience_s(len(waiting), time.monotonic())
            if not patience_s:
                return
            self._complete = SimpleQueue()
            self.is_waited_for = True
        with suppress(Empty):  # those who come later are booked the next time
            self._complete.get(timeout=patience_s)
        with self._lock:
            self.is_waited_for = False
            self.learn(len(waiting))

    def greet(self, waiting: Sized) -> None:
        """Take note of one more who is *waiting*."""
        if len(waiting) >= self._expected:
            self.is_waited_for = False
            self._complete.put(None)

    def note_booking(self, answered: int, waiting: int, *, took_s: float, now: float) -> None:
        """Expect as many as were just answered, and those who have come meanwhile."""
        self._expected = answered + waiting
        self._expected_until = now + min(took_s, _LONGEST_WAIT_S)
        if self._without:
            self._without -= 1
            self._expected = 0

    def patience_s(self, waiting: int, now: float) -> float:
        """Return for how long to wait for the others; 0: not at all."""
        self._missing = self._expected - waiting
        return max(0.0, self._expected_until - now) if self._missing > 0 else 0.0

    def learn(self, waiting: int) -> None:
        """After a wait: if less than half of those who were missing have come, do without."""
        if 2 * (self._expected - waiting) <= self._missing:
            self._next_without = 1
            return
        self._without = self._next_without
        self._next_without = min(2 * self._next_without, _MOST_WITHOUT)
