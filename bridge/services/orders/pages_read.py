"""Pages of orders as the readers of the shop yield them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bridge.domain.ids import OrderId
from bridge.woo.errors import UnreadableOrderError
from bridge.woo.parse import modified_at

SECOND = timedelta(seconds=1)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """Orders of one request, and the number that was taken before it."""

    items: list[Json]
    fetch_number: int
    newest: datetime | None  # the latest modification on it; None if nothing on it can be read
    is_last: bool
    reached: datetime | None  # up to here nothing can have been missed: the cursor may move
    lost: tuple[OrderId, ...] = ()  # that are there, and that the shop can put on no page


def modified_or_none(item: Json) -> datetime | None:
    """Return when an order last changed, as far as that can be read."""
    try:
        return modified_at(item)
    except UnreadableOrderError:
        return None
