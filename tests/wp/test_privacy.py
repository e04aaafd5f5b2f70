"""WordPress's tools for personal data: the export is complete or an error, and says what stays."""

from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import set_up
from .php_cli import quoted
from .site import WordPressSite
from .spending_bridge import SpendingBridge, run_spending_bridge
from .visitor import Visitor

EMAIL = "alice@example.test"
ROWS = 130


@pytest.fixture(scope="module")
def real_bridge(
    module_site: WordPressSite, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SpendingBridge]:
    """A bridge that knows a purchase and many uses of Alice's."""
    folder = tmp_path_factory.mktemp("bridge")
    with run_spending_bridge(module_site, folder) as bridge:
        user = alice_id(module_site)
        insert = """INSERT INTO wp_aipkit_token_ledger (user_id, actor_type, module, context_type,
            context_id, operation, credits_delta, entry_type, provider, model, created_at)
            VALUES (%s, 'user', %s, %s, %s, %s, %s, %s, 'OpenAI', 'gpt-4o', %s)"""
        module_site.sql(
            insert, user, "woocommerce", "order", 81, "purchase", 9000, "purchase",
            "2026-11-01 10:00:00",
        )  # fmt: skip
        for number in range(1, ROWS):
            module_site.sql(
                insert, user, "ai_forms", "module", 1, "form_submit", -1, "usage",
                f"2026-11-02 10:{number // 60:02}:{number % 60:02}",
            )  # fmt: skip
        set_up(module_site, bridge.url)
        with module_site.kept():
            yield bridge


@pytest.fixture
def connected(real_bridge: SpendingBridge, site: WordPressSite) -> WordPressSite:
    """The site, set up for that bridge."""
    assert real_bridge
    return site


def alice_id(site: WordPressSite) -> int:
    return int(site.sql("SELECT ID FROM wp_users WHERE user_login = 'alice'")[0][0])


def ask(site: WordPressSite, tool: str, page: int = 1, email: str = EMAIL) -> Any:
    """What the exporter or the eraser gives for a page, as WordPress asks for it."""
    return site.wp_value(
        f"""( function () {{
            $tools  = apply_filters( 'wp_privacy_personal_data_{tool}s', array() );
            $call   = $tools['aipkit-bridge']['callback'];
            $answer = call_user_func( $call, {quoted(email)}, {page} );
            return is_wp_error( $answer ) ? $answer->get_error_message() : $answer;
        }} )()"""
    )


def fields(item: dict[str, Any]) -> dict[str, Any]:
    return {one["name"]: one["value"] for one in item["data"]}


def test_the_export_has_every_row_whatever_their_number(connected: WordPressSite) -> None:
    pages = [ask(connected, "exporter", page) for page in (1, 2, 3, 4)]

    account, purchases, *ledger = [page["data"] for page in pages]
    assert [page["done"] for page in pages] == [False, False, False, True]
    assert "Balance" in fields(account[0])
    assert {**fields(purchases[0]), "Date": ""} == {
        "Order": "81", "Date": "", "Granted": 9000, "Reversed": 0,
    }  # fmt: skip
    rows = [item for page in ledger for item in page]
    assert len({row["item_id"] for row in rows}) == ROWS
    assert {**fields(rows[0]), "Date": ""} == {
        "Date": "",
        "Kind": "usage / form_submit",
        "Credits": -1,
        "Used for": "AI Forms",
        "Provider": "OpenAI",
        "Model": "gpt-4o",
    }


def test_dates_are_in_the_sites_zone_and_format(connected: WordPressSite) -> None:
    connected.wp_eval("update_option( 'timezone_string', 'Europe/Istanbul' );")
    ask(connected, "exporter", 1)

    purchase = ask(connected, "exporter", 2)["data"][0]
    connected.wp_eval("update_option( 'timezone_string', '' );")

    assert fields(purchase)["Date"] == "November 1, 2026 1:00 pm"


def test_a_purchase_names_its_products(site: WordPressSite) -> None:
    _, (item,) = site.wp_value(
        r"""array( require WP_PLUGIN_DIR . '/aipkit-bridge/inc/privacy-items.php',
            AIPKit_Bridge\Privacy_Items\items_of( 'purchases', array( 'items' => array( array(
            'order_id' => 81, 'order_number' => 'W-81', 'at' => null, 'granted' => 20000,
            'reversed' => 0, 'status' => 'completed', 'lines' => array(
                array( 'name' => '10k Pack', 'quantity' => 2 ),
                array( 'name' => 'Mug', 'quantity' => 1 ) ) ) ) ) ) )"""
    )

    assert fields(item) == {
        "Order": "W-81",
        "Products": "2 × 10k Pack, 1 × Mug",
        "Granted": 20_000,
        "Reversed": 0,
        "Status": "completed",
    }


def test_a_page_out_of_turn_is_an_error(connected: WordPressSite) -> None:
    ask(connected, "exporter", 1)
    ask(connected, "exporter", 2)

    assert "Start it again" in ask(connected, "exporter", 2)


def test_without_the_bridge_the_export_is_an_error_not_an_empty_one(site: WordPressSite) -> None:
    set_up(site, "http://127.0.0.1:1")

    assert "the bridge does not answer" in ask(site, "exporter")


def test_who_has_no_account_here_has_nothing_to_export(connected: WordPressSite) -> None:
    answer = ask(connected, "exporter", email="nobody@example.test")

    assert answer == {"data": [], "done": True}


def test_erasing_takes_the_kept_fragments_of_that_user_only(
    site: WordPressSite, alice: Visitor, bob: Visitor, page_url: str
) -> None:
    alice.get(page_url)
    bob.get(page_url)

    answers = [ask(site, "eraser"), ask(site, "eraser")]

    assert [answer["items_removed"] for answer in answers] == [True, False]
    assert ask(site, "eraser", email="bob@example.test")["items_removed"] is True


@pytest.mark.parametrize("owns", [True, False])
def test_erasing_says_that_accounting_records_stay(owns: bool, site: WordPressSite) -> None:
    site.sql("DELETE FROM wp_usermeta WHERE meta_key LIKE %s", "\\_aipkit\\_%")
    if owns:
        site.wp_eval(f"update_user_meta( {alice_id(site)}, '_aipkit_token_balance', 12 );")

    answer = ask(site, "eraser")

    assert (answer["items_retained"], answer["done"]) == (owns, True)
    assert ["accounting records" in text for text in answer["messages"]] == [True] * owns
