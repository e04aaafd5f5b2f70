"""`/status` and `/status.json`: what the owner and their monitors see."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from bridge.services.accounts.keep_summaries import keep_summaries
from bridge.services.hold_lease import take_lease
from bridge.services.orders.poll_shop import poll_shop
from bridge.services.record_jobs import record_end, record_start
from bridge.services.sign_in import sign_in
from bridge.web.screens.status import Problem, headline
from bridge.wiring import Bridge, build
from bridge.woo.errors import ShopError
from shop_stand_in.shop import RunningShop
from tests.support.apps import create_app
from tests.support.client import bearer, make_token
from tests.support.site import ORDERS, SITE_URL, USERS, SiteDatabase, make_settings
from tests.support.visitor import Html

ADMIN = 1
COOKIE = "aipkit_bridge_session"


@pytest.fixture
def bridge(site: SiteDatabase, recorded_shop: RunningShop) -> Bridge:
    """A bridge with a worker, on a site without the other plugin."""
    site.run("UPDATE wp_options SET option_value = 'a:0:{}' WHERE option_name = 'active_plugins'")
    bridge = site.bridge(recorded_shop.url)
    take_lease(bridge.db, "worker", "host:1", 600)
    return bridge


@pytest.fixture
def browser(bridge: Bridge) -> Iterator[FlaskClient]:
    """An admin's browser, signed in."""
    secret = sign_in(bridge.db, bridge.site, user_id=ADMIN, token_id="a-token-of-this-test")
    with create_app(bridge).test_client() as client:
        client.set_cookie(COOKIE, secret)
        yield client


def poll(bridge: Bridge) -> None:
    poll_shop(bridge.import_context(), bridge.shop)


def look(browser: FlaskClient) -> Html:
    answer = browser.get("/status")
    assert answer.status_code == 200, answer.text
    return Html(answer.text)


def seconds_until_poll(state: dict[str, Any]) -> float:
    last, following = (
        datetime.fromisoformat(state["sync"][name]) for name in ("last_poll_at", "next_poll_at")
    )
    return (following - last).total_seconds()


def test_all_is_well(browser: FlaskClient, bridge: Bridge, site: SiteDatabase) -> None:
    poll(bridge)
    site.run("UPDATE wp_aipkit_bridge_orders SET dismissed_reason = reason_code")
    site.count_orders_anew()

    page = look(browser)

    assert "All is well. The shop was read " in page.text
    assert "Granted 8 of 19 orders seen" in page.text
    assert "Open findings 0 The books agree" in page.text
    assert page.of_class("headline")[0]["class"] == "panel headline good"


def test_orders_that_need_the_owner_say_why_and_lead_to_wordpress(
    browser: FlaskClient, bridge: Bridge
) -> None:
    poll(bridge)

    page = look(browser)

    assert "2 things need you." in page.text
    assert "2 orders need you . Each says why" in page.text
    assert "2 paid orders are nobody's . Guests paid" in page.text
    address = f"{SITE_URL}/wp-admin/admin.php?page=wc-orders&action=edit&id="
    assert page.links["#33"] == f"{address}{ORDERS['frank_no_amount']}"
    assert page.links["#45"] == f"{address}{ORDERS['grace_doomed_product']}"
    assert page.links["Grace Example"] == f"/admin/credits/{USERS['grace']}"
    rows = {row[0]: row for row in page.rows}
    assert "its product was deleted" in rows["#45 Completed"][2]
    assert "A guest bought it" in rows["#29 Completed"][2]
    assert "Need you 2" in page.text
    assert "Unclaimed 2 Guests who paid" in page.text


def test_a_guests_order_alone_is_not_all_well(
    browser: FlaskClient, bridge: Bridge, site: SiteDatabase
) -> None:
    poll(bridge)
    site.run(
        "UPDATE wp_aipkit_bridge_orders SET dismissed_reason = 'Seen.'"
        " WHERE state = 'attention' OR order_id = 29"
    )
    site.count_orders_anew()

    page = look(browser)

    assert "1 paid order is nobody's. Guests paid and have no tokens." in page.text
    assert page.links["Show"] == "#unclaimed"


def test_waiting_orders_say_when_they_are_due(
    browser: FlaskClient, bridge: Bridge, site: SiteDatabase
) -> None:
    poll(bridge)
    site.run(
        "UPDATE wp_aipkit_bridge_orders SET state = 'waiting', reason = 'The other plugin.',"
        " finished_at = UTC_TIMESTAMP(6) WHERE order_id = 26"
    )

    rows = {row[0]: row for row in look(browser).rows}

    assert rows["#26 Completed"][2] == "The other plugin."
    assert rows["#26 Completed"][-1] in ("in 2 minutes", "in 119 seconds", "in 120 seconds")


