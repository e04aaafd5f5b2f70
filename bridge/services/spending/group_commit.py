"""
Group commit: requests that wait at the same moment are booked by one transaction.

They wait in lanes (`bridge.services.lanes`), each led by the thread that books what waits there.
A commit takes a few milliseconds whether it books one request or a hundred, so the batches are as
large as the load makes them; callers who come back at once are waited for a moment (`company`).

A batch succeeds or fails as a whole. One that fails is split, and its parts are booked by
themselves, until the request that cannot be booked stands alone: only its own caller is told.

While another program has locked an account's rows (WordPress may), requests for that account move
from the main lane to a busy lane of the account, which retries until the rows are free. A booking
that waited for such a row inside its transaction would hold the account row meanwhile, and with it
everybody behind. Each request in a busy lane occupies a thread of the process, so their number is
limited, and there are always threads for the others.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from threading import BoundedSemaphore, Lock
from typing import Protocol, cast

from bridge.domain.answers import Answer
from bridge.domain.errors import DatabaseBusyError, DatabaseUnavailableError
from bridge.domain.ids import Actor
from bridge.domain.sentences import Sentence
from bridge.services.lanes import Lane, Waiter
from bridge.services.spending.book import MAX_ACCOUNTS, MAX_OPERATIONS, Bookable
from bridge.services.spending.company import Company
from bridge.services.spending.outcomes import A_co, Failure, Outcome, Receipt
from bridge.store.tx import RowsBusyError


class BookBatch(Protocol):
    """Books in one transaction; raises RowsBusyError rather than wait for other programs."""

    def __call__(self, operations: Sequence[Bookable[Answer]], *, nowait: bool) -> list[Outcome]:
        """With *nowait*, account rows are not waited for either, which only bridges lock."""


_RETRY_FOR_S = 10.0
_MAX_IN_BUSY_LANES = 8
_FIRST_PAUSE_S = 0.005
_LONGEST_PAUSE_S = 0.1


@dataclass(slots=True, eq=False)
class _Request(Waiter[Outcome]):
    """An operation to book."""

    operation: Bookable[Answer]
    deadline: float


@dataclass(slots=True)
class _Lane(Lane[_Request]):
    """A lane of which one transaction takes what it may hold."""

    busy_actor: Actor | None = None  # whose lane it is; None: the main lane, for all accounts

    def take_batch(self) -> list[_Request]:
        """Take out what one transaction may hold."""
        batch, accounts = [], set()
        for request in self.waiting[:MAX_OPERATIONS]:
            accounts.add(request.operation.actor)
            if len(accounts) > MAX_ACCOUNTS:
                break
            batch.append(request)
        del self.waiting[: len(batch)]
        return batch


class GroupCommit:
    """Books the requests of one process's threads together."""

    def __init__(self, book: BookBatch) -> None:
        """Book with *book*."""
        self._book = book
        self._lock = Lock()  # of the lanes, the company and the count
        self._main_lane = _Lane()
        self._company = Company(self._lock)  # of the main lane
        self._busy_lanes: dict[Actor, _Lane] = {}
        self._count_in_busy_lanes = 0
        # Retries share two connections, so that most are left for accounts that are free.
        self._retry_slots = BoundedSemaphore(2)

    def submit(self, operation: Bookable[A_co]) -> Receipt[A_co]:
        """
        Book one request, with whatever else waits at this moment; return what it is told.

        Raises:
            BridgeError: It cannot be done; see the operation.
            DatabaseUnavailableError: A repeat with the same key is safe.
        """
        deadline = time.monotonic() + _RETRY_FOR_S
        request = _Request(operation, deadline, woken=SimpleQueue())
        with self._lock:
            lane = self._busy_lanes.get(operation.actor, self._main_lane)
            if lane.busy_actor is not None and not self._admit_to_busy_lane():
                raise _busy()
            leads = lane.join(request)
            if self._company.is_waited_for:
                self._company.greet(self._main_lane.waiting)
        if leads:
            self._lead(lane)
        outcome = request.outcome or request.wait(self._lead)
        if isinstance(outcome, Failure):
            raise outcome.error
        # Of the operation's sort, also if it was kept: no two sorts have a key in common.
        return cast("Receipt[A_co]", outcome)

    def submit_all(
        self, operations: Sequence[Bookable[A_co]], *, retry_busy: bool = True
    ) -> list[Receipt[A_co] | Failure]:
        """
        Book many requests in as few transactions as may hold them; return their outcomes.

        Args:
            operations: Those for one account are booked in this order.
            retry_busy: Wait for accounts that other programs have locked; without it their
                outcome is to have failed with a DatabaseBusyError at once.
        """
        deadline = time.monotonic() + (_RETRY_FOR_S if retry_busy else 0)
        requests = [_Request(one, deadline) for one in operations]
        # By account, so that each transaction locks fewer of them; the sort keeps their order.
        lane = _Lane(sorted(requests, key=_account))
        busy: list[list[_Request]] = []
        while lane.waiting:
            busy += self._book_or_split(lane.take_batch())
        self._retry_busy(busy)
        outcomes = [request.outcome for request in requests if request.outcome is not None]
        return cast("list[Receipt[A_co] | Failure]", outcomes)  # as in `submit`

    def _lead(self, lane: _Lane) -> None:
        """Book the lane's next batch, then let the next thread lead."""
        if lane is self._main_lane:
            self._company.wait(lane.waiting)
        with self._lock:
            batch = lane.take_batch()
        began = time.monotonic()
        try:
            if lane.busy_actor is None:
                for group in self._book_or_split(batch):
                    self._move_to_busy_lane(group)
            else:
                self._retry_busy([batch])
        finally:
            self._pass_the_lead(lane, len(batch), began)

    def _admit_to_busy_lane(self) -> bool:
        """Count one more request in the busy lanes, unless they are full; under the lock."""
        if self._count_in_busy_lanes >= _MAX_IN_BUSY_LANES:
            return False
        self._count_in_busy_lanes += 1
        return True

    def _pass_the_lead(self, lane: _Lane, done: int, began: float) -> None:
        """Wake the first who waits in the lane to lead it; a busy lane without any is closed."""
        with self._lock:
            if lane.busy_actor is not None:
                self._count_in_busy_lanes -= done
            else:
                now = time.monotonic()
                waiting = len(lane.waiting)
                self._company.note_booking(done, waiting, took_s=now - began, now=now)
            if not lane.pass_the_lead() and lane.busy_actor is not None:
                del self._busy_lanes[lane.busy_actor]

    def _move_to_busy_lane(self, group: list[_Request]) -> None:
        """Move one account's requests to its busy lane; the first of them opens and leads it."""
        account = group[0].operation.actor
        with self._lock:
            admitted = [request for request in group if self._admit_to_busy_lane()]
            lane = self._busy_lanes.get(account)
            if lane is not None:
                lane.waiting += admitted
            elif admitted:
                self._busy_lanes[account] = lane = _Lane(
                    [*admitted], has_leader=True, busy_actor=account
                )
                lane.pass_the_lead()
        _finish_all(group[len(admitted) :], _busy())

    def _book_or_split(
        self, batch: list[_Request], *, nowait: bool = False
    ) -> list[list[_Request]]:
        """
        Book a batch; return groups, of one account each, whose rows other programs have locked.

        A batch that cannot be booked is split in two, until the request in the way stands alone.
        The parts do not wait for account rows: the whole batch has done that already.
        """
        try:
            self._book_together(batch, nowait=nowait)
        except RowsBusyError:
            halves = _split_by_account(batch)
            if halves is None:
                return [batch]
        except DatabaseUnavailableError as error:
            if not isinstance(error, DatabaseBusyError) or len(batch) == 1:
                return _finish_all(batch, error)
            halves = _split_by_account(batch) or _split_in_half(batch)
        except Exception as error:  # noqa: BLE001  # each waiting thread raises its own
            if len(batch) == 1:
                return _finish_all(batch, error)
            halves = _split_in_half(batch)
        else:
            return []
        return [group for half in halves for group in self._book_or_split(half, nowait=True)]

    def _retry_busy(self, groups: list[list[_Request]]) -> None:
        """Try busy accounts' requests again and again, until the rows are free or time is up."""
        pause_s = _FIRST_PAUSE_S
        while groups := [left for group in groups if (left := _without_overdue(group))]:
            # A pause outside any transaction: waiting for the lock would hold the account row.
            time.sleep(random.uniform(pause_s / 2, pause_s))  # noqa: S311  # jitter
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            groups = [left for group in groups for left in self._retry_once(group)]

    def _retry_once(self, group: list[_Request]) -> list[list[_Request]]:
        with self._retry_slots:
            return self._book_or_split(group)

    def _book_together(self, batch: list[_Request], *, nowait: bool) -> None:
        outcomes = self._book([request.operation for request in batch], nowait=nowait)
        for request, outcome in zip(batch, outcomes, strict=True):
            request.finish(outcome)


