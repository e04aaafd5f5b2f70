"""`/admin/credits/{user}`: one account, its forms and its history."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge.services.orders.poll_shop import poll_shop
from bridge.wiring import Bridge
from shop_stand_in.shop import RunningShop
from tests.support.admin import COOKIE, look, new_session, sign_in_browser
from tests.support.client import API_KEY, api_key, bearer
from tests.support.forms import form_on
from tests.support.site import SITE_URL, USERS, SiteDatabase
from tests.support.visitor import Html

ALICE, BOB, GRACE, HEIDI = (USERS[name] for name in ("alice", "bob", "grace", "heidi"))


def path(user_id: int = BOB, form: str = "") -> str:
    return f"/admin/credits/{user_id}{form and '/' + form}"


@pytest.fixture
def bridge(site: SiteDatabase, recorded_shop: RunningShop) -> Bridge:
    """The recorded site with its orders granted; Bob has 500."""
    bridge = site.bridge(recorded_shop.url, security=api_key("usage"))
    poll_shop(bridge.import_context(), bridge.shop)
    site.set_balance(BOB, 500)
    return bridge


def form_of(page: Html, action: str, number: int = 0) -> dict[str, str]:
    return form_on(page.source, f"/{action}", number)


def change(browser: FlaskClient, user_id: int = BOB, /, **typed: str) -> TestResponse:
    """Open the account, type, save."""
    form = form_of(look(browser, path(user_id)), "balance")
    return browser.post(path(user_id, "balance"), data={**form, **typed})


def test_a_change_is_booked_with_who_and_why(browser: FlaskClient, site: SiteDatabase) -> None:
    answer = change(browser, how="set", amount="1,250", reason=" Sorry for <b>Monday</b> ")

    row = site.ledger()[-1]
    assert (answer.status_code, answer.headers["Location"]) == (
        303, path() + f"?booked={row['id']}&at=balance#booked",
    )  # fmt: skip
    assert site.balance(BOB) == 1250
    assert (row["entry_type"], row["credits_delta"], row["reference_id"]) == (
        "admin_adjustment", 750, "admin:1",
    )  # fmt: skip
    assert json.loads(row["meta"])["reason"] == "Sorry for <b>Monday</b>"
    page = look(browser, path(), booked=str(row["id"]))
    assert "750 tokens given. New balance: 1,250 Undo" in page.text
    (shown,) = [found for found in page.rows if "By hand" in found]
    assert shown[2:-1] == ["Sorry for <b>Monday</b> by admin", "+750", "1,250"]


def test_a_change_without_a_reason_says_where_it_was_made(
    browser: FlaskClient, site: SiteDatabase
) -> None:
    change(browser, how="set", amount="0")

    assert site.balance(BOB) == 0
    assert json.loads(site.ledger()[-1]["meta"])["reason"] == "Changed on the Credits screen"


def test_a_form_that_is_sent_twice_is_booked_once(
    browser: FlaskClient, app: Flask, site: SiteDatabase
) -> None:
    form = {**form_of(look(browser, path()), "balance"), "how": "set", "amount": "700"}
    rows = len(site.ledger())
    cookie = browser.get_cookie(COOKIE)
    assert cookie

    def send(_: int) -> int:
        client = app.test_client()
        client.set_cookie(COOKIE, cookie.value)
        return client.post(path(form="balance"), data=form).status_code

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(send, range(8))) == [303] * 8

    assert site.balance(BOB) == 700
    assert len(site.ledger()) == rows + 1


def test_a_form_that_was_saved_cannot_be_saved_with_something_else(
    browser: FlaskClient, site: SiteDatabase
) -> None:
    form = {**form_of(look(browser, path()), "balance"), "how": "set", "amount": "700"}
    browser.post(path(form="balance"), data=form)

    answer = browser.post(path(form="balance"), data={**form, "how": "set", "amount": "800"})

    assert answer.status_code == 422
    page = Html(answer.text)
    assert "This form was saved before" in page.text
    assert form_of(page, "balance")["amount"] == "800"
    assert site.balance(BOB) == 700


def test_the_second_of_two_admins_is_told_and_keeps_what_they_typed(
    browser: FlaskClient, app: Flask, bridge: Bridge, site: SiteDatabase
) -> None:
    other = sign_in_browser(app, bridge, HEIDI)
    theirs = form_of(look(other, path()), "balance")
    change(browser, how="set", amount="900")

    answer = other.post(
        path(form="balance"),
        data={**theirs, "how": "set", "amount": "600", "reason": "Refund by phone"},
    )

    assert answer.status_code == 409
    page = Html(answer.text)
    assert "Somebody changed the balance meanwhile: it is 900 now." in page.text
    form = form_of(page, "balance")
    assert (form["amount"], form["reason"], form["expected"]) == ("600", "Refund by phone", "900")
    assert site.balance(BOB) == 900

    other.post(path(form="balance"), data=form)
    assert site.balance(BOB) == 600
    site.assert_balanced()


def test_admins_and_usage_at_once_lose_no_change(
    browser: FlaskClient, app: Flask, bridge: Bridge, site: SiteDatabase
) -> None:
    """Both admins add 100 to what they see, again and again, while usage takes 1 at a time."""
    secrets = [new_session(bridge, user, f"a-link-of-{user}") for user in (1, HEIDI)]

    def add(number: int) -> int:
        client = app.test_client()
        client.set_cookie(COOKIE, secrets[number % 2])
        form = form_of(look(client, path()), "balance")
        form |= {"how": "set"}
        form["amount"] = str(int(form["expected"]) + 100)
        return client.post(path(form="balance"), data=form).status_code

    def use(number: int) -> int:
        return app.test_client().post(
            "/v1/usage/record",
            json={"actor": {"user_id": BOB}, "module": "image_generator", "units": 1},
            headers={**bearer(API_KEY), "Idempotency-Key": f"use-{number}"},
        ).status_code  # fmt: skip

    with ThreadPoolExecutor(8) as pool:
        adding, using = pool.map(add, range(20)), pool.map(use, range(40))
        added, used = list(adding), list(using)

    assert set(added) <= {303, 409}
    assert 303 in added
    assert used == [201] * 40
    assert site.balance(BOB) == 500 + 100 * added.count(303) - 40
    site.assert_balanced()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"how": "set", "amount": "-5"}, "The balance must be a whole number from 0"),
        ({"how": "set", "amount": "12.5"}, "The balance must be a whole number from 0"),
        ({"how": "set", "amount": "1,00"}, "The balance must be a whole number from 0"),
        ({"how": "set", "amount": "9" * 16}, "The balance must be a whole number from 0"),
        ({"how": "set", "amount": "5", "expected": "many"}, "open the page again"),
        ({"how": "set", "amount": "5", "key": ""}, "key: 1 to 255 printable"),
        ({"how": "set", "amount": "5", "reason": "x" * 501}, "500 characters at most"),
    ],
)
def test_what_is_no_balance_is_refused_and_kept_in_the_form(
    browser: FlaskClient, site: SiteDatabase, typed: dict[str, str], said: str
) -> None:
    answer = change(browser, **typed)

    assert answer.status_code == 400
    page = Html(answer.text)
    assert said in page.text
    assert form_of(page, "balance")["amount"] == typed["amount"]
    assert site.balance(BOB) == 500


@pytest.mark.parametrize("form", ["balance", "reset"])
def test_forms_from_elsewhere_are_refused(
    browser: FlaskClient, app: Flask, site: SiteDatabase, form: str
) -> None:
    fields = form_of(look(browser, path()), form)
    fields |= {"how": "set", "amount": "1", "context": ""}

    for csrf in ("", "0" * 64):
        answer = browser.post(path(form=form), data={**fields, "csrf": csrf})
        assert answer.status_code == 403
    assert app.test_client().post(path(form=form), data=fields).status_code == 401
    assert site.balance(BOB) == 500


def test_a_customer_has_no_session_to_change_anything_with(
    app: Flask, bridge: Bridge, site: SiteDatabase
) -> None:
    browser = sign_in_browser(app, bridge, HEIDI)
    fields = {**form_of(look(browser, path()), "balance"), "how": "set", "amount": "1"}
    site.run(
        "UPDATE wp_usermeta SET meta_value = 'a:1:{s:10:\"subscriber\";b:1;}'"
        " WHERE user_id = %s AND meta_key = 'wp_capabilities'", (HEIDI,),
    )  # fmt: skip
    site.run("UPDATE wp_aipkit_bridge_sessions SET checked_at = checked_at - INTERVAL 2 MINUTE")

    assert browser.post(path(form="balance"), data=fields).status_code == 401
    assert site.balance(BOB) == 500


def test_a_script_is_answered_with_json(browser: FlaskClient, site: SiteDatabase) -> None:
    form = form_of(look(browser, path()), "balance")
    site.set_balance(BOB, 480)
    headers, form["how"] = {"Accept": "application/json"}, "set"

    late = browser.post(path(form="balance"), data={**form, "amount": "7"}, headers=headers)
    form["expected"] = "480"
    good = browser.post(path(form="balance"), data={**form, "amount": "7"}, headers=headers)
    bad = browser.post(path(form="balance"), data={**form, "amount": "x"}, headers=headers)

    assert late.json
    assert (late.status_code, late.json["code"], late.json["balance"]) == (
        409, "balance_changed", 480,
    )  # fmt: skip
    assert good.json
    assert (good.status_code, good.json["balance_after"]) == (201, 7)
    assert (bad.status_code, bad.json and bad.json["code"]) == (400, "invalid_input")


def counter(site: SiteDatabase, key: str, user_id: int = BOB) -> int:
    sql = "SELECT meta_value FROM wp_usermeta WHERE user_id = %s AND meta_key = %s"
    return int(site.value(sql, (user_id, key)) or 0)


@pytest.mark.parametrize(
    ("number", "left"), [(0, (0, 0)), (1, (0, 60)), (2, (7000, 0))],
    ids=["all", "a chatbot", "images"],
)  # fmt: skip
def test_usage_is_reset_for_one_feature_or_all(
    browser: FlaskClient, site: SiteDatabase, number: int, left: tuple[int, int]
) -> None:
    site.run("DELETE FROM wp_usermeta WHERE user_id = %s AND meta_key LIKE '%%token%%used%%'"
             " OR meta_key LIKE '_aipkit_token_usage_%%'", (BOB,))  # fmt: skip
    site.run(
        "INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES"
        " (%s, '_aipkit_token_usage_22', '7000'), (%s, '_aipkit_img_tokens_used', '60')",
        (BOB, BOB),
    )
    form = form_of(look(browser, path()), "reset", number)

    answer = browser.post(path(form="reset"), data=form)

    entry = str(site.ledger()[-1]["id"])
    assert answer.headers["Location"] == path() + f"?booked={entry}&at=modules#booked"
    assert "The usage was reset." in look(browser, path(), booked=entry, at="modules").text
    used = ("_aipkit_token_usage_22", "_aipkit_img_tokens_used")
    assert tuple(counter(site, key) for key in used) == left

    site.run("UPDATE wp_usermeta SET meta_value = '90' WHERE user_id = %s AND meta_key IN %s",
             (BOB, used))  # fmt: skip
    browser.post(path(form="reset"), data=form)
    assert [counter(site, key) for key in used] == [90, 90], "a repeat forgives nothing more"


def test_a_reset_of_no_counter_is_a_page(browser: FlaskClient) -> None:
    form = {**form_of(look(browser, path()), "reset"), "context": "mind"}

    answer = browser.post(path(form="reset"), data=form)

    assert answer.status_code == 400
    assert "names no chatbot or module" in answer.text


def test_purchases_lead_to_their_orders(browser: FlaskClient) -> None:
    page = look(browser, path(GRACE))

    orders = {label for label, address in page.links.items() if "page=wc-orders" in address}
    assert orders
    for label in orders:
        number = label.removeprefix("#")
        assert page.links[label] == (
            f"{SITE_URL}/wp-admin/admin.php?page=wc-orders&action=edit&id={number}"
        )


def test_the_ledger_is_filtered_and_paged(browser: FlaskClient, site: SiteDatabase) -> None:
    for number in range(60):
        module = "chat" if number % 2 else "ai_forms"
        site.run(
            "INSERT INTO wp_aipkit_token_ledger (user_id, actor_type, module, operation,"
            " entry_type, model, credits_delta, created_at) VALUES"
            " (%s, 'user', %s, 'chat', 'usage', %s, 0, '2026-01-01 10:00:00')",
            (ALICE, module, f"model-{number}"),
        )

    first = look(browser, path(ALICE), entry_type="usage", module="chat")
    second = look(browser, first.links["Older"].partition("#")[0])

    models = [
        cell[2].partition(" ")[2]
        for page in (first, second)
        for cell in page.rows
        if len(cell) == 6 and "model-" in cell[2]
    ]
    assert models == [f"model-{number}" for number in range(59, 0, -2)]
    assert "Older" not in second.links
    assert "Newest" in second.links


def test_open_holds_say_what_they_reserve(browser: FlaskClient, site: SiteDatabase) -> None:
    assert "No request is under way." in look(browser, path(GRACE)).text
    site.hold(GRACE, 1200)

    page = look(browser, path(GRACE))

    (row,) = [row for row in page.rows if row and row[0] == "Image generator" and len(row) == 4]
    assert row[1:3] == ["1,200", "0"]
    assert "Held for requests that are under way 1,200" in page.text


def test_debt_is_said(browser: FlaskClient, site: SiteDatabase) -> None:
    change(browser, how="set", amount="0")
    site.run("UPDATE wp_aipkit_bridge_accounts SET debt = 1200 WHERE user_id = %s", (BOB,))

    page = look(browser, path())

    assert "-1,200" in page.text
    assert "Owed 1,200, taken from the next tokens" in page.text


def test_names_with_markup_are_text(browser: FlaskClient, site: SiteDatabase) -> None:
    site.run("UPDATE wp_users SET display_name = '<i>Bob</i>\"' WHERE ID = %s", (BOB,))
    site.run("UPDATE wp_posts SET post_title = '<i>Bot</i>' WHERE ID = 22")

    page = look(browser, path())

    assert '<i>Bob</i>"' in page.text
    assert "i" not in {tag for tag, _ in page.tags}


@pytest.mark.parametrize("user_id", [4711, 0, 2**63, 2**70])
def test_an_unknown_user_is_a_page(browser: FlaskClient, user_id: int) -> None:
    page = look(browser, path(user_id), 404)

    assert "There is no user" in page.text


def test_a_user_without_an_account_can_be_given_credits(
    browser: FlaskClient, site: SiteDatabase
) -> None:
    site.run(
        "INSERT INTO wp_users (ID, user_login, user_email, user_registered)"
        " VALUES (77, 'newcomer', 'newcomer@example.com', '2020-01-01')"
    )

    change(browser, 77, how="set", amount="300")

    assert site.balance(77) == 300
    assert [row["credits_delta"] for row in site.ledger() if row["user_id"] == 77] == [300]


@pytest.mark.parametrize(
    ("how", "amount", "balance", "said"),
    [
        ("give", "1,500", 2000, "1,500 tokens given. New balance: 2,000"),
        ("take", "500", 0, "500 tokens taken. New balance: 0"),
    ],
)
def test_tokens_are_given_and_taken_whatever_the_balance_is_by_then(
    browser: FlaskClient, site: SiteDatabase, how: str, amount: str, balance: int, said: str
) -> None:
    form = form_of(look(browser, path()), "balance")
    typed = {**form, "expected": "3", "how": how, "amount": amount}

    answer = browser.post(path(form="balance"), data=typed)

    assert answer.status_code == 303
    assert site.balance(BOB) == balance
    assert said in Html(browser.get(answer.headers["Location"].partition("#")[0]).text).text


def test_more_than_there_is_cannot_be_taken(browser: FlaskClient, site: SiteDatabase) -> None:
    answer = change(browser, how="take", amount="501")

    assert answer.status_code == 422
    assert "the balance is 500; no more can be taken." in answer.text
    assert site.balance(BOB) == 500


@pytest.mark.parametrize("amount", ["0", "", "1.500", "-5"])
def test_what_is_no_number_of_tokens_is_refused(browser: FlaskClient, amount: str) -> None:
    answer = change(browser, how="give", amount=amount)

    assert answer.status_code == 400
    assert "The tokens must be a whole number from 1" in answer.text


def test_thousands_are_read_as_the_reader_writes_them(
    browser: FlaskClient, site: SiteDatabase
) -> None:
    german = {"Accept-Language": "de"}
    form = form_of(look(browser, path()), "balance")
    typed = {**form, "how": "give", "amount": "1.500"}

    browser.post(path(form="balance"), data=typed, headers=german)

    assert site.balance(BOB) == 2000


def test_what_was_given_is_undone_once_from_two_tabs(
    browser: FlaskClient, site: SiteDatabase
) -> None:
    address = change(browser, how="give", amount="300").headers["Location"].partition("#")[0]
    entry = site.ledger()[-1]["id"]
    form = form_of(Html(browser.get(address).text), f"entries/{entry}/undo")

    answers = [browser.post(path(form=f"entries/{entry}/undo"), data=form) for _ in range(2)]

    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert site.balance(BOB) == 500
    told = Html(browser.get(answers[0].headers["Location"].partition("#")[0]).text)
    assert "300 tokens taken back. New balance: 500" in told.text
    assert "Undone" in Html(browser.get(address).text).text
    site.assert_balanced()


def test_a_row_of_somebody_else_is_no_row_here(browser: FlaskClient, site: SiteDatabase) -> None:
    change(browser, how="give", amount="300")
    entry = site.ledger()[-1]["id"]
    form = form_of(look(browser, path(), booked=str(entry)), f"entries/{entry}/undo")

    answer = browser.post(path(ALICE, f"entries/{entry}/undo"), data=form)

    assert answer.status_code == 400
    assert f"There is no row led_{entry} here." in answer.text
    assert "tokens given" not in look(browser, path(ALICE), booked=str(entry)).text


def test_uses_that_look_booked_twice_are_marked_and_given_back_once(
    browser: FlaskClient, app: Flask, site: SiteDatabase
) -> None:
    for name in ("run-1", "run-2"):
        app.test_client().post(
            "/v1/usage/record",
            json={
                "actor": {"user_id": BOB}, "module": "image_generator", "units": 40,
                "reference": name,
            },
            headers={**bearer(API_KEY), "Idempotency-Key": name},
        )  # fmt: skip
    first, second = (row["id"] for row in site.ledger()[-2:])

    page = look(browser, path())

    assert page.text.count("possible duplicate") == 2
    assert "run-2 and run-1" in page.text
    form = form_of(page, f"entries/{second}/undo")
    for _ in range(2):
        browser.post(path(form=f"entries/{second}/undo"), data=form)
    page = look(browser, path())
    assert site.balance(BOB) == 460
    assert "possible duplicate" not in page.text
    assert "Taken back" in page.text
    with pytest.raises(IndexError):
        form_of(page, f"entries/{second}/undo")
    assert form_of(page, f"entries/{first}/undo")


def test_a_row_opens_with_all_that_is_known_of_it(
    browser: FlaskClient, app: Flask, site: SiteDatabase
) -> None:
    use = {
        "actor": {"user_id": BOB},
        "module": "image_generator",
        "usage": {"provider": "OpenAI", "model": "dall-e", "data": {"total_units": 700}},
        "reference": "run-9",
        "metadata": {"conversation_id": "talk-5"},
    }
    app.test_client().post(
        "/v1/usage/record", json=use, headers={**bearer(API_KEY), "Idempotency-Key": "one"}
    )

    text = look(browser, path()).text

    entry = site.ledger()[-1]["id"]
    for fact in (
        f"Row led_{entry}", "Units 700", "Price no rule: 1 unit is 1 token", "Provider OpenAI",
        "Model dall-e", "Reference run-9", "Conversation talk-5", "Paid by the balance 500",
        "Paid by the free limit",
    ):  # fmt: skip
        assert fact in text, fact


def test_a_reset_asks_why_and_is_undone(browser: FlaskClient, site: SiteDatabase) -> None:
    site.run(
        "INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES"
        " (%s, '_aipkit_img_tokens_used', '60'), (%s, '_aipkit_img_tokens_reset',"
        " UNIX_TIMESTAMP())",
        (BOB, BOB),
    )
    page = look(browser, path())
    assert "Why? Usage counts from 0 then." in page.text
    form = {**form_of(page, "reset"), "reason": "Asked by phone"}
    address = browser.post(path(form="reset"), data=form).headers["Location"].partition("#")[0]
    assert counter(site, "_aipkit_img_tokens_used") == 0
    entry = site.ledger()[-1]["id"]
    told = Html(browser.get(address).text)
    assert "Asked by phone by admin" in told.text

    for _ in range(2):
        undoing = form_of(told, f"entries/{entry}/undo")
        browser.post(path(form=f"entries/{entry}/undo"), data=undoing)

    assert counter(site, "_aipkit_img_tokens_used") == 60
