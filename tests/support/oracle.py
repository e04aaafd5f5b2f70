"""
What an order is due, a second time: written from the rules (R1 to R9), sentence by sentence.

It shares nothing with `bridge.domain` on purpose: WooCommerce's own JSON, plain dicts and exact
fractions, no types of ours. Where both agree on thousands of invented orders, both have read the
same rule. Below it, what tests invent orders with.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import floor
from typing import Any

from hypothesis import HealthCheck, settings

Json = Mapping[str, Any]
Amounts = Mapping[Any, int]
"""By line id: what one unit grants, frozen. Lines that are no token package are not in it."""

POLICY: dict[str, Any] = {
    "statuses": ["completed"],
    "reverse_on": ["cancelled", "refunded", "failed", "trash"],
    "refunds": "clawback",
    "allow_negative": False,
    "require_payment": False,
}
"""`[grants]` with its defaults; tests lay their own keys over it."""


def policy(**changes: Any) -> dict[str, Any]:
    """Return the default policy with changes."""
    return {**POLICY, **changes}


def bought(body: Json, amounts: Amounts) -> int:
    """G: sum over token-package lines of unit amount x quantity."""
    return sum(amounts.get(item["id"], 0) * int(item["quantity"]) for item in body["line_items"])


def taken(body: Json, refunds: Sequence[Json], amounts: Amounts) -> int:
    """What refunds take: by quantity, by a line's money, and by money that names no line."""
    items = {item["id"]: item for item in body["line_items"]}
    total = Fraction(str(body["total"]))
    by_line: dict[Any, int] = {}
    unnamed = Fraction(0)
    for refund in refunds:
        named = Fraction(0)
        for part in refund["line_items"]:
            named += _gross(part)
            item = items.get(_refunded_item(part))
            if item is None or item["id"] not in amounts:
                continue
            amount, q = amounts[item["id"]], abs(int(part["quantity"]))
            less = by_line.get(item["id"], 0)
            if q > 0:
                less += amount * q
            elif total != 0 and _gross(item) != 0:  # total 0: only quantities count
                less += floor(amount * int(item["quantity"]) * _gross(part) / _gross(item))
            # "What all refunds take of a line is capped at amount x quantity."
            by_line[item["id"]] = min(less, amount * int(item["quantity"]))
        for part in [*(refund.get("shipping_lines") or []), *(refund.get("fee_lines") or [])]:
            named += _gross(part)
        unnamed += max(Fraction(0), abs(Fraction(str(refund["amount"]))) - named)
    by_sum = floor(bought(body, amounts) * unnamed / total) if total != 0 else 0
    return sum(by_line.values()) + by_sum


def net(body: Json, refunds: Sequence[Json], amounts: Amounts, rules: Json) -> int:
    """Return max(0, G - refunds), where `refunds = "ignore"` takes 0."""
    less = 0 if rules["refunds"] == "ignore" else taken(body, refunds, amounts)
    return max(0, bought(body, amounts) - less)


def adopt(
    credits: int, body: Json, refunds: Sequence[Json], amounts: Amounts, rules: Json
) -> dict[str, Any]:
    """Return what is kept of an order at its adoption: B, N0, status and what it held."""
    return {
        "B": credits,
        "N0": net(body, refunds, amounts, rules),
        "status": _bare(body["status"]),
        "contents": _contents(body, refunds),
    }


def due(
    body: Json,
    refunds: Sequence[Json],
    amounts: Amounts,
    rules: Json = POLICY,
    *,
    booked: int = 0,
    shortfall: int = 0,
    adoption: Json | None = None,
) -> int:
    """Return what the order is due now; *booked* is what it has, *adoption* what `adopt` gave."""
    status = _bare(body["status"])
    if adoption is not None and (
        (status, _contents(body, refunds)) == (adoption["status"], adoption["contents"])
    ):
        return int(adoption["B"])
    if status in map(_bare, rules["statuses"]):
        return _due_in_full(body, refunds, amounts, rules, adoption)
    if status in map(_bare, rules["reverse_on"]):
        # "`reverse_on` leaves what is booked": neither a clawback nor an increase.
        return booked - shortfall if rules["refunds"] == "ignore" else 0
    return booked  # "in any other status, what is booked"


def _due_in_full(
    body: Json, refunds: Sequence[Json], amounts: Amounts, rules: Json, adoption: Json | None
) -> int:
    if adoption is not None:
        if adoption["N0"] == 0:
            return int(adoption["B"])
        return int(adoption["B"]) * net(body, refunds, amounts, rules) // int(adoption["N0"])
    if rules["require_payment"] and Fraction(str(body["total"])) == 0:
        return 0
    return net(body, refunds, amounts, rules)


