"""`/admin/credits`: the list as people see it."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from bridge.cli.admin_link import make_link
from bridge.services.accounts.keep_summaries import keep_summaries
from bridge.wiring import Bridge
from tests.support.admin import look, sign_in_browser
from tests.support.apps import create_app
from tests.support.site import USERS, Clock, SiteDatabase
from tests.support.spending import NOON
from tests.support.visitor import Html

PATH = "/admin/credits"
CROWD = range(101, 161)


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture(scope="module")
def bridge(shared_site: SiteDatabase, clock: Clock) -> Bridge:
    """Sixty users beside the recorded ones."""
    bridge = shared_site.bridge(clock=clock)
    for user in CROWD:
        shared_site.run(
            "INSERT INTO wp_users (ID, user_login, user_email, display_name, user_registered)"
            " VALUES (%s, %s, %s, %s, '2020-01-01')",
            (user, f"crowd{user}", f"c{user}@example.net", f"Crowd <b>{user}</b>"),
        )
        shared_site.run(
            "INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES"
            " (%s, '_aipkit_token_balance', %s), (%s, '_aipkit_aiforms_tokens_used', %s),"
            " (%s, '_aipkit_aiforms_tokens_reset', %s)",
            (user, user * 100, user, user % 3 * 10, user, int(NOON.timestamp())),
        )
    keep_summaries(bridge.db, bridge.site.get(), run_for_s=60)
    return bridge


@pytest.fixture(scope="module")
def app(bridge: Bridge) -> Flask:
    return create_app(bridge)


@pytest.fixture(scope="module")
def browser(app: Flask, bridge: Bridge) -> FlaskClient:
    return sign_in_browser(app, bridge)


def test_a_line_has_all_figures(browser: FlaskClient) -> None:
    (row,) = look(browser, PATH, search="crowd110").rows[1:]

    assert row[1] == "Crowd <b>110</b> c110@example.net · id 110"
    assert row[2].startswith("11,000 ")
    assert row[3:8] == ["0", "20", "0", "–", "–"]


def test_names_with_markup_are_text(browser: FlaskClient) -> None:
    page = look(browser, PATH, search="crowd")

    assert "Crowd <b>101</b>" in page.text
    assert [tag for tag, _ in page.tags].count("b") == 1, "the admin's own name in the bar"


def test_pages_lead_forth_and_back(browser: FlaskClient) -> None:
    first = look(browser, PATH, search="crowd", sort="balance", order="desc")
    assert "Previous" not in first.links

    second = look(browser, first.links["Next"])
    third = look(browser, second.links["Next"])

    assert [len(page.rows) - 1 for page in (first, second, third)] == [25, 25, 10]
    assert "Next" not in third.links
    assert look(browser, third.links["Previous"]).rows == second.rows
    assert "60 accounts found" in first.text


def test_headings_sort_and_say_so(browser: FlaskClient) -> None:
    by_balance = look(browser, look(browser, PATH, search="crowd").links["Balance"])
    assert by_balance.rows[1][2].startswith("16,000 ")

    other_way = look(browser, by_balance.links["Balance"])

    assert other_way.rows[1][2].startswith("10,100 ")
    (sorted_by,) = [found["aria-sort"] for _, found in other_way.tags if "aria-sort" in found]
    assert sorted_by == "ascending"


def test_every_heading_leads_to_a_list(browser: FlaskClient) -> None:
    page = look(browser, PATH)
    headings = [label for label, address in page.links.items() if "sort=" in address]

    assert len(headings) == 8
    for label in headings:
        assert look(browser, page.links[label]).rows[1:], label


def test_filters_hold_together_and_stay_in_the_form(browser: FlaskClient) -> None:
    page = look(
        browser, PATH, search="crowd", has_balance="1", least="20", module="ai_forms", sort="email"
    )

    assert "20 accounts found" in page.text
    fields: dict[str, dict[str, str]] = {}
    for _, found in page.tags:
        fields.setdefault(found.get("name", ""), found)  # the search comes first of the forms
    assert "checked" in fields["has_balance"]
    assert (fields["least"]["value"], fields["sort"]["value"]) == ("20", "email")
    assert "Show all accounts" in page.links
    assert "has_balance=1" in page.links["Balance"]


def test_a_role_filters(browser: FlaskClient) -> None:
    page = look(browser, PATH, role="administrator")

    assert [row[1].split()[0] for row in page.rows[1:]] in ([], ["admin"])
    assert "Role" in page.text


def test_nothing_found_says_what_was_searched(browser: FlaskClient) -> None:
    page = look(browser, PATH, search="nobody at all")

    assert "No account is like that" in page.text
    assert page.links["Show all accounts"] == PATH


def test_what_cannot_be_read_is_a_page(browser: FlaskClient) -> None:
    page = look(browser, PATH, 400, least="many")

    assert "That is not possible." in page.text
    assert page.links["Back to Credits"] == PATH


def test_an_order_older_than_a_minute_says_so(
    browser: FlaskClient, bridge: Bridge, clock: Clock
) -> None:
    warning = "Order and filters know what other programs changed up to"
    assert warning not in look(browser, PATH).text

    clock.advance(120)

    assert warning in look(browser, PATH).text
    clock.advance(-120)


def test_an_empty_site_says_who_will_come(site: SiteDatabase) -> None:
    bridge = site.bridge()
    site.run("DELETE FROM wp_aipkit_bridge_summaries")

    page = look(sign_in_browser(create_app(bridge), bridge), PATH)

    assert "Nobody owns or has used tokens yet" in page.text
    assert "The bridge has not looked at all users yet" in page.text


def test_without_a_session_there_is_no_list(app: Flask) -> None:
    page = look(app.test_client(), PATH, 401)

    assert "Crowd" not in page.text


def test_a_user_who_lost_the_capability_sees_nothing(site: SiteDatabase) -> None:
    bridge = site.bridge()
    browser = sign_in_browser(create_app(bridge), bridge, USERS["heidi"])
    assert look(browser, PATH)

    site.run("DELETE FROM wp_usermeta WHERE meta_key = 'wp_capabilities' AND user_id = %s",
             (USERS["heidi"],))  # fmt: skip
    site.run("UPDATE wp_aipkit_bridge_sessions SET checked_at = checked_at - INTERVAL 2 MINUTE")

    look(browser, PATH, 401)


def test_a_sign_in_can_lead_here(app: Flask, bridge: Bridge) -> None:
    token = make_link(bridge.settings, 1).partition("token=")[2]

    answer = app.test_client().post("/admin/login", data={"token": token, "next": "credits"})

    assert (answer.status_code, answer.headers["Location"]) == (303, PATH)


def test_only_our_own_scripts_run(browser: FlaskClient) -> None:
    answer = browser.get(PATH)

    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert not [found for found in Html(answer.text).tags if "style" in found[1]]
