"""Purchases as their buyers see them: what orders granted, and what of it went back."""

from dataclasses import dataclass
from datetime import datetime

from bridge.domain.ids import Credits


@dataclass(frozen=True, slots=True)
class PurchaseLine:
    """A token package in an order."""

    name: str
    quantity: int
    credits: Credits


@dataclass(frozen=True, slots=True)
class Purchase:
    """One order: what it granted, and what was taken back of that."""

    order_id: int
    order_number: str
    at: datetime  # when its tokens came: the list's order
    ordered_at: datetime  # what a customer knows it by; *at* where the bridge never saw the order
    lines: tuple[PurchaseLine, ...]
    granted: Credits
    reversed: Credits
    shortfall: Credits
    status: str  # the order's, without `wc-`; empty where the bridge never saw the order
    currency: str
