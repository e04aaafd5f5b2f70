"""Sites whose tables are older than utf8mb4: what does not fit is marked, never an error."""

import json

import pytest

from bridge.domain.ids import Credits, UserId
from bridge.services.bulk.decide import start_bulk
from bridge.services.bulk.make import give_to_selected
from bridge.wiring import Bridge
from shop_stand_in.state import Line
from tests.support.admin import sign_in_browser
from tests.support.apps import create_app
from tests.support.bulks import book_all, bulk_request, read_file
from tests.support.client import API_KEY, api_key, bearer
from tests.support.forms import form_on
from tests.support.site import USERS, SiteDatabase, convert_tables
from tests.support.world import SMALL, World

BOB = USERS["bob"]
PRICES = "/admin/credits/prices"
SNOW = "gpt-é☃😀"


@pytest.fixture(params=[("latin1", "gpt-é??"), ("utf8mb3", "gpt-é☃?"), ("ascii", "gpt-???")])
def written(request: pytest.FixtureRequest, site: SiteDatabase) -> str:
    """A site of an old character set; gives what becomes of `SNOW` there."""
    charset, text = request.param
    with site.server.connect(database=site.name) as connection, connection.cursor() as cursor:
        convert_tables(cursor, charset)
    return str(text)


@pytest.fixture
def bridge(written: str, site: SiteDatabase) -> Bridge:
    assert written
    return site.bridge(security=api_key("usage", "admin", "read"))


def test_a_use_is_booked_with_what_fits_of_its_texts(
    bridge: Bridge, site: SiteDatabase, written: str
) -> None:
    client = create_app(bridge).test_client()
    usage = {"provider": SNOW, "model": SNOW, "operation": SNOW, "data": {"input_tokens": 7}}
    body = {"actor": {"user_id": BOB}, "module": "ai_forms", "usage": usage}
    body |= {"reference": SNOW, "metadata": {"note": SNOW}}

    answer = client.post(
        "/v1/usage/record", json=body, headers={**bearer(API_KEY), "Idempotency-Key": "a"}
    )

    assert answer.status_code == 201, answer.text
    row = site.ledger()[-1]
    assert [row[name] for name in ("provider", "model", "operation", "reference_id")] == (
        [written] * 4
    )
    path = f"/v1/accounts/{BOB}/ledger"
    shown = client.get(path, headers=bearer(API_KEY)).json
    assert shown is not None
    assert shown["items"][0]["model"] == written


def test_a_reason_is_kept_whole(bridge: Bridge) -> None:
    client = create_app(bridge).test_client()
    headers = {**bearer(API_KEY), "Idempotency-Key": "a"}
    path = f"/v1/accounts/{BOB}"

    answer = client.post(f"{path}/adjustments", json={"delta": 5, "reason": SNOW}, headers=headers)

    assert answer.status_code == 201, answer.text
    shown = client.get(f"{path}/ledger", headers=headers).json
    assert shown is not None
    assert shown["items"][0]["reason"] == SNOW


def test_what_no_name_can_hold_is_found_nowhere(bridge: Bridge) -> None:
    client = create_app(bridge).test_client()

    for search in (SNOW, "é", "☃", "😀"):
        answer = client.get(
            "/v1/accounts", query_string={"search": search}, headers=bearer(API_KEY)
        )
        assert answer.status_code == 200, answer.text


def test_a_price_rule_that_the_table_cannot_hold_is_refused(
    bridge: Bridge, site: SiteDatabase
) -> None:
    app = create_app(bridge)
    typed = {
        "module": "chat", "provider": SNOW, "model": SNOW, "operation": "chat",
        "scope_type": "module", "billing_method": "flat", "unit_rate": "2", "enabled": "1",
    }  # fmt: skip
    rules = site.rows("SELECT * FROM wp_aipkit_pricing_rules ORDER BY id")
    last = f"{PRICES}/{rules[-1]['id']}"

    with sign_in_browser(app, bridge) as browser:
        new = form_on(browser.get(f"{PRICES}/new").text, PRICES)
        old = form_on(browser.get(last).text, last)
        answers = [
            browser.post(PRICES, data={**new, **typed}),
            browser.post(last, data={**old, "model": SNOW}),
        ]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert "leave the character out" in answers[0].text
    assert site.rows("SELECT * FROM wp_aipkit_pricing_rules ORDER BY id") == rules


def test_nobody_is_called_what_no_name_can_hold(bridge: Bridge, world: World) -> None:
    order_id = world.order(0)
    world.poll()

    with sign_in_browser(create_app(bridge), bridge) as browser:
        page = browser.get("/status").text
        form = form_on(page, f"/admin/orders/{order_id}/assign")
        answer = browser.post(f"/admin/orders/{order_id}/assign", data={**form, "user": SNOW})

    assert answer.status_code == 400
    assert "nobody has the login" in answer.text


def test_a_file_with_such_a_name_is_read_to_its_end(bridge: Bridge) -> None:
    lines = ["login,change,reason", f"bob,5,{SNOW}", f"{SNOW},5,x", "alice,7,y"]
    emails = ["email,change", f"{SNOW}@example.com,5", "bob@example.com,5"]

    by_login, by_email = (read_file(bridge, "\n".join(text)) for text in (lines, emails))

    assert (by_login.ready_lines, by_login.wrong_lines) == (2, 1)
    assert (by_email.ready_lines, by_email.wrong_lines) == (1, 1)


def test_credits_for_many_are_booked_with_their_reason(bridge: Bridge, site: SiteDatabase) -> None:
    bulk_id = give_to_selected(bridge.db, bulk_request(SNOW), [UserId(BOB)], Credits(5))
    start_bulk(bridge.db, bulk_id, by="admin:1")
    book_all(bridge)

    assert json.loads(site.ledger()[-1]["meta"])["reason"] == SNOW


def test_an_order_with_such_texts_is_granted_or_kept(
    written: str, world: World, site: SiteDatabase
) -> None:
    """A guest's e-mail address is looked for, and every name is kept."""
    assert written
    bridge = world.with_settings(grants={"claim_by_email": True})
    named = world.order(BOB, Line(SMALL, name=SNOW))
    guests = world.order(0, Line(SMALL, name=SNOW), email=f"{SNOW}@example.com")

    bridge.poll()

    states = [order["state"] for order in map(site.order, (named, guests)) if order]
    assert states == ["granted", "unclaimed"]
