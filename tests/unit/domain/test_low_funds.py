"""When a visitor is told that tokens run out."""

import pytest

from bridge.domain.ids import Credits
from bridge.domain.low_funds import is_low_balance, is_low_limit
from bridge.domain.periods import Period
from bridge.domain.quotas import Quota


@pytest.mark.parametrize(
    ("balance", "last_package", "low"),
    [
        (999, 10_000, True),
        (1_000, 10_000, False),
        (1, 11, True),
        (0, 10_000, False),
        (-5, 10_000, False),
        (1, 0, False),
    ],
)
def test_a_balance_is_low_below_a_tenth_of_the_last_package(
    balance: Credits, last_package: int, low: bool
) -> None:
    assert is_low_balance(balance, Credits(last_package)) is low


@pytest.mark.parametrize(
    ("balance", "limit", "used", "held", "low"),
    [
        (0, 1_000, 899, 0, False),
        (0, 1_000, 900, 0, True),
        (0, 1_000, 800, 100, True),
        (0, 1_000, 5_000, 0, True),
        (1, 1_000, 1_000, 0, False),
        (-1, 1_000, 1_000, 0, False),
        (0, 0, 0, 0, False),
        (0, None, 5_000, 0, False),
        (0, 1, 0, 0, False),
    ],
)
def test_a_free_limit_is_low_from_nine_tenths_on_with_no_balance_behind_it(
    balance: Credits, limit: int | None, used: int, held: int, low: bool
) -> None:
    size = None if limit is None else Credits(limit)
    quota = Quota(size, Credits(used), Period.DAILY, None, Credits(held))

    assert is_low_limit(balance, quota) is low
