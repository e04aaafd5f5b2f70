"""
Making the rows that a booking locks, before it.

In transactions of their own: `FOR UPDATE` on a missing row would lock only the gap, and two
holders of one gap deadlock when both insert.
"""

from collections.abc import Collection, Sequence

from bridge.domain.ids import Actor, UserId
from bridge.store import accounts, guests
from bridge.store.db import Database

_OPENED = 100
"""Accounts a transaction, as of bookings."""


def open_actors(db: Database, actors: Collection[Actor]) -> None:
    """Make the rows that are missing, of users who exist and of guests; no balances."""
    users = [actor.user_id for actor in actors if actor.user_id is not None]
    sessions = [actor.session_id for actor in actors if actor.user_id is None]
    if users:
        db.transaction(lambda tx: accounts.make_rows(tx, users))
    if sessions:
        db.transaction(lambda tx: guests.make_rows(tx, sessions))


def open_account(db: Database, user_id: UserId) -> None:
    """Make the account row and the balance row (`0`), each only if it is missing."""
    db.transaction(lambda tx: accounts.make_row(tx, user_id))
    db.transaction(lambda tx: accounts.make_balances(tx, [user_id]))


def open_balances(db: Database, user_ids: Sequence[UserId]) -> None:
    """As `open_account`, of many users, those of them who exist."""
    for start in range(0, len(user_ids), _OPENED):
        _open_part(db, user_ids[start : start + _OPENED])


def _open_part(db: Database, user_ids: Sequence[UserId]) -> None:
    db.transaction(lambda tx: accounts.make_rows(tx, user_ids))
    db.transaction(lambda tx: accounts.make_balances(tx, user_ids))
