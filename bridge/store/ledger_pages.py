"""The ledger's rows of a span, some hundred at a time, by their ids."""

from datetime import datetime

from bridge.store.columns import naive
from bridge.store.ledger import TABLE
from bridge.store.tx import Row, Tx

# Out of one key, whose rows end with the ids: of each type the first and the last of the span.
_IDS = f"""
    SELECT MIN(id) AS first, MAX(id) AS last FROM {TABLE}
     WHERE entry_type IN %s AND created_at >= %s AND created_at < %s
"""  # noqa: S608  # of constants
_TYPES = f"SELECT DISTINCT entry_type FROM {TABLE}"  # noqa: S608  # likewise
_PAGE = f"""
    SELECT id, created_at, user_id, session_id, entry_type, operation, credits_delta, module,
           context_type, context_id, provider, model, usage_input_units, usage_output_units,
           usage_total_units, reference_type, reference_id, meta
      FROM {TABLE}
     WHERE id >= %s AND id <= %s AND created_at >= %s AND created_at < %s ORDER BY id LIMIT %s
"""  # noqa: S608  # likewise


def id_range(tx: Tx, since: datetime, until: datetime) -> tuple[int, int] | None:
    """Return the first and the last id of rows of a span; None where there are none."""
    types = tuple(row["entry_type"] for row in tx.all(_TYPES))
    row = tx.one(_IDS, (types, naive(since), naive(until))) if types else None
    return (row["first"], row["last"]) if row and row["first"] else None


def page(tx: Tx, ids: tuple[int, int], since: datetime, until: datetime, limit: int) -> list[Row]:
    """Return the next rows within ids and instants."""
    return tx.all(_PAGE, (*ids, naive(since), naive(until), limit))
