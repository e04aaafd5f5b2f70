"""Who calls, and tokens that proved it already: a page's pieces come with the same one."""

import hashlib
import time
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock

from cachetools import TLRUCache

from bridge.domain.errors import ForbiddenError

MOST_KEPT = 2048


@dataclass(frozen=True, slots=True)
class Caller:
    """A proven caller. ``user_id``: a JWT's own user, 0 for a guest; None for an API key."""

    name: str
    scopes: frozenset[str]
    user_id: int | None = None

    def may_see(self, user_id: int) -> None:
        """Refuse a JWT that asks for anybody but its own user."""
        if self.user_id is not None and self.user_id != user_id:
            raise ForbiddenError("This token is for another user.")


class ProvenTokens:
    """Remembers, by the whole token, who sent it; until it ends, without any leeway."""

    def __init__(self) -> None:
        """Know none yet."""
        self._lock = Lock()
        self._kept: TLRUCache[bytes, tuple[float, Caller], float] = TLRUCache(
            MOST_KEPT, lambda _digest, proof, _now: proof[0], time.time
        )

    def find(self, token: str) -> Caller | None:
        """Return who sends a token, if it was kept and has not ended."""
        digest = _digest(token)
        with self._lock, suppress(KeyError):
            return self._kept[digest][1]
        return None

    def keep(self, token: str, caller: Caller, ends_at: float) -> None:
        """Remember a token whose signature and claims are right; of too many, one goes."""
        digest = _digest(token)
        with self._lock:
            self._kept[digest] = ends_at, caller


def _digest(token: str) -> bytes:
    """Return what stands for a token: whoever sees the memory learns none."""
    return hashlib.sha256(token.encode()).digest()
