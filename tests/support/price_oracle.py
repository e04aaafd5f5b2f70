"""
What usage costs, a second time: written from the rules (R18), phrase by phrase.

Like `tests.support.oracle` it shares nothing with `bridge.domain`: rules are plain rows as the
database has them, arithmetic is exact fractions.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import ceil
from typing import Any

Json = Mapping[str, Any]

INPUT = ("input_tokens", "prompt_tokens", "input_units")
OUTPUT = ("output_tokens", "completion_tokens", "output_units")
TOTAL = ("total_tokens", "total_units", "billable_units")
COUNT = ("unit_count", "image_count", "video_count", "items")
METHODS = ("per_1k_tokens", "flat", "per_image", "per_video")


class UnreadableUsageError(Exception):
    """No known key, and no `units`."""


def price(module: str, body: Json, rules: Iterable[Json]) -> int:
    """Return what the `units` and `usage` of a request cost; a chatbot's own rules are for it."""
    own = {"type": "chatbot", "id": body["context_id"]} if body.get("context_id") else None
    usage = {"scope": own, **(body.get("usage") or {})}
    data = usage.get("data") or {}
    units = body.get("units")
    if units is None and not any(key in data for key in (*INPUT, *OUTPUT, *TOTAL, *COUNT)):
        raise UnreadableUsageError
    rule = rule_for(module, usage, rules)
    if rule is None:
        return ceil(total_of(data, units))
    if rule["billing_method"] == "per_1k_tokens":
        return ceil(_per_1k(rule, data, units))
    rate = Fraction(rule["unit_rate"])
    return ceil(rate if rule["billing_method"] == "flat" else (first(data, COUNT) or 1) * rate)


def rule_for(module: str, usage: Json, rules: Iterable[Json]) -> Json | None:
    """Return the rule that prices this usage."""
    scope = usage.get("scope") or {}
    fitting = [rule for rule in rules if _works(rule) and _is_for(rule, module, usage)]
    scoped = [
        rule
        for rule in fitting
        if scope and (rule["scope_type"], rule["scope_id"]) == (scope["type"], scope["id"])
    ]
    if scoped:
        return max(scoped, key=lambda rule: int(rule["id"]))
    for wider in ("module", "global"):
        equals = [rule for rule in fitting if rule["scope_type"] == wider]
        if equals:
            return max(equals, key=lambda rule: (rule["updated_at"], rule["id"]))
    return None


def total_of(data: Json, units: int | None) -> Fraction:
    """Return `total_*`, else the sum of the split, else `units`."""
    return first(data, TOTAL) or first(data, INPUT) + first(data, OUTPUT) or Fraction(units or 0)


def first(data: Json, keys: Iterable[str]) -> Fraction:
    """Return the first number above 0 under one of these keys; 0 if there is none."""
    for key in keys:
        value = data.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            return Fraction(str(value))
    return Fraction(0)


def _per_1k(rule: Json, data: Json, units: int | None) -> Fraction:
    tokens_in, tokens_out = first(data, INPUT), first(data, OUTPUT)
    if tokens_in == tokens_out == 0:
        tokens_in = total_of(data, units)
    return (tokens_in * _rate(rule["input_rate"]) + tokens_out * _rate(rule["output_rate"])) / 1000


def _rate(rate: Any) -> Fraction:
    return Fraction(rate or 0)


def _works(rule: Json) -> bool:
    needs = ("input_rate", "output_rate") if "1k" in rule["billing_method"] else ("unit_rate",)
    rates = [rule[name] for name in needs if rule[name] is not None]
    prices = bool(rates) and not any(Fraction(rate) < 0 for rate in rates)
    return bool(rule["enabled"]) and rule["billing_method"] in METHODS and prices


def _is_for(rule: Json, module: str, usage: Json) -> bool:
    named = all(
        str(rule[name]).lower() == str(usage.get(name) or "").lower()
        for name in ("provider", "model", "operation")
    )
    return named and rule["module"] == module
