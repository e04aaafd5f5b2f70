"""Group commit: who books whom, and what happens when a batch cannot be booked."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import islice
from threading import Condition, Event, Lock

import pytest

from bridge.domain.accounts import Account
from bridge.domain.answers import Answer, UsageReset
from bridge.domain.errors import (
    DatabaseBusyError,
    DatabaseUnavailableError,
    InvalidInputError,
)
from bridge.domain.ids import Actor, Credits, UserId
from bridge.services.spending import group_commit
from bridge.services.spending.book import MAX_ACCOUNTS, MAX_OPERATIONS, Bookable, Operation
from bridge.services.spending.company import Company
from bridge.services.spending.group_commit import GroupCommit
from bridge.services.spending.outcomes import Failure, Outcome, PendingAnswer, Receipt
from bridge.store.tx import RowsBusyError
from tests.support.waiting import wait_until


@dataclass(frozen=True, kw_only=True)
class Use(Operation[UsageReset]):
    """A request that is known by its number, which is what it is told."""

    number: int

    def decide(self, account: Account) -> PendingAnswer[UsageReset]:
        raise AssertionError("the books of these tests decide by themselves")


def use(number: int, user: int = 1) -> Use:
    return Use(actor=Actor(UserId(user)), number=number)


def number_of(operation: Bookable[Answer]) -> int:
    assert isinstance(operation, Use)
    return operation.number


class Books:
    """Remembers what was booked together; a test lets it start, fail, or find rows busy."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.open = Event()
        self.open.set()
        self.entered = 0
        self.change = Condition()
        self.fails: Callable[[Sequence[Bookable[Answer]]], None] = lambda _: None

    def book(self, operations: Sequence[Bookable[Answer]], *, nowait: bool) -> list[Outcome]:
        with self.change:
            self.entered += 1
            self.change.notify_all()
        assert self.open.wait(10)
        self.fails(operations)
        numbers = [number_of(operation) for operation in operations]
        with self.change:
            self.batches.append(numbers)
        return [Receipt(UsageReset(Credits(number))) for number in numbers]

    def wait_for_entry(self, times: int) -> None:
        with self.change:
            assert self.change.wait_for(lambda: self.entered >= times, 10)


@pytest.fixture
def books() -> Books:
    return Books()


def answers(outcomes: Sequence[Receipt[UsageReset] | Failure]) -> list[object]:
    return [one.answer.forgiven if isinstance(one, Receipt) else one for one in outcomes]


def queued(commit: GroupCommit, count: int) -> None:
    """Wait until so many requests stand in the main lane."""
    waiting = commit._main_lane.waiting
    wait_until(lambda: len(waiting) >= count, lambda: f"{len(waiting)} wait", pause_s=0.001)


def test_one_request_alone_is_booked_at_once(books: Books) -> None:
    outcome = GroupCommit(books.book).submit(use(1))

    assert answers([outcome]) == [1]
    assert books.batches == [[1]]


def test_requests_that_wait_at_the_same_moment_are_booked_together(books: Books) -> None:
    commit = GroupCommit(books.book)
    books.open.clear()
    with ThreadPoolExecutor(20) as pool:
        first = pool.submit(commit.submit, use(0))
        books.wait_for_entry(1)
        rest = [pool.submit(commit.submit, use(number, number)) for number in range(1, 20)]
        queued(commit, 19)
        books.open.set()
        got = answers([done.result() for done in [first, *rest]])

    assert got == list(range(20))
    assert [sorted(batch) for batch in books.batches] == [[0], list(range(1, 20))]


class Patient(Company):
    """Waits as long as it takes."""

    def note_booking(self, answered: int, waiting: int, *, took_s: float, now: float) -> None:
        super().note_booking(answered, waiting, took_s=took_s, now=now)
        self._expected_until = now + 30


