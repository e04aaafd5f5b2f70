"""The 600 recorded accounts through the pure rules, step by step: answers and numbers."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from bridge.domain.decisions import Spendable, decide, split
from bridge.domain.ids import Credits
from bridge.domain.limits import Limits
from bridge.domain.periods import Calendar, site_zone
from bridge.domain.pricing import PriceList, PriceRule, Usage, price_usage
from bridge.domain.quotas import (
    Counter,
    Quota,
    quota_at,
    whole_number,
)
from bridge.store.peer_plugin import effective_balance, limits_in
from tests.support.folders import FIXTURES

CASES: list[dict[str, Any]] = json.loads((FIXTURES / "conformance/decisions.json").read_text())
SAME_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def rules_of(case: dict[str, Any]) -> list[PriceRule]:
    def rate(text: str | None) -> Decimal | None:
        return None if text is None else Decimal(text)

    return [
        PriceRule(
            rule_id=number,
            scope_type=row["scope_type"],
            scope_id=row["scope_id"],
            module=row["module"],
            provider=row["provider"],
            model=row["model"],
            operation=row["operation"],
            billing_method=row["billing_method"],
            input_rate=rate(row["input_rate"]),
            output_rate=rate(row["output_rate"]),
            unit_rate=rate(row["unit_rate"]),
            enabled=bool(row["enabled"]),
            updated_at=SAME_MOMENT,
        )
        for number, row in enumerate(case["pricing_rules"], 1)
    ]


def limits_of(case: dict[str, Any]) -> Limits:
    return limits_in(case["settings"])


def quota_of(case: dict[str, Any], state: dict[str, Any]) -> Quota:
    site, limits = case["site"], limits_of(case)
    zone = site_zone(site["timezone_string"], str(site["gmt_offset"]))
    calendar = Calendar(zone, site["start_of_week"])
    used = whole_number(str(state["used"] or "")) or 0
    counter = Counter(Credits(max(0, used)), int(state["last_reset"] or 0))
    actor = case["actor"]
    is_user = actor["type"] == "user"
    limit = limits.limit_of(actor["roles"]) if is_user else limits.guest_limit
    now = datetime.fromtimestamp(case["now"], UTC)
    return quota_at(now, counter, limit, limits.period, calendar)


def usage_of(op: dict[str, Any]) -> Usage:
    context = op.get("usage_context") or {}
    return Usage(
        units=op["fallback_units"] if op["kind"] == "check" else op["tokens"],
        provider=context.get("provider", ""),
        model=context.get("model", ""),
        operation=context.get("operation", ""),
        data=context.get("usage_data"),
    )


def balance_of(case: dict[str, Any], state: dict[str, Any]) -> Credits:
    stored = state.get("balance")  # guests have none
    return effective_balance(None if stored is None else str(stored))


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["case"]))
def test_a_recorded_account_is_decided_and_booked_as_the_rules_ask(case: dict[str, Any]) -> None:
    state = case["state"]
    for step in case["steps"]:
        wanted, op = step["bridge"], step["op"]
        quota, balance = quota_of(case, state), balance_of(case, state)
        price = price_usage(case["module"], usage_of(op), PriceList(rules_of(case)))
        spendable = Spendable(balance, quota)
        if op["kind"] == "check":
            decision = decide(price.credits, spendable)
            got = (decision.allowed, decision.reason, price.credits, quota.used, balance)
            effective = (wanted["effective"]["used"], wanted["effective"].get("balance", 0))
            assert got == (
                wanted["allowed"],
                wanted["reason"],
                wanted["required_credits"],
                *effective,
            )
        else:
            paid = split(price.credits, spendable)
            assert (price.credits, paid.from_balance, paid.from_quota, paid.uncovered) == (
                wanted["billed_credits"],
                wanted["from_balance"],
                wanted["from_quota"],
                wanted["uncovered"],
            )
            after = (quota.used + paid.counted, balance - paid.from_balance)
            effective = (wanted["effective"]["used"], wanted["effective"].get("balance", 0))
            assert after == effective
        state = step["state"]