def test_no_worker_and_the_other_plugin_are_said_first(
    site: SiteDatabase, recorded_shop: RunningShop
) -> None:
    bridge = site.bridge(recorded_shop.url)
    secret = sign_in(bridge.db, bridge.site, user_id=ADMIN, token_id="a-token-of-this-test")
    browser = create_app(bridge).test_client()
    browser.set_cookie(COOKIE, secret)

    page = look(browser)

    assert "2 things need you." in page.text
    assert "Start aipkit-bridge worker." in page.text
    assert "Another plugin grants orders too" in page.text
    assert page.of_class("headline")[0]["class"].endswith("bad")
    assert "Last poll Not yet" in page.text


def test_a_shop_that_cannot_be_read_says_what_to_do(
    browser: FlaskClient, bridge: Bridge, recorded_shop: RunningShop
) -> None:
    recorded_shop.stop()
    with pytest.raises(ShopError):
        poll(bridge)

    page = look(browser)

    assert "The shop cannot be read. The shop cannot be reached. Check site.url" in page.text
    assert "Shop Unreachable Failed 1 time in a row" in page.text


def test_findings_jobs_and_workers_are_listed(
    browser: FlaskClient, bridge: Bridge, site: SiteDatabase
) -> None:
    poll(bridge)
    site.run(
        "INSERT INTO wp_aipkit_bridge_findings (kind, user_id, order_id, summary, evidence,"
        " found_at) VALUES ('foreign_change', 2, 26, 'Look <b>here</b>.', '{}', NOW())"
    )
    record_start(bridge.db, "settle_differences", "host:1")
    record_end(bridge.db, "settle_differences", duration_ms=1240, error="<script>boom</script>")

    page = look(browser)

    assert "4 things need you." in page.text
    assert "Look <b>here</b>. foreign change · order 26 · user 2 · found" in page.text
    rows = {row[0]: row for row in page.rows}
    assert rows["settle differences"][2:] == ["1,240 ms", "1", "Failed <script>boom</script>"]
    assert "script" not in {tag for tag, _ in page.tags}
    assert "host:1" in page.text
    assert "10.9.1" in page.text, "WooCommerce's version"


def test_texts_of_the_shop_are_escaped(
    browser: FlaskClient, bridge: Bridge, site: SiteDatabase
) -> None:
    poll(bridge)
    site.run(
        "UPDATE wp_aipkit_bridge_orders SET order_number = '\"><i>', status = '<i>',"
        " reason = '<i>x</i>'"
    )

    page = look(browser)

    assert "<i>x</i>" in page.text
    assert "i" not in {tag for tag, _ in page.tags}


def test_the_page_may_load_nothing_but_its_own_style(browser: FlaskClient) -> None:
    answer = browser.get("/status")
    page = Html(answer.text)

    assert answer.headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; script-src 'self'; connect-src 'self'"
    )
    assert answer.headers["Cache-Control"] == "no-store"
    assert not {tag for tag, _ in page.tags} & {"script", "style"}
    for _, attributes in page.tags:
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
    for tag, attributes in page.tags:
        if tag in ("link", "img"):
            address = attributes.get("href") or attributes["src"]
            assert address.startswith("/static/")
            with browser.get(address) as file:
                assert file.status_code == 200


def test_without_a_session_nothing_shows(bridge: Bridge) -> None:
    answer = create_app(bridge).test_client().get("/status")

    assert answer.status_code == 401
    assert "All is well" not in answer.text
    assert "aipkit-bridge admin-link" in answer.text


def test_a_database_that_is_down_is_a_page_of_its_own() -> None:
    nowhere = "mysql://root@127.0.0.1:1/none"
    bridge = build(make_settings(nowhere, "http://127.0.0.1:9"))
    browser = create_app(bridge).test_client()
    browser.set_cookie(COOKIE, "any")

    answer = browser.get("/status")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "The database does not answer." in Html(answer.text).text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_tables_that_are_missing_name_the_command(
    browser: FlaskClient, site: SiteDatabase
) -> None:
    site.run("DROP TABLE wp_aipkit_bridge_jobs")

    answer = browser.get("/status")

    assert answer.status_code == 503
    assert "aipkit-bridge migrate" in Html(answer.text).text


