"""Processes that die, and connections that are cut, at a chosen statement."""

from collections.abc import Iterator
from contextlib import contextmanager

import pymysql
import pytest

from bridge.store import db as store_db
from bridge.store.db import Args, Tx


class Died(BaseException):
    """The process is gone: nothing of it may catch this."""


@contextmanager
def dying_at(monkeypatch: pytest.MonkeyPatch, number: int, *, after: bool) -> Iterator[None]:
    """
    Cut the connection and die before, or right after, the *number*-th statement.

    Those that go out in one packet are sent one by one, so that each can be the last.
    """
    run, count = Tx._send, 0

    def counted(self: Tx, sql: str, args: Args = None) -> int:
        nonlocal count
        count += 1
        if count < number:
            return run(self, sql, args)
        if after and count == number:
            run(self, sql, args)
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(Tx, "_send", counted)
        patch.setattr(Tx, "_queue", lambda tx, sql: tx._send(sql))
        patch.setattr(store_db, "_roll_back", lambda connection, *_: connection.invalidate())
        yield


@contextmanager
def cut_at(monkeypatch: pytest.MonkeyPatch, number: int) -> Iterator[list[str]]:
    """
    Cut the connection right after the *number*-th packet of statements: its end is then unknown.

    Yields:
        What was cut; nothing, if there were not so many statements.
    """
    run, count = Tx._send, 0
    was_cut: list[str] = []

    def counted(self: Tx, sql: str, args: Args = None) -> int:
        nonlocal count
        count += 1
        changed = run(self, sql, args)
        if count == number:
            was_cut.append(sql)
            raise pymysql.OperationalError(2013, "Lost connection to server during query")
        return changed

    with monkeypatch.context() as patch:
        patch.setattr(Tx, "_send", counted)
        yield was_cut
