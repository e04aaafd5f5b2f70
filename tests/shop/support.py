"""What the tests of the stand-in shop share."""

from datetime import UTC, datetime, timedelta
from typing import Any

from woocommerce import API

from shop_stand_in.shop import RunningShop
from shop_stand_in.state import Key, ShopState
from tests.support.folders import FIXTURES

RECORDINGS = FIXTURES / "site" / "rest"


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 12, 1, 12, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_s(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)


def client(running: RunningShop, key: Key | None = None) -> API:
    """The real `woocommerce` client, signing by OAuth as it must over plain http."""
    key = key or Key()
    return API(running.url, key.consumer_key, key.consumer_secret, timeout=10)


def ids(answer: Any) -> list[int]:
    """The ids on a page."""
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()]


def modified(state: ShopState, order_id: int) -> str:
    order = state.order(order_id)
    assert order is not None
    return str(order["date_modified_gmt"])


def first_item(state: ShopState, order_id: int) -> int:
    order = state.order(order_id)
    assert order is not None
    return int(order["line_items"][0]["id"])
