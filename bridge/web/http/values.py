"""Values as every surface writes them into JSON."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from bridge.domain.instants import rfc3339
from bridge.domain.notices import Notice
from bridge.domain.paging import Page
from bridge.domain.quotas import Quota
from bridge.services.accounts.view_account import ModuleUsage

T = TypeVar("T")


def instant(value: datetime | None) -> str | None:
    """Return RFC 3339, or null."""
    return rfc3339(value) if value else None


def page_json(page: Page[T], item_json: Callable[[T], dict[str, Any]]) -> dict[str, Any]:
    """Return a page of a list."""
    return {"items": [item_json(one) for one in page.items], "next_cursor": page.next_cursor}


def notice_json(notice: Notice) -> dict[str, Any]:
    """Return what to tell a visitor who is denied."""
    return asdict(notice)


def module_json(usage: ModuleUsage) -> dict[str, Any]:
    """Return one row of an account."""
    return {
        "module": usage.module,
        "context_id": usage.context_id,
        "title": usage.title,
        "used": usage.quota.used,  # here it stands before the limit
        **quota_json(usage.quota),
    }


def quota_json(quota: Quota) -> dict[str, Any]:
    """Return a quota as the API tells it; null is unlimited."""
    return {
        "limit": quota.limit,
        "used": quota.used,
        "remaining": quota.remaining,
        "period": quota.period,
        "resets_at": instant(quota.resets_at),
    }


def without_query(url: str) -> str:
    """Return an address as people may see it: its query may hold a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
