"""The stand-in shop as the recorded one, served over HTTP, and a clock that tests move."""

from collections.abc import Iterator

import pytest
from woocommerce import API

from shop_stand_in.shop import RunningShop, serve_shop
from shop_stand_in.state import ShopState

from .support import RECORDINGS, Clock, client


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(clock: Clock) -> ShopState:
    """The recorded shop: orders 26 to 49."""
    return ShopState.from_recordings(RECORDINGS, clock)


@pytest.fixture
def empty(clock: Clock) -> ShopState:
    """A shop with one pack (id 12, 10,000 credits, 5.00) and no orders."""
    state = ShopState(clock)
    state.add_product(12, "10k Token Pack", "5.00", credits=10_000)
    return state


@pytest.fixture
def running(state: ShopState) -> Iterator[RunningShop]:
    with serve_shop(state) as shop:
        yield shop


@pytest.fixture
def woo(running: RunningShop) -> API:
    return client(running)
