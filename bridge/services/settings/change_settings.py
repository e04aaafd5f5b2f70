"""Changing what people set for the whole site: one change after another, known here at once."""

import hashlib
from collections.abc import Callable
from typing import TypeVar

from bridge.services.read_site import SiteReader
from bridge.store.db import Database
from bridge.store.state import SETTINGS_TURN, take_turn
from bridge.store.tx import Tx
from bridge.store.wp_options import renew_version

T = TypeVar("T")


def state_of(shown: object) -> str:
    """Tell what a form was made from in a few characters: others as soon as *shown* differs."""
    return hashlib.sha256(repr(shown).encode()).hexdigest()


def change_settings(db: Database, site: SiteReader, work: Callable[[Tx], T]) -> T:
    """
    Run *work* in a transaction of its own, after those of others who change settings.

    *site* forgets what it read, so that this process decides by the new settings at once.
    """

    def after_others(tx: Tx) -> T:
        take_turn(tx, SETTINGS_TURN)
        result = work(tx)
        renew_version(tx)
        return result

    result = db.transaction(after_others)
    site.forget()
    return result
