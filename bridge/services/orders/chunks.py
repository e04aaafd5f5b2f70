"""Past orders in parts, as a backfill takes them, whichever way they are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bridge.domain.backfills import BackfillSpan
from bridge.domain.errors import BridgeError
from bridge.domain.ids import OrderId
from bridge.store.wp_products import Items
from bridge.woo.errors import UnreadableOrderError
from bridge.woo.parse import finished_at

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some past orders, and where to go on when they are done."""

    items: Sequence[Json]  # those of the span, each at most once
    fetch_number: int
    position: Json  # what `PastOrders.chunks` takes
    passed: int  # how many orders were read for it, others included
    plain: int = 0  # orders of the span that surely have no token package, and are not told
    sold: Items | None = None  # by line: what REST no longer tells; None: it must be read
    lost: tuple[tuple[OrderId, BridgeError], ...] = ()  # which the shop cannot send


class Way(StrEnum):
    """How they are read; the value is what `--via` takes."""

    DB = "db"
    REST = "rest"


def is_meant(span: BackfillSpan, item: Json) -> bool:
    """Say whether an order is of the span; one whose dates cannot be read is for people."""
    try:
        return span.has(finished_at(item))
    except UnreadableOrderError:
        return True
