"""What people want done now: rows that the worker looks at every second."""

from bridge.store import state
from bridge.store.db import Database

POLL = "poll_asked"
RECONCILE = "reconcile_asked"


def ask(db: Database, task: str) -> None:
    """Have the worker do it at once; asking twice asks once."""
    db.transaction(lambda tx: state.set_json(tx, task, {"asked": True}))


def is_asked(db: Database, task: str) -> bool:
    """Say whether somebody waits for it."""
    with db.reading() as tx:
        return bool(state.get_json(tx, task).get("asked"))


def accept(db: Database, task: str) -> None:
    """Take the task, before the work: what is asked from now on asks again."""
    db.transaction(lambda tx: state.set_json(tx, task, {}))
