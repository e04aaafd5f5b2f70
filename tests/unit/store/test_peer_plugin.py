"""What the site keeps under the peer's names."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.domain.ids import Credits
from bridge.domain.limits import NO_LIMITS, LimitMode, Limits
from bridge.domain.packages import ProductMeta
from bridge.domain.periods import Period
from bridge.domain.quotas import Context, Counter, Module
from bridge.store.peer_plugin import (
    bot_fields,
    counter_keys,
    effective_balance,
    guest_context,
    limits_in,
    module_fields,
    read_counter,
    read_product,
)

CHAT = Context(Module.CHAT, 50)
IMAGES = Context(Module.IMAGE_GENERATOR)
FORMS = Context(Module.AI_FORMS)


@pytest.mark.parametrize(
    ("text", "balance"),
    [
        (None, 0),
        ("", 0),
        ("0", 0),
        ("5", 5),
        ("12.7", 12),
        (" 12 ", 12),
        ("-3", 0),
        ("-0.5", 0),
        ("abc", 0),
        ("12abc", 0),
        ("a:0:{}", 0),
        (str(2**63 - 1), 2**63 - 1),
    ],
)
def test_the_effective_balance(text: str | None, balance: int) -> None:
    assert effective_balance(text) == balance


def test_counters_stand_under_the_peers_keys() -> None:
    assert counter_keys(CHAT) == ("_aipkit_token_usage_50", "_aipkit_last_token_reset_50")
    assert counter_keys(IMAGES) == ("_aipkit_img_tokens_used", "_aipkit_img_tokens_reset")
    assert counter_keys(FORMS) == ("_aipkit_aiforms_tokens_used", "_aipkit_aiforms_tokens_reset")


def test_guests_are_counted_under_the_chatbot_or_its_stand_in() -> None:
    assert (guest_context(CHAT), guest_context(IMAGES), guest_context(FORMS)) == (50, 0, 1)


@pytest.mark.parametrize(
    ("used", "stamp", "counter"),
    [
        ("30", "1790000000", (30, 1_790_000_000)),
        ("30.9", "1790000000", (30, 1_790_000_000)),
        ("-4", "1790000000", (0, 1_790_000_000)),
        ("x", "y", (0, 0)),
        (None, None, (0, 0)),
        ("30", None, (30, 0)),
        ("30", "", (30, 0)),
    ],
)
def test_a_counter_is_read_out_of_metas(
    used: str | None, stamp: str | None, counter: tuple[int, int]
) -> None:
    metas = {"_aipkit_token_usage_50": used, "_aipkit_last_token_reset_50": stamp}
    read = read_counter(metas, CHAT)

    assert (read.used, read.last_reset) == counter
    assert read_counter({}, CHAT) == Counter()
    assert read_counter(metas, FORMS) == Counter(), "another module's"


def test_a_products_metas() -> None:
    metas = {"_aipkit_is_token_package": "yes", "_aipkit_tokens_amount": "5", "_price": "1"}

    assert read_product(metas) == ProductMeta("yes", "5")
    assert read_product({}) == ProductMeta(None, None)


def bot_limits(metas: dict[str, str | None]) -> Limits:
    return limits_in(bot_fields(metas))


def module_limits(option: object) -> Limits:
    return limits_in(module_fields(option))


def test_a_chatbots_limits() -> None:
    read = bot_limits(
        {
            "_aipkit_token_limit_mode": "role_based",
            "_aipkit_token_user_limit": "100",
            "_aipkit_token_guest_limit": "",
            "_aipkit_token_role_limits": '{"editor": "70", "author": 5, "guest": null, "x": ""}',
            "_aipkit_token_reset_period": "weekly",
        }
    )

    assert read == Limits(
        LimitMode.BY_ROLE,
        Credits(100),
        None,
        Period.WEEKLY,
        {"editor": Credits(70), "author": Credits(5), "x": None},
    )


@pytest.mark.parametrize("roles", [None, "", "[]", "{}", "null", "5", '"x"', "{broken"])
def test_a_chatbot_without_role_limits_has_none(roles: str | None) -> None:
    assert replace(bot_limits({"_aipkit_token_role_limits": roles}), faults=()) == NO_LIMITS


@pytest.mark.parametrize("period", [None, "", "yearly", "Daily"])
def test_an_unknown_period_never_turns(period: str | None) -> None:
    assert bot_limits({"_aipkit_token_reset_period": period}).period is Period.NEVER


def test_a_modules_limits() -> None:
    option = {
        "other": 1,
        "token_management": {
            "token_limit_mode": "role_based",
            "token_user_limit": 100,
            "token_guest_limit": None,
            "token_role_limits": {"editor": 70, "author": "", "x": None},
            "token_reset_period": "monthly",
        },
    }

    assert module_limits(option) == Limits(
        LimitMode.BY_ROLE,
        Credits(100),
        None,
        Period.MONTHLY,
        {"editor": Credits(70), "author": None},
    )


def test_role_limits_of_a_module_are_json_once_its_screen_has_saved_them() -> None:
    stored = '{"administrator":null,"customer":2000,"guest_author":0,"editor":""}'
    fields = {"token_limit_mode": "role_based", "token_role_limits": stored}

    limits = module_limits({"token_management": fields})

    assert limits.role_limits == {"customer": 2000, "guest_author": 0, "editor": None}


@pytest.mark.parametrize(
    "option",
    [
        None,
        "",
        5,
        [],
        {},
        {"token_management": None},
        {"token_management": "x"},
        {"token_management": {}},
        {"token_management": {"token_role_limits": "x", "token_reset_period": "x"}},
    ],
)
def test_a_module_without_settings_has_no_limits(option: Any) -> None:
    assert replace(module_limits(option), faults=()) == NO_LIMITS
