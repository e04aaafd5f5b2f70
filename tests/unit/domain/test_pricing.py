"""What usage costs, and which of the site's rules says so."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.ids import MAX_BALANCE
from bridge.domain.pricing import (
    PriceList,
    PriceRule,
    PriceTooLargeError,
    Quantities,
    Scope,
    Usage,
    UsageUnreadableError,
    measure,
    price_usage,
)
from tests.support import price_oracle
from tests.support.oracle import explore

CHANGED = datetime(2026, 1, 1, tzinfo=UTC)
FLAT = PriceRule(
    rule_id=1,
    scope_type="module",
    scope_id=0,
    module="chat",
    provider="OpenAI",
    model="gpt-x",
    operation="chat",
    billing_method="flat",
    input_rate=None,
    output_rate=None,
    unit_rate=Decimal(7),
    enabled=True,
    updated_at=CHANGED,
)
USAGE = Usage(units=100, provider="OpenAI", model="gpt-x", operation="chat")
BOT = Scope("chatbot", 22)


def flat(rate: int, scope_type: str = "module", **changes: Any) -> PriceRule:
    return replace(FLAT, unit_rate=Decimal(rate), scope_type=scope_type, **changes)


def by_method(method: str, **rates: str) -> PriceRule:
    given = {name: Decimal(rate) for name, rate in rates.items()}
    return replace(FLAT, billing_method=method, **{"unit_rate": None, **given})  # type: ignore[arg-type]  # rates only


def cost(*rules: PriceRule, scope: Scope | None = None, **changes: Any) -> int:
    return price_usage("chat", replace(USAGE, scope=scope, **changes), PriceList(rules)).credits


# Without a rule


@pytest.mark.parametrize(
    ("units", "data", "total"),
    [
        (100, None, 100),
        (0, None, 0),
        (100, {"total_tokens": 30}, 30),
        (100, {"input_tokens": 10, "output_tokens": 5}, 15),
        (100, {"prompt_tokens": 10}, 10),
        (100, {"completion_units": 10}, 100),  # no key that anybody knows
        (100, {"input_units": 10, "output_units": 5, "billable_units": 20}, 20),
        (100, {"total_tokens": 0, "input_tokens": 0}, 100),
        (100, {"total_tokens": 0, "total_units": 8}, 8),
        (100, {"image_count": 3}, 100),
        (None, {"image_count": 3}, 0),
        (None, {"items": 0}, 0),
    ],
)
def test_without_a_rule_a_unit_is_a_credit(
    units: int | None, data: dict[str, int] | None, total: int
) -> None:
    assert cost(units=units, data=data) == total


@pytest.mark.parametrize("data", [None, {}, {"words": 500}])
def test_usage_without_units_and_known_keys_is_unreadable(data: dict[str, int] | None) -> None:
    with pytest.raises(UsageUnreadableError, match="image_count"):
        cost(flat(7), units=None, data=data)


def test_each_part_is_the_first_number_above_zero_of_its_keys() -> None:
    data = {"prompt_tokens": 5, "input_units": 9, "output_tokens": 0, "completion_tokens": 2,
            "unit_count": 0, "video_count": 4, "items": 6}  # fmt: skip

    assert measure(Usage(data=data)) == Quantities(input=5, output=2, total=7, count=4)


# What a rule charges


@pytest.mark.parametrize(
    ("rates", "data", "credits"),
    [
        (
            {"input_rate": "1.5", "output_rate": "4"},
            {"input_tokens": 1500, "output_tokens": 500},
            5,
        ),
        ({"input_rate": "1000"}, {"input_tokens": 3, "output_tokens": 500}, 3),
        ({"output_rate": "1000"}, {"input_tokens": 300, "output_tokens": 5}, 5),
        ({"input_rate": "1000", "output_rate": "9"}, {"total_tokens": 8}, 8),  # all is input
        ({"output_rate": "1000"}, {"total_tokens": 8}, 0),
        ({"input_rate": "1000", "output_rate": "9"}, {"input_tokens": 2, "total_tokens": 8}, 2),
        (
            {"input_rate": "1000"},
            {"input_tokens": 0, "output_tokens": 0, "total_tokens": 8},
            8,  # a split of nothing is no split
        ),
        ({"input_rate": "1000"}, {"image_count": 3}, 100),  # of units
        ({"input_rate": "0", "output_rate": "0"}, {"input_tokens": 99}, 0),
    ],
)
def test_tokens_are_priced_by_their_split(
    rates: dict[str, str], data: dict[str, int], credits: int
) -> None:
    assert cost(by_method("per_1k_tokens", **rates), data=data) == credits


@pytest.mark.parametrize("method", ["per_image", "per_video"])
@pytest.mark.parametrize(
    ("data", "credits"),
    [
        ({"image_count": 3}, 8),
        ({"video_count": 3}, 8),
        ({"unit_count": 2, "image_count": 9}, 5),
        ({"items": 2}, 5),
        ({"image_count": 0}, 3),
        ({"total_tokens": 5000}, 3),
        (None, 3),
    ],
)
def test_a_missing_or_zero_count_is_one(
    method: str, data: dict[str, int] | None, credits: int
) -> None:
    assert cost(by_method(method, unit_rate="2.5"), data=data) == credits


def test_a_flat_price_is_the_rate_whatever_was_used() -> None:
    assert cost(flat(7), units=0) == cost(flat(7), units=10**9, data={"image_count": 9}) == 7


@pytest.mark.parametrize(
    ("rate", "tokens", "credits"),
    [
        ("0.000001", 1, 1),
        ("0.1", 30_000, 3),
        ("0.1", 30_001, 4),
        ("1.1", 10_000, 11),  # 12 in floats: 1.1 x 10,000 is a little above 11,000 there
        ("0.000001", 2**53 - 1, 9_007_200),
        ("999999.999999", 10**12, 999_999_999_999_000),
    ],
)
def test_decimals_are_exact_and_rounded_up_once(rate: str, tokens: int, credits: int) -> None:
    assert cost(by_method("per_1k_tokens", input_rate=rate), units=tokens) == credits


def test_a_price_beyond_any_balance_is_refused() -> None:
    per_image = by_method("per_image", unit_rate=str(2**32))
    assert cost(per_image, data={"image_count": 2**31 - 1}) == 2**63 - 2**32

    with pytest.raises(PriceTooLargeError):
        cost(per_image, data={"image_count": 2**31})
    with pytest.raises(PriceTooLargeError):
        cost(units=MAX_BALANCE + 1)


# Which rule


@pytest.mark.parametrize(
    ("field", "value"),
    [("provider", "Google"), ("model", "gpt-x2"), ("operation", "edit"), ("module", "ai_forms")],
)
def test_a_rule_is_for_its_provider_model_operation_and_module(field: str, value: str) -> None:
    assert cost(replace(FLAT, **{field: value})) == 100  # type: ignore[arg-type]  # texts all


def test_letters_may_be_of_any_case() -> None:
    assert cost(FLAT, provider="openai", model="GPT-X", operation="Chat") == 7


def test_usage_that_names_nothing_meets_no_rule() -> None:
    assert cost(FLAT, provider="", model="", operation="") == 100


@pytest.mark.parametrize("kind", ["chatbot", "ai_form"])
def test_scoped_rules_are_for_their_own_id_and_kind(kind: str) -> None:
    other_kind = {"chatbot": "ai_form", "ai_form": "chatbot"}[kind]
    rules = flat(1, kind, scope_id=22), flat(2, "module")

    assert cost(*rules, scope=Scope(kind, 22)) == 1
    assert cost(*rules, scope=Scope(kind, 23)) == 2
    assert cost(*rules, scope=Scope(other_kind, 22)) == 2
    assert cost(*rules) == 2


def test_the_narrowest_scope_prices_however_old_its_rule_is() -> None:
    rules = [
        flat(3, "global", rule_id=9, updated_at=CHANGED + timedelta(days=9)),
        flat(2, "module", rule_id=8, updated_at=CHANGED + timedelta(days=8)),
        flat(1, "chatbot", scope_id=22, rule_id=7),
    ]

    prices = [cost(*rules[:count], scope=BOT) for count in (1, 2, 3)]

    assert prices == [3, 2, 1]


@pytest.mark.parametrize("scope_type", ["module", "global"])
def test_of_equals_the_rule_changed_last_prices_then_the_one_of_the_highest_id(
    scope_type: str,
) -> None:
    old = flat(1, scope_type, rule_id=12)
    new = flat(2, scope_type, rule_id=10, updated_at=CHANGED + timedelta(seconds=1))
    twin = replace(new, unit_rate=Decimal(3), rule_id=11)

    for rules in ([old, new], [new, old]):
        assert cost(*rules) == 2
    for rules in ([new, twin, old], [twin, old, new]):
        assert cost(*rules) == 3


def test_of_equal_scoped_rules_the_one_of_the_highest_id_prices_whenever_it_was_changed() -> None:
    old = flat(1, "chatbot", scope_id=22, rule_id=12)
    new = flat(2, "chatbot", scope_id=22, rule_id=10, updated_at=CHANGED + timedelta(days=1))

    assert cost(old, new, scope=BOT) == cost(new, old, scope=BOT) == 1


@pytest.mark.parametrize(
    "unfit",
    [
        by_method("flat"),
        by_method("flat", input_rate="5", output_rate="5"),
        by_method("per_image", input_rate="5"),
        by_method("per_video"),
        by_method("per_1k_tokens", unit_rate="5"),
        by_method("weird", input_rate="5", output_rate="5", unit_rate="5"),
        by_method("", unit_rate="5"),
        by_method("flat", unit_rate="-5"),
        by_method("per_image", unit_rate="-0.5"),
        by_method("per_1k_tokens", input_rate="5", output_rate="-1"),
        by_method("per_1k_tokens", input_rate="-5"),
        replace(FLAT, enabled=False),
        replace(FLAT, scope_type="galaxy"),
    ],
)
def test_a_rule_that_cannot_price_leaves_it_to_the_next_of_its_scope_then_to_a_wider(
    unfit: PriceRule,
) -> None:
    last = replace(unfit, rule_id=99, updated_at=CHANGED + timedelta(days=1))
    same, wider = flat(2, "module", rule_id=5), flat(3, "global", rule_id=6)

    assert cost(last, same, wider) == 2
    assert cost(last, wider) == 3
    assert cost(last) == 100


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        (FLAT, None),
        (replace(FLAT, enabled=False), None),
        (flat(0), None),
        (flat(-1), "rate_below_0"),
        (flat(5, "galaxy"), "unknown_scope"),
        (by_method("weird", unit_rate="5"), "unknown_method"),
        (by_method("per_image"), "no_rate"),
        (by_method("per_1k_tokens", unit_rate="5"), "no_rate"),
        (by_method("per_1k_tokens", output_rate="5"), None),
        (by_method("per_1k_tokens", input_rate="5", output_rate="-1"), "rate_below_0"),
    ],
)
def test_broken_rules_are_known_as_such(rule: PriceRule, fault: str | None) -> None:
    assert rule.fault == fault


def test_rules_that_are_never_chosen_are_known_with_the_one_that_is() -> None:
    later = flat(2, rule_id=3, updated_at=CHANGED + timedelta(days=1))
    rules = (
        later,
        flat(1, rule_id=4),
        flat(1, "global", rule_id=5),
        flat(1, "chatbot", scope_id=22, rule_id=6),
        flat(1, "chatbot", scope_id=22, rule_id=7),
        flat(1, "chatbot", scope_id=23, rule_id=8),
        flat(1, rule_id=9, model="other"),
        flat(1, rule_id=10, enabled=False, updated_at=CHANGED + timedelta(days=9)),
    )

    found = PriceList(rules).shadowed()

    assert {rule_id: rule.rule_id for rule_id, rule in found.items()} == {4: 3, 5: 3, 6: 7}


def test_the_rule_that_priced_is_told() -> None:
    found = price_usage("chat", USAGE, PriceList([flat(3, "global", rule_id=6), FLAT]))

    assert found.rule == FLAT
    assert price_usage("chat", USAGE, PriceList()).rule is None


# Against the second reading


rates = st.none() | st.decimals(0, 10_000, places=6)
names = {
    "provider": st.sampled_from(["OpenAI", "openai", "Google"]),
    "model": st.sampled_from(["gpt-x", "GPT-X"]),
    "operation": st.sampled_from(["chat", "edit"]),
}
price_rules = st.builds(
    PriceRule,
    rule_id=st.integers(1, 6),
    scope_type=st.sampled_from(["chatbot", "ai_form", "module", "global"]),
    scope_id=st.sampled_from([0, 22, 23]),
    module=st.sampled_from(["chat", "ai_forms"]),
    billing_method=st.sampled_from(["per_1k_tokens", "flat", "per_image", "per_video", "weird"]),
    input_rate=rates,
    output_rate=rates,
    unit_rate=rates,
    enabled=st.sampled_from([True, True, True, False]),
    updated_at=st.integers(0, 2).map(lambda days: CHANGED + timedelta(days=days)),
    **names,
)
keys = st.sampled_from(
    [*price_oracle.INPUT, *price_oracle.OUTPUT, *price_oracle.TOTAL, *price_oracle.COUNT, "words"]
)
usages = st.builds(
    Usage,
    units=st.none() | st.integers(0, 10**6),
    data=st.none() | st.dictionaries(keys, st.integers(0, 2000) | st.just(2**53 - 1), max_size=6),
    scope=st.none()
    | st.builds(Scope, st.sampled_from(["chatbot", "ai_form"]), st.sampled_from([22, 23])),
    **names,
)


def as_body(usage: Usage) -> Mapping[str, Any]:
    told: dict[str, Any] = {name: getattr(usage, name) for name in (*names, "data")}
    if usage.scope:
        told["scope"] = {"type": usage.scope.kind, "id": usage.scope.scope_id}
    return {"units": usage.units, "usage": told}


@explore(150)
@given(
    st.sampled_from(["chat", "ai_forms"]),
    usages,
    st.lists(price_rules, max_size=6, unique_by=lambda rule: rule.rule_id),
)
def test_property_a_price_is_that_of_a_second_reading_of_the_rules(
    module: str, usage: Usage, rules: list[PriceRule]
) -> None:
    rows = [{**asdict(rule), "id": rule.rule_id} for rule in rules]
    try:
        wanted = price_oracle.price(module, as_body(usage), rows)
    except price_oracle.UnreadableUsageError:
        with pytest.raises(UsageUnreadableError):
            price_usage(module, usage, PriceList(rules))
        return

    assert price_usage(module, usage, PriceList(rules)).credits == wanted
