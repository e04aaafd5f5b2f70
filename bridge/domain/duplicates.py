"""Uses that look as if one had been booked twice."""

from collections.abc import Sequence
from datetime import timedelta

from bridge.domain.ledger import EntryType, LedgerRow

WITHIN = timedelta(seconds=10)


def find_duplicates(rows: Sequence[LedgerRow]) -> dict[int, LedgerRow]:
    """
    Return, by the id of each suspicious row, the nearest other one like it.

    Like it is a use of the same feature for the same number of tokens within ten seconds.
    """
    twins: dict[int, LedgerRow] = {}
    uses = [row for row in rows if row.entry_type == EntryType.USAGE and row.credits_delta < 0]
    for row in uses:
        like = [one for one in uses if one is not row and _is_like(one, row)]
        if like:
            twins[row.entry_id] = min(like, key=lambda one: abs(one.at - row.at))
    return twins


def _is_like(one: LedgerRow, other: LedgerRow) -> bool:
    same = (one.credits_delta, one.module, one.context_id) == (
        other.credits_delta,
        other.module,
        other.context_id,
    )
    return same and abs(one.at - other.at) <= WITHIN
