"""Group read: those who ask at the same moment are answered out of one statement."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Lock
from typing import Generic, TypeAlias, TypeVar

from bridge.services.lanes import Lane, Waiter

K = TypeVar("K")
V = TypeVar("V")
Found: TypeAlias = tuple[V | None, BaseException | None]
"""What was found, or what went wrong."""

_MOST = 64
"""Keys of one statement."""


@dataclass(slots=True, eq=False)
class _Question(Waiter[Found[V]], Generic[K, V]):
    """A key of which somebody waits to know."""

    key: K


class GroupRead(Generic[K, V]):
    """
    Reads for the threads of one process, one statement at a time.

    Who asks while one is under way waits for the next: that begins after they asked, so nobody is
    told what was so before.
    """

    def __init__(self, read: Callable[[Collection[K]], Mapping[K, V]]) -> None:
        """Read by *read*, which leaves out what there is not."""
        self._read = read
        self._lock = Lock()  # of the lane
        self._lane: Lane[_Question[K, V]] = Lane()

    def get(self, key: K) -> V | None:
        """Return what is so now, None of what there is not; raise what *read* raises."""
        question = _Question[K, V](key)
        with self._lock:
            leads = self._lane.join(question)
            if not leads:
                question.woken = SimpleQueue()
        if leads:
            self._lead(self._lane)
        found, error = question.outcome or question.wait(self._lead)
        if error is not None:
            raise error
        return found

    def _lead(self, lane: Lane[_Question[K, V]]) -> None:
        """Read for those who wait, and let the next thread lead before they are woken."""
        with self._lock:
            group = lane.waiting[:_MOST]
            del lane.waiting[:_MOST]
        found: Mapping[K, V] = {}
        error: BaseException | None = None
        try:
            found = self._read({question.key for question in group})
        except BaseException as one:  # noqa: BLE001  # each waiting thread raises it
            error = one
        with self._lock:
            lane.pass_the_lead()
        for question in group:
            question.finish((found.get(question.key), error))
