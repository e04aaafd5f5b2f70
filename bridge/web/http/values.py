"""Values as every surface writes them into JSON."""

from datetime import datetime
from typing import Any

from bridge.domain.instants import rfc3339
from bridge.services.accounts.view_account import ModuleUsage


def instant(value: datetime | None) -> str | None:
    """Return RFC 3339, or null."""
    return rfc3339(value) if value else None


def module_json(usage: ModuleUsage) -> dict[str, Any]:
    """Return one row of an account."""
    quota = usage.quota
    return {
        "module": usage.module,
        "context_id": usage.context_id,
        "title": usage.title,
        "used": quota.used,
        "limit": quota.limit,
        "remaining": quota.remaining,
        "period": quota.period,
        "resets_at": instant(quota.resets_at),
    }
