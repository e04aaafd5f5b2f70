"""How orders that a backfill lets in stand afterwards."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bridge.domain.backfills import Standing
from bridge.domain.ids import Credits, OrderId
from bridge.domain.verdicts import OrderState
from bridge.store.tx import Tx

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

    @property
    def waits_for_judgement(self) -> bool:
        """Whether nobody has said anything of it since it was let in."""
        return not self.is_judged and self.standing.state is OrderState.SEEN


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
