"""`/admin/credits/bulk` and `/admin/credits/import`: changes of many accounts, by hand."""

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from bridge.services.accounts.keep_summaries import keep_summaries
from bridge.services.bulk.read import bulks_to_read, read_bulks
from bridge.web.app import MAX_BODY_BYTES
from bridge.wiring import Bridge
from tests.support.admin import COOKIE, look
from tests.support.bulks import add_crowd, book_all
from tests.support.forms import form_on
from tests.support.site import USERS, SiteDatabase
from tests.support.visitor import Html

LIST, IMPORT = "/admin/credits", "/admin/credits/import"
CROWD = range(1001, 1061)
BOB, SUBSCRIBER = USERS["bob"], USERS["alice"]


@pytest.fixture
def bridge(site: SiteDatabase) -> Bridge:
    """Sixty users with 100 each, beside the recorded ones."""
    add_crowd(site, CROWD[0], CROWD[-1])
    bridge = site.bridge()
    keep_summaries(bridge.db, bridge.site.get(), run_for_s=60)
    return bridge


def form_of(page: Html, action: str) -> dict[str, str]:
    return form_on(page.source, f"/{action}")


def ask(
    browser: FlaskClient, *users: int, whom: str = "selected", search: str = "crowd", **typed: str
) -> TestResponse:
    """Open the list, tick, type, send."""
    fields = {**form_of(look(browser, LIST, search=search), "bulk"), "credits": "1,000", **typed}
    return browser.post(
        f"{LIST}/bulk", data={**fields, "whom": whom, "user": [str(user) for user in users]}
    )


def upload(
    browser: FlaskClient, text: str | bytes, name: str = "credits.csv", **typed: str
) -> TestResponse:
    """Open the form, choose a file, send."""
    content = text.encode() if isinstance(text, str) else text
    fields = {**form_of(look(browser, IMPORT), "import"), **typed}
    # The client's own way of sending files leaves a temporary one open for each large one.
    boundary, body = encode_multipart({**fields, "file": FileStorage(io.BytesIO(content), name)})
    return browser.post(
        IMPORT, data=body, content_type=f"multipart/form-data; boundary={boundary}"
    )


def worked_on(browser: FlaskClient, bridge: Bridge, answer: TestResponse) -> Html:
    """Let the worker read it; return its page."""
    assert answer.status_code == 303, answer.text
    while bulks_to_read(bridge.db):
        read_bulks(bridge.db)
    return look(browser, answer.headers["Location"])


def press(browser: FlaskClient, page: Html, button: str) -> TestResponse:
    """Send the form that starts or discards it."""
    (address,) = {
        found["action"] for _, found in page.tags if found.get("action", "").endswith(button)
    }
    return browser.post(address, data=form_of(page, button))


def facts(page: Html) -> dict[str, str]:
    """The figures of its page."""
    texts = page.text
    names = ("Accounts to change", "Tokens added", "Tokens taken", "Lines that change nothing",
             "Lines with an error", "Accounts changed", "Not booked")  # fmt: skip
    return {
        name: texts.split(f"{name} ", 1)[1].split()[0] for name in names if f"{name} " in texts
    }


def test_ticked_accounts_are_shown_first_and_booked_when_told(
    browser: FlaskClient, bridge: Bridge, site: SiteDatabase
) -> None:
    answer = ask(browser, 1001, 1003, reason="Thank <b>you</b>")
    page = worked_on(browser, bridge, answer)

    assert facts(page) == {"Accounts to change": "2", "Tokens added": "2,000"}
    assert [row[1:4] for row in page.rows[1:]] == [["100", "+1,000", "1,100"]] * 2
    assert "Thank <b>you</b>" in page.text
    assert [site.balance(user) for user in CROWD[:3]] == [100, 100, 100], "nothing yet"

    answer = press(browser, page, "start")
    book_all(bridge)

    done = look(browser, answer.headers["Location"])
    assert facts(done) == {
        "Accounts changed": "2", "Not booked": "0", "Tokens added": "2,000", "Tokens taken": "0",
    }  # fmt: skip
    assert [row[1:3] for row in done.rows[1:]] == [["1,100", "+1,000"]] * 2
    assert "Thank <b>you</b>" in done.text
    assert [site.balance(user) for user in CROWD[:3]] == [1100, 100, 1100]


