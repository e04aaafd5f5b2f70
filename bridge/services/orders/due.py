"""Whether there is anything to talk about with the shop now, and whether it may be asked."""

from bridge.services.orders.poll_shop import backing_off
from bridge.store import annotations, orders
from bridge.store.db import Database


def shop_rests(db: Database) -> bool:
    """Say whether the shop asked for, or needs, some rest."""
    with db.reading() as tx:
        return backing_off(tx)


def orders_are_due(db: Database) -> bool:
    """Say whether an order is to be looked at now."""
    with db.reading() as tx:
        return bool(orders.list_due(tx, 1)) and not backing_off(tx)


def annotations_are_due(db: Database) -> bool:
    """Say whether something is to be written into the shop's orders now."""
    with db.reading() as tx:
        return bool(annotations.list_due(tx, 1)) and not backing_off(tx)