def test_monitors_read_the_same_as_json(browser: FlaskClient, bridge: Bridge) -> None:
    poll(bridge)

    answer = browser.get("/status.json")

    found: dict[str, Any] = answer.json  # type: ignore[assignment]  # it is an object
    assert answer.status_code == 200
    assert found["healthy"] is True
    assert found["at"].endswith("Z")
    assert found["sync"]["last_poll_at"].endswith("Z")
    assert seconds_until_poll(found) == bridge.settings.woocommerce.poll_seconds
    assert found["orders"] == {
        "seen": 19, "granted": 8, "waiting": 0, "unclaimed": 2, "attention": 2, "shortfall": 0,
    }  # fmt: skip
    assert [order["order_id"] for order in found["attention"]] == [45, 33]


def test_the_next_poll_waits_for_the_shop_and_needs_a_worker(
    browser: FlaskClient, bridge: Bridge, site: SiteDatabase
) -> None:
    rest = "2999-01-01T00:00:00+00:00"
    site.run(
        "REPLACE INTO wp_aipkit_bridge_state (name, value, changed_at) VALUES"
        f' (\'shop_health\', \'{{"fault": "timeout", "retry_at": "{rest}"}}\', UTC_TIMESTAMP(6))'
    )
    resting = browser.get("/status.json").json["sync"]  # type: ignore[index]  # it is an object
    site.run("DELETE FROM wp_aipkit_bridge_leases")
    unworked = browser.get("/status.json").json["sync"]  # type: ignore[index]  # it is an object

    assert datetime.fromisoformat(resting["next_poll_at"]) == datetime.fromisoformat(rest)
    assert unworked["next_poll_at"] is None


def test_json_is_for_monitors_only(bridge: Bridge) -> None:
    client = create_app(bridge).test_client()
    away = {"REMOTE_ADDR": "192.0.2.7"}

    assert client.get("/status.json", environ_base=away).status_code == 401
    token = bearer(make_token(USERS["alice"], "read"))
    assert client.get("/status.json", environ_base=away, headers=token).status_code == 403
    assert client.get("/status.json").status_code == 200


@pytest.mark.parametrize("user_id", [ADMIN, USERS["heidi"]])
def test_tokens_of_managers_read_the_state(bridge: Bridge, user_id: int) -> None:
    """As WordPress's dashboard does, from another machine."""
    client = create_app(bridge).test_client()
    away = {"REMOTE_ADDR": "192.0.2.7"}

    def status_with(scope: str) -> int:
        token = bearer(make_token(user_id, scope))
        return client.get("/status.json", environ_base=away, headers=token).status_code

    assert status_with("read") == 200
    assert status_with("fragment") == 403


def test_the_credits_that_customers_own_are_told_with_their_age(
    browser: FlaskClient, bridge: Bridge, site: SiteDatabase
) -> None:
    site.run("DELETE FROM wp_usermeta WHERE meta_key = '_aipkit_token_balance'")
    for user_id, text in enumerate(("1200", "12.7", "-5", "none", "", "30"), start=1):
        site.run(
            "INSERT INTO wp_usermeta (user_id, meta_key, meta_value)"
            " VALUES (%s, '_aipkit_token_balance', %s)",
            (user_id, text),
        )

    keep_summaries(bridge.db, bridge.site.get())

    first = outstanding(browser)
    site.run("UPDATE wp_usermeta SET meta_value = '0' WHERE meta_key = '_aipkit_token_balance'")
    keep_summaries(bridge.db, bridge.site.get())
    second = outstanding(browser)

    assert first["credits"] == 1242
    assert first["at"].endswith("Z")
    assert second == first, "the sum is a minute old at most"


def test_no_sum_is_told_before_all_accounts_were_looked_at(browser: FlaskClient) -> None:
    assert outstanding(browser) == {"credits": None, "at": None}


def outstanding(browser: FlaskClient) -> dict[str, Any]:
    answer = browser.get("/status.json").json
    assert answer
    found: dict[str, Any] = answer["outstanding"]
    return found


def test_the_headline_is_as_grave_as_the_gravest() -> None:
    grave, mild = Problem("A", "", is_grave=True), Problem("B", "")

    assert headline(()).tone == "good"
    assert (headline([mild]).tone, headline([mild]).text) == ("warn", "B.")
    assert (headline([grave, mild]).tone, headline([grave, mild]).text) == (
        "bad",
        "2 things need you.",
    )
