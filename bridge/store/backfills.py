"""Orders that a backfill lets in, and how they stand afterwards."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bridge.domain.backfills import Standing
from bridge.domain.ids import Credits, OrderId
from bridge.domain.verdicts import OrderState
from bridge.store import order_sums
from bridge.store.tx import Tx

_MAKE = """
    INSERT IGNORE INTO {p}aipkit_bridge_orders (order_id, first_seen_at, backfilled)
    VALUES (%s, UTC_TIMESTAMP(6), 1)
"""
# The digest tells an order that has not changed; one that is let in must be judged all the same.
# SET goes from left to right.
_LET_IN = """
    UPDATE {p}aipkit_bridge_orders SET digest = IF(backfilled = 1, digest, NULL), backfilled = 1
     WHERE order_id IN %s
"""
_STANDINGS = """
    SELECT order_id, account_id, state, reason_code, digest IS NOT NULL AS is_judged,
           CAST(granted AS SIGNED) - CAST(reversed AS SIGNED) AS booked, due,
           adopted_credits IS NOT NULL AS is_adopted
      FROM {p}aipkit_bridge_orders WHERE order_id IN %s
"""


@dataclass(frozen=True, slots=True)
class KeptStanding:
    """An order's standing, and whether there is anything left to do."""

    standing: Standing
    has_account: bool  # it has a booking: the ordinary polling keeps it up to date
    is_judged: bool  # since it was let in


def let_in(tx: Tx, ids: Collection[OrderId]) -> None:
    """Let orders in that were completed before `grants.since`; known ones are judged anew."""
    made = [order_id for order_id in sorted(ids) if tx.run(_MAKE, (order_id,))]
    tx.run(_LET_IN, (tuple(ids),))
    order_sums.count_new(tx, *made)


def read_standings(tx: Tx, ids: Collection[OrderId]) -> Mapping[OrderId, KeptStanding]:
    """Return how orders stand, those that the bridge knows."""
    rows = tx.all(_STANDINGS, (tuple(ids),)) if ids else []
    return {
        OrderId(row["order_id"]): KeptStanding(
            Standing(
                OrderState(row["state"]),
                row["reason_code"],
                booked=Credits(row["booked"]),
                at_stake=Credits(max(0, row["due"] - row["booked"])),
                is_adopted=bool(row["is_adopted"]),
            ),
            has_account=row["account_id"] is not None,
            is_judged=bool(row["is_judged"]),
        )
        for row in rows
    }