def _account(request: _Request) -> tuple[int, str]:
    actor = request.operation.actor
    return actor.user_id or 0, actor.session_id


def _without_overdue(group: list[_Request]) -> list[_Request]:
    """Finish the requests whose time is up; return the others."""
    now = time.monotonic()
    _finish_all([request for request in group if request.deadline <= now], _busy())
    return [request for request in group if request.deadline > now]


def _busy() -> DatabaseBusyError:
    return DatabaseBusyError(Sentence("Another program keeps this account locked; try again."))


def _finish_all(batch: list[_Request], error: Exception) -> list[list[_Request]]:
    """Give all of them one error; nothing of them is left to try."""
    for request in batch:
        request.finish(Failure(error))
    return []


def _split_in_half(batch: list[_Request]) -> list[list[_Request]]:
    middle = len(batch) // 2
    return [batch[:middle], batch[middle:]]


def _split_by_account(batch: list[_Request]) -> list[list[_Request]] | None:
    """Split a batch so that no account is in both parts; None if there is just one account."""
    accounts = list(dict.fromkeys(request.operation.actor for request in batch))
    if len(accounts) == 1:
        return None
    first = set(accounts[: len(accounts) // 2])
    return [
        [request for request in batch if request.operation.actor in first],
        [request for request in batch if request.operation.actor not in first],
    ]
