"""Requests take turns in their order, and no place is lost."""

from threading import Thread

from bridge.web.turns import Turns
from tests.support.waiting import wait_until

LONG_S = 30.0


def in_line(turns: Turns) -> int:
    return len(turns._line)


def wait_in_line(turns: Turns, name: str, came: list[str]) -> Thread:
    """Stand in line behind those who do; say so when it is the turn."""

    def wait() -> None:
        assert turns.take(LONG_S)
        came.append(name)
        turns.give_back()

    before = in_line(turns)
    thread = Thread(target=wait)
    thread.start()
    wait_until(lambda: in_line(turns) != before, "nobody stands in line", pause_s=0.001)
    return thread


def test_who_came_first_goes_first() -> None:
    turns, came = Turns(1), list[str]()
    assert turns.take(0)
    threads = [wait_in_line(turns, name, came) for name in "abcd"]

    turns.give_back()
    for thread in threads:
        thread.join(LONG_S)

    assert came == list("abcd")


def test_who_gave_up_is_passed_over() -> None:
    turns = Turns(2)

    assert [turns.take(0.01) for _ in range(4)] == [True, True, False, False]
    turns.give_back()
    assert [turns.take(0.01) for _ in range(2)] == [True, False]
    turns.give_back()
    turns.give_back()
    assert [turns.take(0.01) for _ in range(3)] == [True, True, False]
