"""Tokens that were proven already: a page's pieces come with the same one."""

import hashlib
import time
from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")

_KEPT = 2048


class ProvenTokens(Generic[T]):
    """Remembers, by the whole token, what it proves; until it ends, without any leeway."""

    def __init__(self) -> None:
        """Know none yet."""
        self._lock = Lock()
        self._kept: OrderedDict[bytes, tuple[float, T]] = OrderedDict()

    def find(self, token: str) -> T | None:
        """Return what a token proves, if it was kept and has not ended."""
        ends_at, proven = self._kept.get(_digest(token), (0.0, None))
        return proven if time.time() < ends_at else None

    def keep(self, token: str, proven: T, ends_at: float) -> None:
        """Remember a token whose signature and claims are right; the oldest is forgotten."""
        with self._lock:
            self._kept[_digest(token)] = ends_at, proven
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)


def _digest(token: str) -> bytes:
    """Return what stands for a token: whoever sees the memory learns none."""
    return hashlib.sha256(token.encode()).digest()
