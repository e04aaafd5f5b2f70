"""Counters of many users at once, for jobs: usermeta is read along its ids, in chunks."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bridge.domain.ids import UserId
from bridge.domain.quotas import Context, Counter
from bridge.store.peer_plugin import counter_keys, read_counter
from bridge.store.tx import Tx

_SPAN = 20_000
"""Rows of usermeta a chunk: a few milliseconds, whatever they hold."""

_LAST = "SELECT MAX(umeta_id) AS last FROM {u}usermeta"
# By the ids: by the index of meta keys, which has only a part of them, each chunk would begin at
# its start again.
_USERS = """
    SELECT DISTINCT user_id FROM {u}usermeta {by_row}
     WHERE umeta_id > %(after)s AND umeta_id <= %(until)s
       AND meta_key IN %(keys)s AND meta_value <> '0'
"""
_METAS = """
    SELECT user_id, meta_key, meta_value FROM {u}usermeta
     WHERE user_id IN %(users)s AND meta_key IN %(keys)s ORDER BY umeta_id DESC
"""


@dataclass(frozen=True, slots=True)
class CounterChunk:
    """Some users' counters, and where to go on; None: the end was reached."""

    counters: Mapping[UserId, Mapping[Context, Counter]]
    last: int | None


def list_counters(tx: Tx, contexts: Collection[Context], after: int) -> CounterChunk:
    """Return the counters of users who have used something, of the next rows of usermeta."""
    used = {context: counter_keys(context) for context in contexts}
    until = after + _SPAN
    args = {"after": after, "until": until, "keys": tuple(keys[0] for keys in used.values())}
    users = tuple(row["user_id"] for row in tx.all(_USERS, args))
    metas: dict[UserId, dict[str, str | None]] = {}
    if users:
        every = tuple(key for keys in used.values() for key in keys)
        for row in tx.all(_METAS, {"users": users, "keys": every}):
            metas.setdefault(UserId(row["user_id"]), {})[row["meta_key"]] = row["meta_value"]
    end = tx.one(_LAST)
    reached = end is None or until >= (end["last"] or 0)
    return CounterChunk(
        {
            user_id: {context: read_counter(values, context) for context in contexts}
            for user_id, values in metas.items()
        },
        None if reached else until,
    )
