"""What people want done now: rows that the worker looks at every second."""

from bridge.store import state
from bridge.store.db import Database

POLL = "poll_asked"
RECONCILE = "reconcile_asked"


def ask(db: Database, wish: str) -> None:
    """Have the worker do it at once; asking twice asks once."""
    db.transaction(lambda tx: state.set_json(tx, wish, {"asked": True}))


def is_asked(db: Database, wish: str) -> bool:
    """Say whether somebody waits for it."""
    with db.reading() as tx:
        return bool(state.get_json(tx, wish).get("asked"))


def accept(db: Database, wish: str) -> None:
    """Take the wish, before the work: what is asked from now on asks again."""
    db.transaction(lambda tx: state.set_json(tx, wish, {}))
