"""
Group commit: requests that wait at the same moment are booked by one transaction.

No thread of its own and no timer: whoever finds nobody at work books what is in the queue, which
is just its own request if it is alone. Those who come meanwhile queue up, and the first of them
books them all. A commit takes a few milliseconds whether it books one request or a hundred.

An account of which another program holds a row leaves the queue for one of its own, so that the
others need not wait for it; and only so many requests may wait like that, so that there are always
threads for the others.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Lock
from typing import Protocol

from bridge.domain.errors import BridgeError, DatabaseBusyError, DatabaseUnavailableError
from bridge.domain.ids import Actor
from bridge.services.spending.book import MAX_ACCOUNTS, MAX_OPERATIONS, Operation, Outcome
from bridge.store.db import RowsBusyError


class Book(Protocol):
    """Books in one transaction; raises RowsBusyError rather than wait for other programs."""

    def __call__(self, operations: Sequence[Operation], *, nowait: bool) -> list[Outcome]:
        """With *nowait*, account rows are not waited for either, which only bridges lock."""


_INSIST_FOR_S = 10.0
_MAX_APART = 8
_FIRST_PAUSE_S = 0.005
_LONGEST_PAUSE_S = 0.1


class _Waiting:
    """A request, and the thread that waits for what becomes of it."""

    __slots__ = ("_gate", "give_up_at", "operation", "outcome", "queue")

    def __init__(self, operation: Operation, patience_s: float) -> None:
        self.operation = operation
        self.give_up_at = time.monotonic() + patience_s
        self.outcome: Outcome | Exception | None = None
        self.queue: _Queue | None = None  # where it stands when its thread is to lead
        self._gate = Lock()
        self._gate.acquire()

    def sleep(self) -> None:
        """Wait until there is an outcome, or it is this thread's turn to lead."""
        self._gate.acquire()

    def wake(self) -> None:
        """Let the thread go on."""
        self._gate.release()

    def end(self, outcome: Outcome | Exception) -> None:
        """Wake the thread with what became of its request."""
        self.outcome = outcome
        self.wake()


@dataclass(slots=True)
class _Queue:
    """Requests that wait for whoever leads; ``actor`` None: of all accounts."""

    actor: Actor | None = None
    waiting: list[_Waiting] = field(default_factory=list)
    is_led: bool = False

    def take(self) -> list[_Waiting]:
        """Take out what one transaction may hold, in the order of arrival."""
        batch, actors = [], set()
        for one in self.waiting[:MAX_OPERATIONS]:
            actors.add(one.operation.actor)
            if len(actors) > MAX_ACCOUNTS:
                break
            batch.append(one)
        del self.waiting[: len(batch)]
        return batch