def test_all_that_a_filter_finds_get_theirs_not_only_those_on_the_page(
    browser: FlaskClient, bridge: Bridge, site: SiteDatabase
) -> None:
    site.run("UPDATE wp_users SET user_email = 'vip@example.net' WHERE ID = 1060")
    page = worked_on(browser, bridge, ask(browser, whom="matching"))
    assert facts(page) == {"Accounts to change": "60", "Tokens added": "60,000"}
    assert "all accounts with “crowd”" in page.text

    press(browser, page, "start")
    book_all(bridge)

    assert {site.balance(user) for user in CROWD} == {1100}
    assert site.balance(BOB) not in (1000, 1100)
    site.assert_balanced()


def test_who_comes_to_match_after_the_look_is_not_among_them(
    browser: FlaskClient, bridge: Bridge, site: SiteDatabase
) -> None:
    page = worked_on(browser, bridge, ask(browser, whom="matching"))
    add_crowd(site, 1061, 1061)
    keep_summaries(bridge.db, bridge.site.get(), run_for_s=60)

    press(browser, page, "start")
    book_all(bridge)

    assert site.balance(1061) == 100


def test_forms_that_are_sent_many_times_at_once_are_booked_once(
    browser: FlaskClient, app: Flask, bridge: Bridge, site: SiteDatabase
) -> None:
    fields = {
        **form_of(look(browser, LIST, search="crowd"), "bulk"),
        "credits": "5", "whom": "matching", "user": "1001",
    }  # fmt: skip
    cookie = browser.get_cookie(COOKIE)
    assert cookie

    def send(address: str, form: dict[str, str]) -> str:
        client = app.test_client()
        client.set_cookie(COOKIE, cookie.value)
        return client.post(address, data=form).headers["Location"]

    with ThreadPoolExecutor(4) as pool:
        (address,) = set(pool.map(lambda _: send(f"{LIST}/bulk", fields), range(8)))
        read_bulks(bridge.db)
        start = form_of(look(browser, address), "start")
        assert set(pool.map(lambda _: send(f"{address}/start", start), range(8))) == {address}
    book_all(bridge)
    send(f"{LIST}/bulk", fields)
    send(f"{address}/start", start)
    book_all(bridge)

    assert {site.balance(user) for user in CROWD} == {105}
    assert site.value("SELECT COUNT(*) FROM wp_aipkit_bridge_bulks") == 1


