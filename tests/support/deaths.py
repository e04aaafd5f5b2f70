"""Processes that die, and connections that are cut, at a chosen statement."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import pymysql
import pytest

from bridge.store import db as store_db
from bridge.store.connections import Connection


class Died(BaseException):
    """The process is gone: nothing of it may catch this."""


@contextmanager
def dying_at(monkeypatch: pytest.MonkeyPatch, number: int, *, after: bool) -> Iterator[None]:
    """Cut the connection and die before, or right after, the *number*-th statement."""

    def die(_: str) -> NoReturn:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(store_db, "_roll_back", lambda connection, *_: connection.invalidate())
        _end_at(patch, number, die, after=after)
        yield


@contextmanager
def cut_at(monkeypatch: pytest.MonkeyPatch, number: int) -> Iterator[list[str]]:
    """
    Cut the connection right after the *number*-th statement: its end is then unknown.

    Yields:
        What was cut; nothing, if there were not so many statements.
    """
    was_cut: list[str] = []

    def cut(sql: str) -> None:
        if not was_cut:
            was_cut.append(sql)
            raise pymysql.OperationalError(2013, "Lost connection to server during query")

    with monkeypatch.context() as patch:
        _end_at(patch, number, cut, after=True)
        yield was_cut


def _end_at(
    patch: pytest.MonkeyPatch, number: int, end: Callable[[str], None], *, after: bool
) -> None:
    """
    Call *end*, which raises, before or right after bridges' *number*-th statement, and from then.

    Of those that go out in one packet the first ones are run, as by a server that dies meanwhile.
    """
    run, left = pymysql.connections.Connection.query, number if after else number - 1

    def query(self: Connection, sql: str, unbuffered: bool = False) -> int:
        nonlocal left
        statements = sql.split(";\n")  # in a value the end of a line is escaped
        if left < len(statements) + after:
            if left:
                run(self, ";\n".join(statements[:left]))
                _wait_for_all(self)
            left = 0
            end(sql)
        left = max(0, left - len(statements))
        return run(self, sql, unbuffered)

    patch.setattr(Connection, "query", query, raising=False)


def _wait_for_all(connection: Connection) -> None:
    """Wait until the last statement of a packet is done."""
    while (result := getattr(connection, "_result", None)) is not None and result.has_next:
        connection.next_result()
