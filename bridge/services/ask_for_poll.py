"""A person's wish that the shop is read now: a row that the worker looks at every second."""

from bridge.store import state
from bridge.store.db import Database


def ask_for_poll(db: Database) -> None:
    """Have the worker poll now, also while it leaves a failing shop in peace."""
    db.transaction(lambda tx: state.set_json(tx, state.POLL_ASKED, {"asked": True}))


def poll_is_asked(db: Database) -> bool:
    """Say whether somebody waits for a poll."""
    with db.reading() as tx:
        return bool(state.get_json(tx, state.POLL_ASKED).get("asked"))


def accept_poll(db: Database) -> None:
    """Take the wish, before the poll: what is asked from now on asks for another."""
    db.transaction(lambda tx: state.set_json(tx, state.POLL_ASKED, {}))
