"""
Python client for AI back ends (docs/client.md).

It stands alone: of `bridge` it needs nothing but the version, and outside it only requests.
"""

from bridge.client.answers import (
    Account,
    Action,
    Actor,
    Booking,
    Check,
    Guest,
    HoldStatus,
    ModuleUsage,
    Notice,
    Quota,
)
from bridge.client.api import Client, Hold
from bridge.client.bodies import Event, HeldUse, Module, Place, RecordedUse, Scope, Usage, Use
from bridge.client.errors import ApiError, ClientError, Denied, Unavailable

__all__ = [
    "Account",
    "Action",
    "Actor",
    "ApiError",
    "Booking",
    "Check",
    "Client",
    "ClientError",
    "Denied",
    "Event",
    "Guest",
    "HeldUse",
    "Hold",
    "HoldStatus",
    "Module",
    "ModuleUsage",
    "Notice",
    "Place",
    "Quota",
    "RecordedUse",
    "Scope",
    "Unavailable",
    "Usage",
    "Use",
]
