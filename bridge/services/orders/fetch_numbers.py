"""The numbers of fetches, which tell what a later one knows from what an older one knew."""

from bridge.store import state
from bridge.store.db import Database


def next_fetch_number(db: Database) -> int:
    """Take a number before a fetch; nobody waits for the row while the shop answers."""
    return db.transaction(state.next_fetch_number)
