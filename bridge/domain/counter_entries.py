"""Rows that take back what another row booked: what may be, and what of it goes back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge.domain.ids import Credits
from bridge.domain.ledger import BY_HAND, EntryType, LedgerRow, entry_name
from bridge.domain.quotas import Context, Module, context_in
from bridge.domain.usage_entries import HOLD_ADJUSTED, HOLD_EXPIRED

RESET = "usage_reset"
"""``operation`` of the row of a reset: what it forgave stands in meta, by counter."""

_SETTLED_BY_COMMITS = (HOLD_EXPIRED, HOLD_ADJUSTED)
"""A later commit books the difference to these rows: nothing else may change them."""


@dataclass(frozen=True, slots=True)
class CounterEntry:
    """What goes back: of the balance, and of each free limit's counter."""

    delta: Credits
    counted: Mapping[Context, int]


def counter_entry(row: LedgerRow) -> CounterEntry | None:
    """
    Return what would take a row back; None if it must stand.

    Rows of orders follow the orders. A use goes back with what it took of the free limit.
    """
    if row.entry_type == EntryType.BY_HAND and row.module == BY_HAND:
        found = CounterEntry(Credits(-row.credits_delta), _forgiven(row))
    elif row.entry_type == EntryType.USAGE and row.operation not in _SETTLED_BY_COMMITS:
        found = CounterEntry(Credits(-row.credits_delta), _counted(row))
    else:
        return None
    return found if found.delta or any(found.counted.values()) else None


def counter_key(entry_id: int) -> str:
    """Return the ledger's own key of the row that takes this one back: there is only one."""
    return f"aipkit_bridge_undo_{entry_name(entry_id)}"


def _counted(row: LedgerRow) -> dict[Context, int]:
    """Return what a use took of its counter, negative."""
    units = _whole(row.meta.get("quota_units")) if row.meta.get("quota_recorded") else 0
    if not units or row.module not in set(Module):
        return {}
    module = Module(row.module)
    return {Context(module, row.context_id if module is Module.CHAT else None): -units}


def _forgiven(row: LedgerRow) -> dict[Context, int]:
    """Return what a reset forgave of each counter."""
    forgiven = row.meta.get("forgiven")
    if row.operation != RESET or not isinstance(forgiven, dict):
        return {}
    return {
        context: _whole(used)
        for name, used in forgiven.items()
        if (context := context_in(name)) is not None
    }


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
