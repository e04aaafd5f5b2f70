"""
Lanes: requests that wait at the same moment are served together, by one of the waiting threads.

There is no serving thread and no timer. A thread that finds nobody at work in a lane leads: it
serves what waits there, which is just its own request if it is alone. Requests that come meanwhile
wait in the lane, and the thread of the first of them leads next and serves them all. So whatever
is served is begun after the request came, and groups are as large as the load makes them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True, eq=False, kw_only=True)
class Waiter(Generic[T]):
    """A request in a lane, and the thread that waits for its outcome, if one does."""

    outcome: T | None = None
    lane_to_lead: Any = None  # set when it is its thread's turn
    # Takes a third of an Event's time: that makes two locks, and a third one to wait.
    woken: SimpleQueue[None] | None = None

    def wait(self, lead: Callable[[Any], None]) -> T:
        """Return the outcome as soon as there is one; *lead* a lane when it is its turn."""
        while self.outcome is None:
            assert self.woken is not None
            self.woken.get()
            if self.lane_to_lead is not None:
                lane, self.lane_to_lead = self.lane_to_lead, None
                lead(lane)
        return self.outcome

    def finish(self, outcome: T) -> None:
        """Wake its thread with the outcome."""
        self.outcome = outcome
        if self.woken is not None:
            self.woken.put(None)


W = TypeVar("W", bound=Waiter[Any])


@dataclass(slots=True)
class Lane(Generic[W]):
    """Requests in the order of their arrival; whoever uses one holds a lock of their own."""

    waiting: list[W] = field(default_factory=list)
    has_leader: bool = False

    def join(self, waiter: W) -> bool:
        """Let a request wait; say whether its thread is to lead the lane now."""
        self.waiting.append(waiter)
        leads, self.has_leader = not self.has_leader, True
        return leads

    def pass_the_lead(self) -> bool:
        """Wake the first who waits to lead it; say no if nobody waits, and so nobody leads."""
        if not self.waiting:
            self.has_leader = False
            return False
        successor = self.waiting[0]
        assert successor.woken is not None
        successor.lane_to_lead = self
        successor.woken.put(None)
        return True