def book(account: Json, order: Json, due_now: int, rules: Json = POLICY) -> dict[str, Any]:
    """
    Take one booking step.

    Args:
        account: `stored` balance and `debt`.
        order: `booked` and `shortfall`.
        due_now: What `due` said.
        rules: The policy.

    Returns:
        All four figures afterwards, and `delta` of the ledger row (0: no row).
    """
    stored, debt = account["stored"], account["debt"]
    booked, shortfall = order["booked"], order["shortfall"]
    delta = 0
    d = due_now - (booked - shortfall)
    if d < 0 and rules["refunds"] != "ignore":
        t = min(stored, -d)
        if rules["allow_negative"]:
            delta = d
            stored, debt = stored - t, debt + (-d - t)
        else:
            delta = -t
            stored, shortfall = stored - t, shortfall + (-d - t)
    elif d > 0:
        s = min(d, shortfall)
        shortfall -= s
        delta = d - s
        paid = min(debt, delta)
        stored, debt = stored + delta - paid, debt - paid
    return {
        "stored": stored,
        "debt": debt,
        "booked": booked + delta,
        "shortfall": shortfall,
        "delta": delta,
    }


def _gross(part: Json) -> Fraction:
    return abs(Fraction(str(part["total"]))) + abs(Fraction(str(part["total_tax"])))


def _refunded_item(part: Json) -> int:
    links = [meta["value"] for meta in part["meta_data"] if meta["key"] == "_refunded_item_id"]
    return int(links[0]) if links else 0


def _contents(body: Json, refunds: Sequence[Json]) -> Any:
    lines = {i["id"]: (int(i["quantity"]), _gross(i)) for i in body["line_items"]}
    parts = {
        r["id"]: (
            Fraction(str(r["amount"])),
            sorted(
                (_refunded_item(p), abs(int(p["quantity"])), _gross(p)) for p in r["line_items"]
            ),
        )
        for r in refunds
    }
    return lines, parts


def _bare(status: str) -> str:
    return status.removeprefix("wc-")


def item(
    item_id: int, quantity: int = 1, total: Any = "5.00", tax: Any = "0.00"
) -> dict[str, Any]:
    """Return a product line as `GET orders` has it."""
    return {
        "id": item_id,
        "name": f"Item {item_id}",
        "product_id": 1000 + item_id,
        "variation_id": 0,
        "quantity": quantity,
        "total": str(total),
        "total_tax": str(tax),
        "meta_data": [],
    }


def part(
    item_id: int, quantity: int = 0, total: Any = "0.00", tax: Any = "0.00"
) -> dict[str, Any]:
    """Return a refund's line: figures below 0; *item_id* 0 names no item of the order."""
    link = [{"id": 1, "key": "_refunded_item_id", "value": str(item_id)}] if item_id else []
    line = item(9000 + item_id, -quantity, f"-{total}", f"-{tax}")
    return {**line, "meta_data": link}


def extra(total: Any, tax: Any = "0.00", *, refunded: bool = False) -> dict[str, Any]:
    """Return a shipping or fee line, of an order or of a refund."""
    sign = "-" if refunded else ""
    return {"id": 8000, "total": f"{sign}{total}", "total_tax": f"{sign}{tax}", "meta_data": []}


def refund(
    refund_id: int,
    amount: Any,
    parts: Iterable[Json] = (),
    *,
    shipping: Iterable[Json] = (),
    fees: Iterable[Json] = (),
) -> dict[str, Any]:
    """Return one of `GET orders/<id>/refunds`."""
    return {
        "id": refund_id,
        "amount": str(amount),
        "line_items": list(parts),
        "shipping_lines": list(shipping),
        "fee_lines": list(fees),
        "tax_lines": [],
    }


def order(
    items: Iterable[Json] = (),
    refunds: Iterable[Json] = (),
    *,
    total: Any = None,
    status: str = "completed",
    **more: Any,
) -> dict[str, Any]:
    """Return one of `GET orders`; its total is its items' unless given."""
    items = list(items)
    exact = sum((_gross(one) for one in items), Fraction(0))
    return {
        "id": 77,
        "number": "77",
        "status": status,
        "currency": "USD",
        "total": f"{float(exact):.2f}" if total is None else str(total),
        "customer_id": 2,
        "billing": {"email": "alice@example.com"},
        "date_created_gmt": "2026-11-22T11:00:00",
        "date_modified_gmt": "2026-11-22T11:00:02",
        "date_paid_gmt": "2026-11-22T11:00:01",
        "date_completed_gmt": "2026-11-22T11:00:02",
        "line_items": items,
        "refunds": [{"id": one["id"], "total": f"-{one['amount']}"} for one in refunds],
        "meta_data": [],
        **more,
    }


def explore(examples: int, *suppress: HealthCheck) -> settings:
    """
    Return settings for a property test: the same examples in every run, so that none flakes.

    To look further, at random: `AIPKIT_TESTS_EXPLORE=20 pytest -k property tests/unit
    tests/services` takes 20 times as many, other ones each time; what fails is printed with a
    line that repeats it. *suppress*: health checks that the test says a reason for.
    """
    times = int(os.environ.get("AIPKIT_TESTS_EXPLORE", "0"))
    return settings(
        max_examples=examples * max(1, times),
        derandomize=times == 0,
        deadline=None,  # two slow cores are no failure
        database=None,
        suppress_health_check=suppress,
        print_blob=times > 0,
    )
