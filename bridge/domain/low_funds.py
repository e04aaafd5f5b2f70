"""When a visitor is told that tokens run out (R27)."""

from bridge.domain.ids import Credits
from bridge.domain.quotas import Quota

_PARTS = 10
"""Less than this part of what was there is little."""


def is_low_balance(balance: Credits, last_package: Credits) -> bool:
    """Say whether little is left of what was bought last; nothing at all is not low but gone."""
    return 0 < balance * _PARTS < last_package


def is_low_limit(balance: Credits, quota: Quota) -> bool:
    """Say whether a free limit is nearly or fully used, with no balance to go on with."""
    remaining = quota.remaining
    if balance != 0 or not quota.limit or remaining is None:
        return False
    return remaining * _PARTS <= quota.limit
