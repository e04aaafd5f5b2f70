"""Group read: who is answered by which statement; never by one that began before they asked."""

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Semaphore

import pytest

from bridge.services.group_read import GroupRead
from tests.support.waiting import wait_until


class Table:
    """Tells what it held when a read of it began; a test lets each read end."""

    def __init__(self) -> None:
        self.value = "first"
        self.reads: list[set[int]] = []
        self.may_end = Semaphore(0)
        self.error: Exception | None = None

    def read(self, keys: Collection[int]) -> Mapping[int, str]:
        value, error = self.value, self.error
        self.reads.append({*keys})
        assert self.may_end.acquire(timeout=10)
        if error is not None:
            raise error
        return {key: f"{value} {key}" for key in keys if key > 0}


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


def ask(
    threads: ThreadPoolExecutor, group: GroupRead[int, str], keys: Collection[int], table: Table
) -> list[Future[str | None]]:
    """Ask in threads; return when they wait, or the first of them reads."""
    waiting = group._lane.waiting
    seen = len(waiting) + len(table.reads)
    answers = [threads.submit(group.get, key) for key in keys]
    wait_until(lambda: len(waiting) + len(table.reads) == seen + len(keys), "nobody asks")
    return answers


def test_who_asks_alone_is_answered_alone(table: Table) -> None:
    group = GroupRead(table.read)
    table.may_end.release(3)

    assert [group.get(1), group.get(2), group.get(-1)] == ["first 1", "first 2", None]
    assert table.reads == [{1}, {2}, {-1}]


def test_nobody_is_told_what_was_read_before_they_asked(
    table: Table, threads: ThreadPoolExecutor
) -> None:
    group = GroupRead(table.read)
    (before,) = ask(threads, group, [1], table)
    table.value = "second"
    behind = ask(threads, group, [2, 3, 4, 1], table)
    table.may_end.release(2)

    assert before.result(10) == "first 1"
    assert [one.result(10) for one in behind] == ["second 2", "second 3", "second 4", "second 1"]
    assert table.reads == [{1}, {1, 2, 3, 4}], "one statement for all who came meanwhile"


def test_all_of_a_group_are_told_that_it_failed_and_others_go_on(
    table: Table, threads: ThreadPoolExecutor
) -> None:
    group = GroupRead(table.read)
    (before,) = ask(threads, group, [1], table)
    table.error = RuntimeError("gone")
    behind = ask(threads, group, [2, 3], table)
    table.may_end.release()
    assert before.result(10) == "first 1"
    wait_until(lambda: len(table.reads) == 2, "nobody leads")
    table.error = None
    (last,) = ask(threads, group, [4], table)
    table.may_end.release(2)

    for one in behind:
        with pytest.raises(RuntimeError, match="gone"):
            one.result(10)
    assert last.result(10) == "first 4"


def test_many_threads_find_what_each_asked_for(threads: ThreadPoolExecutor) -> None:
    group = GroupRead(lambda keys: {key: str(key) for key in keys})

    assert [*threads.map(group.get, range(2000))] == [str(key) for key in range(2000)]
