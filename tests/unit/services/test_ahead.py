"""Reading ahead: in order, by one part, and errors come where they belong."""

from collections.abc import Iterator
from threading import Event

import pytest

from bridge.services.orders.ahead import ahead


def test_parts_come_in_their_order() -> None:
    assert list(ahead(iter([3, 1, 2]))) == [3, 1, 2]
    assert list(ahead(iter([]))) == []


def test_the_next_part_is_read_while_one_is_at_work() -> None:
    was_read = Event()

    def parts() -> Iterator[int]:
        yield 1
        was_read.set()
        yield 2

    coming = ahead(parts())

    assert next(coming) == 1
    assert was_read.wait(10)
    assert list(coming) == [2]


def test_an_error_comes_after_the_parts_before_it() -> None:
    def parts() -> Iterator[int]:
        yield 1
        raise OSError("the shop fails")

    coming = ahead(parts())

    assert next(coming) == 1
    with pytest.raises(OSError, match="the shop fails"):
        next(coming)