def test_who_was_answered_just_now_is_booked_with_those_who_waited_meanwhile(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else two groups take turns, each half as large as it could be."""
    monkeypatch.setattr(group_commit, "Company", Patient)
    commit = GroupCommit(books.book)
    books.open.clear()
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(commit.submit, use(0))
        books.wait_for_entry(1)
        rest = [pool.submit(commit.submit, use(number, number)) for number in (1, 2, 3)]
        queued(commit, 3)
        books.open.set()
        first.result(10)
        again = commit.submit(use(4, 4))
        got = answers([*(done.result(10) for done in rest), again])

    assert got == [1, 2, 3, 4]
    assert [sorted(batch) for batch in books.batches] == [[0], [1, 2, 3, 4]]


def test_who_stays_away_is_not_waited_for_long(books: Books) -> None:
    commit = GroupCommit(books.book)
    books.open.clear()
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(commit.submit, use(0))
        books.wait_for_entry(1)
        second = pool.submit(commit.submit, use(1))
        queued(commit, 1)
        books.open.set()

        assert answers([first.result(10), second.result(10)]) == [0, 1]
    assert books.batches == [[0], [1]]


def test_what_a_transaction_may_hold_is_bounded(books: Books) -> None:
    commit = GroupCommit(books.book)
    one_account = [use(number) for number in range(MAX_OPERATIONS + 1)]
    many = [use(number, number) for number in range(1, MAX_ACCOUNTS + 2)]

    commit.submit_all(one_account)
    commit.submit_all(many)

    assert [len(batch) for batch in books.batches] == [MAX_OPERATIONS, 1, MAX_ACCOUNTS, 1]


def test_a_request_that_cannot_be_booked_fails_alone(books: Books) -> None:
    def poisoned(operations: Sequence[Bookable[Answer]]) -> None:
        if any(number_of(operation) == 5 for operation in operations):
            raise ZeroDivisionError("a defect")

    books.fails = poisoned
    outcomes = GroupCommit(books.book).submit_all([use(number, number) for number in range(8)])

    failed = outcomes.pop(5)
    assert isinstance(failed, Failure)
    assert isinstance(failed.error, ZeroDivisionError)
    assert answers(outcomes) == [0, 1, 2, 3, 4, 6, 7]
    assert sorted(number for batch in books.batches for number in batch) == [0, 1, 2, 3, 4, 6, 7]


def test_a_lone_defect_is_raised_where_it_was_asked_for(books: Books) -> None:
    def broken(_: Sequence[Bookable[Answer]]) -> None:
        raise ZeroDivisionError("a defect")

    books.fails = broken
    with pytest.raises(ZeroDivisionError):
        GroupCommit(books.book).submit(use(1))


def test_without_a_database_nothing_is_tried_twice(books: Books) -> None:
    def down(_: Sequence[Bookable[Answer]]) -> None:
        raise DatabaseUnavailableError("down")

    books.fails = down
    outcomes = GroupCommit(books.book).submit_all([use(number, number) for number in range(8)])

    errors = [outcome.error for outcome in outcomes if isinstance(outcome, Failure)]
    assert [type(error) for error in errors] == [DatabaseUnavailableError] * 8
    assert books.entered == 1


def test_the_next_request_is_booked_after_one_that_failed(books: Books) -> None:
    commit = GroupCommit(books.book)

    def refused(_: Sequence[Bookable[Answer]]) -> None:
        raise InvalidInputError("no")

    books.fails = refused
    with pytest.raises(InvalidInputError):
        commit.submit(use(1))
    books.fails = lambda _: None

    assert answers([commit.submit(use(2))]) == [2]


def test_others_do_not_wait_for_an_account_that_is_busy(books: Books) -> None:
    commit = GroupCommit(books.book)
    free = Event()

    def busy(operations: Sequence[Bookable[Answer]]) -> None:
        if not free.is_set() and any(o.actor == Actor(UserId(7)) for o in operations):
            raise RowsBusyError

    books.fails = busy
    books.open.clear()
    with ThreadPoolExecutor(30) as pool:
        first = pool.submit(commit.submit, use(100, 1))
        books.wait_for_entry(1)
        stuck = [pool.submit(commit.submit, use(number, 7)) for number in (1, 2)]
        others = [pool.submit(commit.submit, use(number, number)) for number in range(10, 20)]
        queued(commit, 12)
        books.open.set()
        done = answers([one.result(10) for one in [first, *others]])
        later = pool.submit(commit.submit, use(3, 7))
        assert answers([pool.submit(commit.submit, use(4, 9)).result(10)]) == [4]
        assert not any(one.done() for one in [*stuck, later])
        free.set()
        got = answers([one.result(10) for one in [*stuck, later]])

    assert done == [100, *range(10, 20)]
    assert got == [1, 2, 3]
    assert commit._busy_lanes == {}


def test_only_so_many_wait_for_busy_accounts(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else they would take every thread of the process."""
    monkeypatch.setattr(group_commit, "_MAX_IN_BUSY_LANES", 2)
    commit = GroupCommit(books.book)
    free = Event()

    def busy(operations: Sequence[Bookable[Answer]]) -> None:
        if not free.is_set() and any(o.actor == Actor(UserId(7)) for o in operations):
            raise RowsBusyError

    books.fails = busy
    with ThreadPoolExecutor(30) as pool:
        tries = [pool.submit(commit.submit, use(number, 7)) for number in range(10)]
        refused = [one.exception() for one in islice(as_completed(tries, 10), 8)]
        free.set()
        got = [one.result(10) for one in tries if one.exception(10) is None]

    assert {type(error) for error in refused} == {DatabaseBusyError}
    assert len(answers(got)) == 2
    assert answers([commit.submit(use(99, 7))]) == [99]


def test_an_account_that_stays_busy_is_given_up_as_unavailable(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "_RETRY_FOR_S", 0.05)

    def busy(_: Sequence[Bookable[Answer]]) -> None:
        raise RowsBusyError

    books.fails = busy
    commit = GroupCommit(books.book)

    with pytest.raises(DatabaseBusyError):
        commit.submit(use(1))
    assert commit._busy_lanes == {}


def test_many_threads_get_each_their_own_answer() -> None:
    """Leading, waiting or in a busy lane: 64 threads, 3,200 requests, each answered once."""
    booked: list[int] = []
    lock = Lock()

    def book(operations: Sequence[Bookable[Answer]], *, nowait: bool) -> list[Outcome]:
        numbers = [number_of(operation) for operation in operations]
        users = {operation.actor for operation in operations}
        if len(users) > 1 and Actor(UserId(3)) in users and sum(numbers) % 3 == 0:
            raise RowsBusyError
        with lock:
            booked.extend(numbers)
        return [Receipt(UsageReset(Credits(number))) for number in numbers]

    commit = GroupCommit(book)

    def client(number: int) -> bool:
        mine = range(number * 50, number * 50 + 50)
        return all(answers([commit.submit(use(n, n % 5))]) == [n] for n in mine)

    with ThreadPoolExecutor(64) as pool:
        done: list[Future[bool]] = [pool.submit(client, number) for number in range(64)]
        assert all(one.result(60) for one in done)

    assert sorted(booked) == list(range(3200))
