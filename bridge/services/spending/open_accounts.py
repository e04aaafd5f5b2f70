"""
Making the rows that a booking locks, before it.

In transactions of their own: `FOR UPDATE` on a missing row would lock only the gap, and two
holders of one gap deadlock when both insert.
"""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Protocol

from bridge.domain.ids import Actor, UserId
from bridge.store import accounts, guests, wp_users
from bridge.store.db import Database
from bridge.store.peer_plugin import BALANCE_KEY
from bridge.store.tx import Tx

_OPENED = 100
"""Accounts a transaction, as of bookings."""


class _MakeRows(Protocol):
    def __call__(self, tx: Tx, user_ids: Sequence[UserId]) -> None: ...


def open_actors(db: Database, actors: Collection[Actor]) -> None:
    """Make the rows that are missing, of users who exist and of guests; no balances."""
    users = [actor.user_id for actor in actors if actor.user_id is not None]
    sessions = [actor.session_id for actor in actors if actor.user_id is None]
    if users:
        db.transaction(lambda tx: accounts.make_rows(tx, users))
    if sessions:
        db.transaction(lambda tx: guests.make_rows(tx, sessions))


def open_accounts(db: Database, user_ids: Sequence[UserId]) -> None:
    """Make account rows and balance rows (`0`), each only if it is missing."""
    _open(db, user_ids, accounts.make_rows_of_all)


def open_missing_balances(db: Database, user_ids: Collection[UserId]) -> None:
    """Make the balance rows of those who will own something for the first time."""
    if not user_ids:
        return
    with db.reading() as tx:
        have = wp_users.list_metas(tx, user_ids, [BALANCE_KEY])
    open_balances(db, [user for user in user_ids if user not in have])


def open_balances(db: Database, user_ids: Sequence[UserId]) -> None:
    """As `open_accounts`, of those users who exist."""
    _open(db, user_ids, accounts.make_rows)


def _open(db: Database, user_ids: Sequence[UserId], make: _MakeRows) -> None:
    for start in range(0, len(user_ids), _OPENED):
        part = user_ids[start : start + _OPENED]
        db.transaction(partial(make, user_ids=part))
        db.transaction(partial(accounts.make_balances, user_ids=part))