def test_the_same_form_with_another_amount_is_another_wish(
    browser: FlaskClient, bridge: Bridge
) -> None:
    fields = {**form_of(look(browser, LIST), "bulk"), "user": "1001", "whom": "selected"}
    addresses = [
        browser.post(f"{LIST}/bulk", data={**fields, "credits": credits}).headers["Location"]
        for credits in ("10", "20")
    ]

    assert bridge
    assert [facts(look(browser, page))["Tokens added"] for page in addresses] == ["10", "20"]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"credits": "0"}, "whole number from 1"),
        ({"credits": "-5"}, "whole number from 1"),
        ({"credits": "1.5"}, "whole number from 1"),
        ({"credits": ""}, "whole number from 1"),
        ({"credits": "9" * 20}, "whole number from 1"),
        ({"reason": "x" * 501}, "500 characters"),
        ({"user": "0"}, "There is no user 0"),
        ({"user": "bob"}, "open the list again"),
        ({"user": ""}, "open the list again"),
        ({"whom": "matching", "least": "many"}, "filter"),
        ({"key": ""}, "key"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(
    browser: FlaskClient, site: SiteDatabase, typed: dict[str, str], says: str
) -> None:
    fields = {**form_of(look(browser, LIST), "bulk"), "credits": "5", "user": "1001"}

    answer = browser.post(f"{LIST}/bulk", data={**fields, "whom": "selected", **typed})

    assert answer.status_code in (400, 404)
    assert says in Html(answer.text).text
    assert site.value("SELECT COUNT(*) FROM wp_aipkit_bridge_bulks") == 0


def test_without_ticks_the_form_asks_for_some(browser: FlaskClient) -> None:
    answer = ask(browser)

    assert answer.status_code == 400
    assert "Tick accounts first" in answer.text


def test_a_file_is_shown_line_by_line_before_it_is_booked(
    browser: FlaskClient, bridge: Bridge, site: SiteDatabase
) -> None:
    text = "email;change;reason\r\nC1001@example.net;500;\r\nc1002@example.net;-40;Too much\r\n"
    page = worked_on(browser, bridge, upload(browser, text, reason="Import of May"))

    assert facts(page) == {
        "Accounts to change": "2", "Tokens added": "500", "Tokens taken": "40",
        "Lines that change nothing": "0", "Lines with an error": "0",
    }  # fmt: skip
    assert [row[1:] for row in page.rows[1:]] == [
        ["100", "+500", "600", "Import of May"],
        ["100", "-40", "60", "Too much"],
    ]
    press(browser, page, "start")
    book_all(bridge)
    assert [site.balance(user) for user in CROWD[:3]] == [600, 60, 100]


def test_a_file_with_one_wrong_line_books_nothing_and_names_every_error(
    browser: FlaskClient, bridge: Bridge, site: SiteDatabase
) -> None:
    text = (
        "login,change\n"
        "crowd1001,5\n"
        "nobody,5\n"
        "crowd1002,many\n"
        "crowd1003,-101\n"
        '"CROWD1001",7\n'
        ",5\n"
        "\n"
        "crowd1004,5\n"
    )
    page = worked_on(browser, bridge, upload(browser, text))

    assert facts(page)["Lines with an error"] == "5"
    assert "nothing of this file can be booked" in page.text
    assert [row[:2] for row in page.rows[1:6]] == [
        ["line 3", "There is no user nobody."],
        ["line 4", "The change is no whole number: “many”."],
        ["line 5", "The balance is 100; 101 is too much."],
        ["line 6", "User 1001 is in line 2 already."],
        ["line 7", "It names no user."],
    ]
    assert not any(found.get("action", "").endswith("start") for _, found in page.tags)
    address = next(a for a in page.links.values() if a.endswith("problems.csv"))
    assert browser.get(address).text.count("\r\n") == 6

    refused = browser.post(address.replace("problems.csv", "start"), data=form_of(page, "discard"))
    book_all(bridge)

    assert refused.status_code == 409
    assert {site.balance(user) for user in CROWD} == {100}


def test_the_export_can_be_changed_and_imported(
    browser: FlaskClient, bridge: Bridge, site: SiteDatabase
) -> None:
    site.run("UPDATE wp_users SET user_login = '=crowd' WHERE ID = 1002")
    text = browser.get(f"{LIST}/accounts.csv").text
    changed = "\ufeff" + text.replace("c1002@example.net,100,", "c1002@example.net,250,")
    page = worked_on(browser, bridge, upload(browser, changed))

    assert facts(page)["Accounts to change"] == "1"
    assert int(facts(page)["Lines that change nothing"]) == text.count("\r\n") - 2
    press(browser, page, "start")
    book_all(bridge)
    assert [site.balance(user) for user in CROWD[:3]] == [100, 250, 100]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("name,change\nbob,5\n", "user_id, login or email"),
        ("user_id,change\n1001,5\n".encode("utf-16"), "UTF-8"),
        (b"user_id,change,reason\n1001,5,caf\xe9\n", "Line 2 is no text in UTF-8"),
        (b"\x00\x01\x02\x03", "user_id, login or email"),
        ("user_id,change\n" + "1" * 70_000, "Line 2 is longer than"),
        ('user_id,change\n"' + "1001,5\n" * 30_000, "is no line of CSV"),
        ("user_id,change\n", "The file changes no balance"),
        ("user_id,change\n" + "0,5\n" * 1600, "More than 1,000 lines are wrong"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_why_and_books_nothing(
    browser: FlaskClient, bridge: Bridge, content: str | bytes, says: str
) -> None:
    page = worked_on(browser, bridge, upload(browser, content))

    assert says in page.text
    assert not any(found.get("action", "").endswith("start") for _, found in page.tags)


def test_without_a_file_or_with_an_empty_one_the_form_asks_for_one(browser: FlaskClient) -> None:
    empty = upload(browser, "")
    fields = form_of(look(browser, IMPORT), "import")
    none = browser.post(IMPORT, data=fields, content_type="multipart/form-data")

    assert (empty.status_code, none.status_code) == (400, 400)
    assert "Choose a CSV file first" in none.text


def test_a_file_over_a_mebibyte_is_taken_and_one_over_64_is_not(
    browser: FlaskClient, bridge: Bridge
) -> None:
    line = f"1001,5,{'x' * 400}\n"
    large = "user_id,change,reason\n" + "\n" * MAX_BODY_BYTES + line
    assert facts(worked_on(browser, bridge, upload(browser, large)))["Accounts to change"] == "1"

    too_large = upload(browser, bytes(65 * 2**20))

    assert too_large.status_code == 413
    assert "larger than 64 MiB" in too_large.text


def test_what_was_discarded_is_not_booked(
    browser: FlaskClient, bridge: Bridge, site: SiteDatabase
) -> None:
    page = worked_on(browser, bridge, ask(browser, 1001))
    answer = press(browser, page, "discard")
    late = press(browser, page, "start")
    book_all(bridge)

    assert "Nothing of it was booked" in look(browser, answer.headers["Location"]).text
    assert late.status_code == 409
    assert site.balance(1001) == 100


def test_a_script_is_told_how_far_it_is(browser: FlaskClient, bridge: Bridge) -> None:
    answer = ask(browser, whom="matching")
    address, accept = answer.headers["Location"], {"Accept": "application/json"}
    waiting = browser.get(address, headers=accept).get_json()
    page = worked_on(browser, bridge, answer)
    press(browser, page, "start")
    started = browser.get(address, headers=accept).get_json()
    book_all(bridge)
    done = browser.get(address, headers=accept).get_json()

    assert [(told["state"], told["share"]) for told in (waiting, started, done)] == [
        ("reading", None), ("booking", 0.0), ("done", 1.0),
    ]  # fmt: skip
    assert "No worker is running" in started["text"]


def test_the_last_ones_are_listed(browser: FlaskClient, bridge: Bridge) -> None:
    worked_on(browser, bridge, ask(browser, 1001, reason="Gift"))
    worked_on(browser, bridge, upload(browser, "user_id,change\n1001,5\n", "<i>may</i>.csv"))

    rows = [[row[0], row[2], row[4]] for row in look(browser, IMPORT).rows[1:]]

    assert rows == [
        ["file <i>may</i>.csv", "Changed on the Credits screen", "not booked yet"],
        ["accounts that were ticked", "Gift", "not booked yet"],
    ]


def test_without_a_session_or_the_forms_token_nothing_is_taken(
    browser: FlaskClient, app: Flask, bridge: Bridge, site: SiteDatabase
) -> None:
    page = worked_on(browser, bridge, ask(browser, 1001))
    address = form_actions(page)[0].rsplit("/", 1)[0]
    stranger = app.test_client()
    posts = [f"{LIST}/bulk", IMPORT, f"{address}/start", f"{address}/discard"]

    assert {stranger.post(path).status_code for path in posts} == {401}
    assert {browser.post(path).status_code for path in posts} == {403}
    reads = [IMPORT, address, f"{address}/problems.csv"]
    assert {stranger.get(path).status_code for path in reads} == {401}
    assert browser.get(f"{LIST}/bulk/999").status_code == 404
    assert site.value("SELECT GROUP_CONCAT(state) FROM wp_aipkit_bridge_bulks") == "ready"


def form_actions(page: Html) -> list[str]:
    """Where the forms of its page lead to."""
    return [found["action"] for _, found in page.tags if "/bulk/" in found.get("action", "")]


def test_all_of_a_change_is_undone_once_and_each_page_leads_to_the_other(
    browser: FlaskClient, bridge: Bridge, site: SiteDatabase
) -> None:
    page = worked_on(browser, bridge, ask(browser, 1001, 1003))
    address = press(browser, page, "start").headers["Location"]
    book_all(bridge)
    done = look(browser, address)

    first, answer = (press(browser, done, "undo") for _ in range(2))
    undoing = worked_on(browser, bridge, answer)
    assert first.headers["Location"] == answer.headers["Location"]
    assert "what change" in undoing.text
    press(browser, undoing, "start")
    book_all(bridge)

    assert [site.balance(user) for user in CROWD[:3]] == [100, 100, 100]
    assert look(browser, address).links["It was taken back"] == answer.headers["Location"]
    site.assert_balanced()