class GroupCommit:
    """Books the requests of one process's threads together."""

    def __init__(self, book: Book) -> None:
        """Book with *book*."""
        self._book = book
        self._lock = Lock()
        self._main = _Queue()
        self._apart: dict[Actor, _Queue] = {}
        self._apart_count = 0
        # Whatever is stuck, most connections are for those who are not.
        self._tries_apart = BoundedSemaphore(2)

    def submit(self, operation: Operation) -> Outcome:
        """
        Book one request, with whatever else waits at this moment; return its outcome.

        An outcome that is a DatabaseUnavailableError: a repeat with the same key is safe.
        """
        mine = _Waiting(operation, _INSIST_FOR_S)
        with self._lock:
            queue = self._apart.get(operation.actor, self._main)
            if queue.actor is not None and not self._admit_apart():
                return _busy()
            queue.waiting.append(mine)
            leads, queue.is_led = not queue.is_led, True
        if leads:
            self._lead(queue)
        while mine.outcome is None:
            mine.sleep()
            if mine.queue is not None:
                queue, mine.queue = mine.queue, None
                self._lead(queue)
        return _raised(mine.outcome)

    def submit_all(
        self, operations: Sequence[Operation], *, insist: bool = True
    ) -> list[Outcome | Exception]:
        """
        Book many requests, a transaction for each part that one may hold; return what became.

        Args:
            operations: Those for one account are booked in this order.
            insist: Wait for accounts that other programs hold; else they are DatabaseBusyError.
        """
        patience_s = _INSIST_FOR_S if insist else 0
        everything = [_Waiting(operation, patience_s) for operation in operations]
        # By account, so that fewer are locked by each transaction; the sort keeps their order.
        queue = _Queue(waiting=sorted(everything, key=_account))
        busy: list[list[_Waiting]] = []
        while queue.waiting:
            busy += self._settle(queue.take())
        self._insist(busy)
        return [one.outcome for one in everything if one.outcome is not None]

    def _lead(self, queue: _Queue) -> None:
        """Book what is in the queue, then let the next one lead."""
        with self._lock:
            batch = queue.take()
        try:
            if queue.actor is None:
                for group in self._settle(batch):
                    self._set_apart(group)
            else:
                self._insist([batch])
        finally:
            self._hand_over(queue, len(batch))

    def _admit_apart(self) -> bool:
        """Count one more who waits for a busy account, unless there are enough; under the lock."""
        if self._apart_count >= _MAX_APART:
            return False
        self._apart_count += 1
        return True

    def _hand_over(self, queue: _Queue, done: int) -> None:
        with self._lock:
            if queue.actor is not None:
                self._apart_count -= done
            if queue.waiting:
                heir = queue.waiting[0]
                heir.queue = queue
            else:
                heir, queue.is_led = None, False
                if queue.actor is not None:
                    del self._apart[queue.actor]
        if heir is not None:
            heir.wake()

    def _set_apart(self, group: list[_Waiting]) -> None:
        """Give a busy account a queue of its own, led by the first who waits for it."""
        actor = group[0].operation.actor
        with self._lock:
            admitted = [one for one in group if self._admit_apart()]
            queue = self._apart.get(actor)
            leads = queue is None and bool(admitted)
            if queue is not None:
                queue.waiting += admitted
            elif admitted:
                self._apart[actor] = queue = _Queue(actor, list(admitted), is_led=True)
                admitted[0].queue = queue
        _end_all(group[len(admitted) :], _busy())
        if leads:
            admitted[0].wake()

    def _settle(self, batch: list[_Waiting], *, nowait: bool = False) -> list[list[_Waiting]]:
        """
        Book a batch; return the parts, of one account each, that other programs keep busy.

        A batch that cannot be booked is halved, until what is in the way stands alone; and then
        no part of it waits for rows again.
        """
        try:
            self._book_together(batch, nowait=nowait)
        except RowsBusyError:
            halves = _by_account(batch)
            if halves is None:
                return [batch]
        except DatabaseUnavailableError as error:
            if not isinstance(error, DatabaseBusyError) or len(batch) == 1:
                return _end_all(batch, error)
            halves = _by_account(batch) or _in_half(batch)
        except Exception as error:  # noqa: BLE001  # each waiting thread raises its own
            if len(batch) == 1:
                return _end_all(batch, error)
            halves = _in_half(batch)
        else:
            return []
        return [group for half in halves for group in self._settle(half, nowait=True)]

    def _insist(self, groups: list[list[_Waiting]]) -> None:
        """Book busy accounts' requests as soon as whoever holds their rows lets go."""
        pause_s = _FIRST_PAUSE_S
        while groups := [left for group in groups if (left := _still_patient(group))]:
            # A lock that is waited for would hold the account row, and all that wait for that.
            time.sleep(random.uniform(pause_s / 2, pause_s))  # noqa: S311  # jitter
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            groups = [left for group in groups for left in self._try_apart(group)]

    def _try_apart(self, group: list[_Waiting]) -> list[list[_Waiting]]:
        with self._tries_apart:
            return self._settle(group)

    def _book_together(self, batch: list[_Waiting], *, nowait: bool) -> None:
        outcomes = self._book([one.operation for one in batch], nowait=nowait)
        for one, outcome in zip(batch, outcomes, strict=True):
            one.end(outcome)


def _account(one: _Waiting) -> tuple[int, str]:
    actor = one.operation.actor
    return actor.user_id or 0, actor.session_id


def _raised(outcome: Outcome | Exception) -> Outcome:
    if isinstance(outcome, Exception) and not isinstance(outcome, BridgeError):
        raise outcome
    return outcome


def _still_patient(group: list[_Waiting]) -> list[_Waiting]:
    """Return those who still wait; the time of the others is up."""
    now = time.monotonic()
    _end_all([one for one in group if one.give_up_at <= now], _busy())
    return [one for one in group if one.give_up_at > now]


def _busy() -> DatabaseBusyError:
    return DatabaseBusyError("Another program keeps this account locked; try again.")


def _end_all(batch: list[_Waiting], error: Exception) -> list[list[_Waiting]]:
    for one in batch:
        one.end(error)
    return []


def _in_half(batch: list[_Waiting]) -> list[list[_Waiting]]:
    middle = len(batch) // 2
    return [batch[:middle], batch[middle:]]


def _by_account(batch: list[_Waiting]) -> list[list[_Waiting]] | None:
    """Part a batch by its accounts; None if there is just one."""
    actors = list(dict.fromkeys(one.operation.actor for one in batch))
    if len(actors) == 1:
        return None
    first = set(actors[: len(actors) // 2])
    return [
        [one for one in batch if one.operation.actor in first],
        [one for one in batch if one.operation.actor not in first],
    ]
