"""What a ledger row's details are called, in the reader's language."""

import pytest

from bridge.web.http.formatting import screen_language
from bridge.web.screens.ledger_words import price_of_use


@pytest.mark.parametrize(
    ("meta", "english", "german"),
    [
        ({"billing_method": "flat"}, "flat", "pauschal"),
        (
            {"billing_method": "per_1k_tokens", "resolved_rule_id": 5},
            "by 1,000 units, rule 5",
            "je 1.000 Einheiten, Regel 5",
        ),
        ({"billing_method": "{odd}", "resolved_rule_id": 5}, "{odd}, rule 5", "{odd}, Regel 5"),
        ({"billing_method": "", "resolved_rule_id": 5}, "", ""),
        ({"billing_method": 7}, "", ""),
    ],
)
def test_how_a_use_was_priced(meta: dict[str, object], english: str, german: str) -> None:
    price = price_of_use(meta)

    assert str(price) == english
    assert screen_language("de_DE").say(price) == german
