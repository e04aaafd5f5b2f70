"""Guests' counters, in the table shared with the peer plugin."""

from bridge.domain.ids import Credits
from bridge.domain.quotas import Counter
from bridge.store.db import Tx
from bridge.store.peer_plugin import GUESTS_TABLE, Context

_READ = """
    SELECT tokens_used, last_reset_timestamp FROM {guests}
     WHERE session_id = %s AND bot_id = %s
""".replace("{guests}", GUESTS_TABLE)


def read_guest_counter(tx: Tx, session_id: str, context: Context) -> Counter:
    """Return a guest's counter; session ids are compared without case, by the table."""
    row = tx.one(_READ, (session_id, context.guest_id))
    if row is None:
        return Counter()
    return Counter(Credits(row["tokens_used"]), row["last_reset_timestamp"])
