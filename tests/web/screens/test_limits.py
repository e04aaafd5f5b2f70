"""`/admin/credits/limits`: free limits, shown and changed where the site keeps them."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from bridge.services.accounts.keep_summaries import keep_summaries
from bridge.store.php import unserialize
from bridge.wiring import Bridge
from tests.support.admin import COOKIE, look, sign_in_browser
from tests.support.apps import create_app
from tests.support.client import API_KEY, api_key, bearer
from tests.support.forms import form_on
from tests.support.site import IDS, USERS, SiteDatabase
from tests.support.visitor import Html

LIST = "/admin/credits/limits"
SUPPORT, SALES = IDS["bots"]["Support Bot"], IDS["bots"]["Sales Bot"]
DAVE, HEIDI = USERS["dave"], USERS["heidi"]  # a customer, a shop manager
ALICE = USERS["alice"]  # who owns credits
OPTION = {
    "ai_forms": "aipkit_ai_forms_settings",
    "image_generator": "aipkit_image_generator_settings",
}


def path(name: str = f"chat-{SUPPORT}") -> str:
    return f"{LIST}/{name}"


@pytest.fixture
def bridge(site: SiteDatabase) -> Bridge:
    return site.bridge(security=api_key("usage"))


def form_of(browser: FlaskClient, name: str = f"chat-{SUPPORT}") -> dict[str, str]:
    return form_on(browser.get(path(name)).text, f"/{name}")


def save(browser: FlaskClient, name: str, /, **typed: str) -> TestResponse:
    """Open the form, type, save; `role_x` and `unlimited_x` stand for a role's two fields."""
    fields = {key.replace("_", ":", 1) if key.startswith(("role_", "unlimited_")) else key: value
              for key, value in typed.items()}  # fmt: skip
    return browser.post(path(name), data={**form_of(browser, name), **fields})


def change(browser: FlaskClient, name: str, /, **typed: str) -> TestResponse:
    """Save, and say that it is meant, if the page asks whether somebody is to have no limit."""
    answer = save(browser, name, **typed)
    if answer.status_code != 200:
        return answer
    return browser.post(path(name), data={**form_on(answer.text, path(name)), "sure": "1"})


def metas(site: SiteDatabase, bot: int = SUPPORT) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in site.rows("SELECT meta_key, meta_value FROM wp_postmeta WHERE post_id = %s"
                         " ORDER BY meta_id", (bot,)):  # fmt: skip
        found.setdefault(row["meta_key"], []).append(row["meta_value"])
    return found


def option(site: SiteDatabase, module: str) -> str:
    sql = "SELECT option_value FROM wp_options WHERE option_name = %s"
    return str(site.value(sql, (OPTION[module],)))


def set_option(site: SiteDatabase, module: str, text: str) -> None:
    sql = "UPDATE wp_options SET option_value = %s WHERE option_name = %s"
    site.run(sql, (text, OPTION[module]))


def text(value: str) -> str:
    """A text as PHP serializes it."""
    return f's:{len(value.encode())}:"{value}";'


def quota(app: Flask, module: str, context_id: int | None, **actor: Any) -> dict[str, Any]:
    """What a check says of the limit."""
    answer = app.test_client().post(
        "/v1/usage/check",
        json={"actor": actor, "module": module, "context_id": context_id, "units": 1},
        headers=bearer(API_KEY),
    )
    assert answer.json
    return dict(answer.json["quota"])


def test_limits_are_shown_as_they_count(browser: FlaskClient) -> None:
    page = look(browser, LIST)

    assert page.row("Support Bot")[:3] == ["10,000", "1,000", "Every day"]
    assert page.row("Sales Bot")[:3] == [
        "Customer : 5,000 Editor : Unlimited Subscriber : No free allowance"
        " Users without any of these: unlimited",
        "No free allowance",
        "Every month",
    ]
    assert page.row("Customer Support")[:3] == ["Unlimited", "Unlimited", "Never"]
    assert page.row("Image generator")[:3] == ["50", "No free allowance", "Every week"]
    assert page.row("AI Forms")[0].startswith("Customer : 2,000 Author : 8,000")


def test_a_chatbots_limits_are_kept_as_the_peer_keeps_them(
    browser: FlaskClient, site: SiteDatabase, app: Flask
) -> None:
    site.set_balance(DAVE, 0)
    before = metas(site)

    answer = change(
        browser, f"chat-{SUPPORT}", mode="role_based", period="monthly", guest_limit="",
        role_customer="1,500", unlimited_shop_manager="1", role_subscriber="0",
    )  # fmt: skip

    assert (answer.status_code, answer.headers["Location"]) == (
        303, f"{LIST}?done=saved#chat-{SUPPORT}",
    )  # fmt: skip
    after = metas(site)
    assert after.pop("_aipkit_token_role_limits") == [
        '{"administrator":"10000","author":"10000","contributor":"10000","customer":"1500",'
        '"editor":"10000","shop_manager":"","subscriber":"0"}'
    ]
    assert after.pop("_aipkit_token_limit_mode") == ["role_based"]
    assert after.pop("_aipkit_token_reset_period") == ["monthly"]
    for changed in ("limit_mode", "reset_period", "guest_limit"):
        del before[f"_aipkit_token_{changed}"]
    assert after == before
    assert "Saved." in look(browser, LIST, done="saved").text
    found = quota(app, "chat", SUPPORT, user_id=DAVE)
    assert (found["limit"], found["period"]) == (1500, "monthly")
    assert quota(app, "chat", SUPPORT, session_id="a")["limit"] is None


ALL = {
    "administrator": "10000", "author": "10000", "contributor": "10000", "customer": "10000",
    "editor": "10000", "shop_manager": "10000", "subscriber": "10000",
}  # fmt: skip


def roles_of(site: SiteDatabase, bot: int = SUPPORT) -> dict[str, str]:
    (text,) = metas(site, bot)["_aipkit_token_role_limits"]
    return dict(json.loads(text))


def test_a_limit_for_one_role_leaves_all_others_theirs(
    browser: FlaskClient, site: SiteDatabase, app: Flask
) -> None:
    answer = save(browser, f"chat-{SUPPORT}", mode="role_based", role_customer="20000")

    assert answer.status_code == 303
    assert roles_of(site) == {**ALL, "customer": "20000"}
    assert quota(app, "chat", SUPPORT, user_id=DAVE)["limit"] == 20_000
    assert quota(app, "chat", SUPPORT, user_id=HEIDI)["limit"] == 10_000


def test_roles_that_are_emptied_get_what_everyone_else_gets(
    browser: FlaskClient, site: SiteDatabase, app: Flask
) -> None:
    save(browser, f"chat-{SUPPORT}", mode="role_based", else_limit="300",
         **{f"role_{role}": "" for role in ALL if role != "customer"})  # fmt: skip

    assert roles_of(site) == {**dict.fromkeys(ALL, "300"), "customer": "10000"}
    assert quota(app, "chat", SUPPORT, user_id=HEIDI)["limit"] == 300
    assert form_of(browser)["else_limit"] == "300"


def test_everyone_else_is_never_left_open(browser: FlaskClient, site: SiteDatabase) -> None:
    before = metas(site)

    answer = save(browser, f"chat-{SUPPORT}", mode="role_based", else_limit="")

    assert answer.status_code == 400
    assert "Everyone else: type a number, or tick Unlimited." in answer.text
    assert metas(site) == before


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ({"mode": "role_based", "role_customer": "", "role_subscriber": "", "else_limit": "",
          "else_unlimited": "1"}, "Customer, Subscriber would have no limit"),
        ({"user_limit": "", "guest_limit": ""}, "Users, Guests would have no limit"),
        ({"mode": "role_based", "unlimited_customer": "1"}, "Customer would have no limit"),
    ],
)  # fmt: skip
def test_who_would_have_no_limit_is_asked_by_name(
    browser: FlaskClient, site: SiteDatabase, typed: dict[str, str], named: str
) -> None:
    before = metas(site)

    answer = save(browser, f"chat-{SUPPORT}", **typed)

    assert answer.status_code == 200
    assert named in Html(answer.text).text
    assert metas(site) == before
    asked = form_on(answer.text, path())
    again = form_on(browser.post(path(), data={**asked, "again": "1"}).text, path())
    expected = {key.replace("_", ":", 1) if key.startswith(("role_", "unl")) else key: value
                for key, value in typed.items()}  # fmt: skip
    assert {name: again.get(name) for name in expected} == expected
    assert metas(site) == before
    assert browser.post(path(), data={**asked, "sure": "1"}).status_code == 303
    assert metas(site) != before


def test_users_without_a_role_are_asked_about_where_there_are_any(
    browser: FlaskClient, bridge: Bridge, site: SiteDatabase
) -> None:
    site.run("UPDATE wp_usermeta SET meta_value = 'a:0:{}'"
             " WHERE user_id = %s AND meta_key = 'wp_capabilities'", (ALICE,))  # fmt: skip
    keep_summaries(bridge.db, bridge.site.get(), run_for_s=60)

    answer = save(browser, f"chat-{SUPPORT}", mode="role_based")

    assert "Users without a role would have no limit" in Html(answer.text).text


def test_one_limit_for_all_writes_none_for_roles(browser: FlaskClient, site: SiteDatabase) -> None:
    save(browser, f"chat-{SUPPORT}", user_limit="500")

    assert "_aipkit_token_role_limits" not in metas(site)


def test_a_roles_limit_that_does_not_count_is_told(
    browser: FlaskClient, site: SiteDatabase
) -> None:
    answer = save(browser, f"chat-{SUPPORT}", role_customer="600")

    assert roles_of(site) == {"customer": "600"}
    told = Html(browser.get(answer.headers["Location"]).text).text
    assert "The limits that you typed for roles do not count while" in told


def test_roles_are_called_as_the_site_calls_them(
    browser: FlaskClient, bridge: Bridge, site: SiteDatabase
) -> None:
    site.run("UPDATE wp_options SET option_value = REPLACE(option_value,"
             " 's:8:\"Customer\"', 's:11:\"Stammkunde|\"')"
             " WHERE option_name = 'wp_user_roles'")  # fmt: skip
    bridge.site.forget()

    assert "Stammkunde" in look(browser, path()).text
    assert "Stammkunde : 5,000" in look(browser, LIST).text


def test_what_each_may_use_is_said(browser: FlaskClient) -> None:
    said = look(browser, path(f"chat-{SALES}")).text

    assert "Customer: each may use 5,000 tokens a month for free." in said
    assert "Subscriber, Guests" not in said
    assert "Subscriber: nothing for free; purchased tokens work." in said
    assert "Administrator, Author, Contributor, Editor, Shop manager: no limit." in said
    assert "Guests: nothing for free; purchased tokens work." in said


@pytest.mark.parametrize("module", list(OPTION))
def test_a_modules_other_settings_keep_their_bytes(
    browser: FlaskClient, site: SiteDatabase, app: Flask, module: str
) -> None:
    css = text("é { x:1 }")
    common = f'a:4:{{s:6:"common";a:2:{{s:3:"css";{css}i:3;N;}}s:1:"r";d:0.5;s:2:"on";b:1;'
    before = option(site, module)[len("a:1:{") : -1]
    set_option(site, module, common + before + "}")

    answer = change(browser, module, mode="general", user_limit="77", guest_limit="0")

    assert answer.status_code == 303
    changed = before
    for old, new in (
        ('s:16:"token_limit_mode";s:10:"role_based"', 's:16:"token_limit_mode";s:7:"general"'),
        ('s:17:"token_guest_limit";i:500', 's:17:"token_guest_limit";i:0'),
        ('s:16:"token_user_limit";N', 's:16:"token_user_limit";i:77'),
        ('s:16:"token_user_limit";i:50', 's:16:"token_user_limit";i:77'),
    ):
        changed = changed.replace(old, new)
    assert option(site, module) == common + changed + "}"
    assert quota(app, module, None, user_id=DAVE)["limit"] == 77
    assert quota(app, module, None, session_id="a")["limit"] == 0


@pytest.mark.parametrize(
    ("stored", "written"),
    [
        (text("[]"), text('{"customer":300,"shop_manager":""}')),
        ("N;", text('{"customer":300,"shop_manager":""}')),
        (text('{"customer":1,"editor":null}'),
         text('{"customer":300,"editor":null,"shop_manager":""}')),
        ('a:2:{s:8:"customer";s:4:"2000";s:6:"author";i:8;}',
         'a:3:{s:8:"customer";i:300;s:6:"author";i:8;s:12:"shop_manager";s:0:"";}'),
        ('a:1:{s:4:"gone";i:9;}',
         'a:3:{s:4:"gone";i:9;s:8:"customer";i:300;s:12:"shop_manager";s:0:"";}'),
    ],
)  # fmt: skip
def test_role_limits_of_a_module_keep_their_form(
    browser: FlaskClient, site: SiteDatabase, app: Flask, stored: str, written: str
) -> None:
    around = (
        'a:1:{s:16:"token_management";a:2:{s:16:"token_limit_mode";s:10:"role_based";'
        's:17:"token_role_limits";%s}}'
    )
    set_option(site, "ai_forms", around % stored)

    change(browser, "ai_forms", role_customer="300", unlimited_shop_manager="1")

    assert option(site, "ai_forms") == around % written
    assert quota(app, "ai_forms", None, user_id=DAVE)["limit"] == 300


def test_what_is_not_there_is_made(browser: FlaskClient, site: SiteDatabase, app: Flask) -> None:
    site.run("DELETE FROM wp_options WHERE option_name IN %s", (tuple(OPTION.values()),))
    site.run("DELETE FROM wp_postmeta WHERE post_id = %s", (SALES,))

    change(browser, "image_generator", user_limit="5")
    change(browser, f"chat-{SALES}", guest_limit="6")

    assert option(site, "image_generator") == (
        'a:1:{s:16:"token_management";a:1:{s:16:"token_user_limit";i:5;}}'
    )
    sql = "SELECT autoload FROM wp_options WHERE option_name = %s"
    assert site.value(sql, (OPTION["image_generator"],)) == "no"
    assert metas(site, SALES) == {"_aipkit_token_guest_limit": ["6"]}
    assert quota(app, "image_generator", None, user_id=DAVE)["limit"] == 5


def test_all_rows_of_a_doubled_meta_are_written_and_the_oldest_counts(
    browser: FlaskClient, site: SiteDatabase
) -> None:
    site.run("INSERT INTO wp_postmeta (post_id, meta_key, meta_value)"
             " VALUES (%s, '_aipkit_token_user_limit', '3')", (SUPPORT,))  # fmt: skip
    assert form_of(browser)["user_limit"] == "10000"

    change(browser, f"chat-{SUPPORT}", user_limit="42")

    assert metas(site)["_aipkit_token_user_limit"] == ["42", "42"]


def test_an_unlimited_limit_leaves_no_row(browser: FlaskClient, site: SiteDatabase) -> None:
    change(browser, f"chat-{SALES}", role_customer="", role_subscriber="", guest_limit="")
    fields = form_of(browser, f"chat-{SALES}")
    del fields["unlimited:editor"]
    browser.post(path(f"chat-{SALES}"), data=fields)

    assert (
        not {"_aipkit_token_role_limits", "_aipkit_token_guest_limit"} & metas(site, SALES).keys()
    )


def test_roles_that_the_site_lost_keep_their_limits(
    browser: FlaskClient, site: SiteDatabase
) -> None:
    site.limit_chatbot(SALES, {"role_limits": '{"vip":"9","customer":5,"rôle":""}'})

    change(browser, f"chat-{SALES}", role_customer="6")

    assert metas(site, SALES)["_aipkit_token_role_limits"] == [
        '{"vip":"9","customer":"6","rôle":""}'
    ]
    assert "the site has no such role" in look(browser, path(f"chat-{SALES}")).text


def test_stored_texts_that_count_as_something_else_say_so_and_stay(
    browser: FlaskClient, site: SiteDatabase
) -> None:
    site.limit_chatbot(
        SUPPORT,
        {"user_limit": "<b>ten</b>", "guest_limit": "12.7", "reset_period": "yearly"},
    )

    page = look(browser, LIST)
    change(browser, f"chat-{SUPPORT}", mode="role_based")

    assert "Each user : stored is <b>ten</b> , which counts as unlimited." in page.text
    assert "Each guest : stored is 12.7 , which counts as 12." in page.text
    assert "Renews : stored is yearly , which counts as “Never”." in page.text
    assert metas(site)["_aipkit_token_user_limit"] == ["<b>ten</b>"]
    assert metas(site)["_aipkit_token_reset_period"] == ["yearly"]


def test_a_limit_that_is_no_number_is_shown_as_broken(
    browser: FlaskClient, site: SiteDatabase
) -> None:
    site.limit_chatbot(SUPPORT, {"user_limit": "ten", "guest_limit": "12.7"})
    site.limit_chatbot(SALES, {"limit_mode": "role_based", "role_limits": '{"vip": "many"}'})

    page = look(browser, LIST)

    assert "Broken: Each user : stored is ten , which counts as unlimited." in page.text
    assert "Broken: Each guest" not in page.text
    assert "stored is many , which counts as no limit of its own." in page.text
    assert page.text.count("Broken:") == 2


def test_limits_by_role_that_cannot_be_read_are_shown_as_broken(
    browser: FlaskClient, site: SiteDatabase
) -> None:
    site.limit_chatbot(SUPPORT, {"limit_mode": "role_based", "role_limits": '{"vip": 5'})

    page = look(browser, LIST)

    assert 'Broken: Limits by role : stored is {"vip": 5 , which counts as unlimited.' in page.text


def test_counters_are_left_alone(browser: FlaskClient, site: SiteDatabase) -> None:
    counters = "SELECT * FROM wp_usermeta ORDER BY umeta_id"
    before = site.rows(counters)

    change(browser, "image_generator", period="monthly", mode="role_based", role_customer="1")

    assert site.rows(counters) == before


def test_the_second_of_two_admins_is_told_and_keeps_what_they_typed(
    browser: FlaskClient, app: Flask, bridge: Bridge, site: SiteDatabase
) -> None:
    other = sign_in_browser(app, bridge, HEIDI)
    theirs = form_of(other)
    change(browser, f"chat-{SUPPORT}", user_limit="900")

    answer = other.post(path(), data={**theirs, "user_limit": "600", "guest_limit": "7"})

    assert answer.status_code == 409
    assert "Somebody changed these limits meanwhile" in answer.text
    assert "Stored now: users 900 ;" in Html(answer.text).text
    assert metas(site)["_aipkit_token_user_limit"] == ["900"]
    form = form_on(answer.text, path())
    assert (form["user_limit"], form["guest_limit"]) == ("600", "7")

    assert other.post(path(), data=form).status_code == 303
    assert metas(site)["_aipkit_token_user_limit"] == ["600"]
    assert metas(site)["_aipkit_token_guest_limit"] == ["7"]


def test_a_form_that_comes_twice_does_no_harm(browser: FlaskClient, site: SiteDatabase) -> None:
    form = {**form_of(browser, "ai_forms"), "mode": "general", "user_limit": "5"}

    statuses = [browser.post(path("ai_forms"), data=form).status_code for _ in range(2)]

    assert statuses == [303, 303]
    stored = unserialize(option(site, "ai_forms"))["token_management"]
    assert stored["token_user_limit"] == 5


def test_of_many_at_once_one_saves_and_the_others_are_told(
    browser: FlaskClient, app: Flask, site: SiteDatabase
) -> None:
    """No row is there beforehand: nothing to lock, and no unique key to stop a second one."""
    site.run("CREATE TRIGGER slowly BEFORE INSERT ON wp_postmeta FOR EACH ROW DO SLEEP(0.3)")
    site.run("DELETE FROM wp_postmeta WHERE post_id = %s", (SALES,))
    form = form_of(browser, f"chat-{SALES}")
    cookie = browser.get_cookie(COOKIE)
    assert cookie

    def send(number: int) -> int:
        client = app.test_client()
        client.set_cookie(COOKIE, cookie.value)
        typed = {**form, "user_limit": str(number)}
        return client.post(path(f"chat-{SALES}"), data=typed).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(send, range(1, 9)))

    assert sorted(statuses) == [303, *[409] * 7]
    assert metas(site, SALES) == {"_aipkit_token_user_limit": [str(statuses.index(303) + 1)]}


@pytest.mark.parametrize(
    "stored",
    [
        'a:1:{s:16:"token_management";O:8:"stdClass":0:{}}',
        'a:2:{s:1:"o";O:3:"Foo":1:{s:1:"a";i:1;}s:16:"token_management";a:0:{}}',
        "a:1:{i:0;d:1;}",
        "a:1:{i:0;R:1;}",
        "a:0:{}junk",
        "a:1:{broken",
        's:4:"text";',
        "",
    ],
)
def test_an_option_that_would_not_survive_is_refused_untouched(
    browser: FlaskClient, site: SiteDatabase, stored: str
) -> None:
    set_option(site, "ai_forms", stored)

    answer = change(browser, "ai_forms", user_limit="5")

    assert answer.status_code == 422
    assert "Nothing was saved; change the limits in WordPress." in Html(answer.text).text
    assert form_on(answer.text, "/ai_forms")["user_limit"] == "5"
    assert option(site, "ai_forms") == stored


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"user_limit": "-1"}, "Users: the limit must be empty or a whole number from 0"),
        ({"user_limit": "1.5"}, "Users: the limit must be empty or a whole number from 0"),
        ({"user_limit": "1000000000000001"}, "from 0 to 1,000,000,000,000,000."),
        ({"guest_limit": "many"}, "Guests: the limit must be empty or a whole number"),
        ({"role_customer": "x"}, "Customer: the limit must be empty or a whole number"),
        ({"role_customer": "5", "unlimited_customer": "1"}, "Customer: either a number or"),
        ({"role_vip": "5"}, "The site has no role vip any more."),
        ({"unlimited_vip": "1"}, "The site has no role vip any more."),
        ({"mode": "mine"}, "open the page again"),
        ({"period": "yearly"}, "open the page again"),
    ],
)
def test_what_is_no_limit_is_refused_and_kept_in_the_form(
    browser: FlaskClient, site: SiteDatabase, typed: dict[str, str], said: str
) -> None:
    before = metas(site)

    answer = change(browser, f"chat-{SUPPORT}", **typed)

    assert answer.status_code == 400
    assert said in Html(answer.text).text
    shown = form_on(answer.text, path())
    assert all(shown.get(name, value) == value for name, value in typed.items() if "limit" in name)
    assert metas(site) == before


@pytest.mark.parametrize("name", ["chat-4711", "chat", "mind", "ai_forms-1", "chat-35"])
def test_what_has_no_limits_is_not_found(browser: FlaskClient, name: str) -> None:
    assert look(browser, path(name), 404).text
    csrf = form_of(browser)["csrf"]
    assert browser.post(path(name), data={"csrf": csrf}).status_code == 404


def test_a_chatbot_that_was_withdrawn_meanwhile_is_not_changed(
    browser: FlaskClient, site: SiteDatabase
) -> None:
    form = {**form_of(browser), "user_limit": "5"}
    site.run("UPDATE wp_posts SET post_status = 'draft' WHERE ID = %s", (SUPPORT,))

    answer = browser.post(path(), data=form)

    assert answer.status_code == 404
    assert metas(site)["_aipkit_token_user_limit"] == ["10000"]


def test_modules_that_are_not_enabled_are_not_shown(site: SiteDatabase) -> None:
    bridge = site.bridge(modules={"enabled": ["chat"]})
    browser = sign_in_browser(create_app(bridge), bridge)

    page = look(browser, LIST)

    assert "Image generator" not in page.text
    assert look(browser, path("ai_forms"), 404)


def test_many_chatbots_are_paged_and_searched(
    browser: FlaskClient, bridge: Bridge, site: SiteDatabase
) -> None:
    for number in range(120):
        site.run(
            "INSERT INTO wp_posts (post_type, post_status, post_title, post_content, post_excerpt,"
            " to_ping, pinged, post_content_filtered)"
            " VALUES ('aipkit_chatbot', 'publish', %s, '', '', '', '', '')", (f"Bot {number:03}",),
        )  # fmt: skip
    bridge.site.forget()

    first, last = look(browser, LIST), look(browser, LIST, page="9")
    found = look(browser, LIST, search="07 bot")

    assert len(first.rows) == 51
    assert "Next" in first.links
    assert ("Next" in last.links, "Previous" in last.links) == (False, True)
    assert [row[0] for row in found.rows[1:]] == [
        "Bot 007", *(f"Bot {number:03}" for number in range(70, 80)), "Bot 107",
    ]  # fmt: skip
    assert look(browser, LIST, search="nobody").text.count("Nothing is called that") == 1


def test_names_with_markup_are_text(browser: FlaskClient) -> None:
    name = 'Bot "X" <i>&</i>'

    for page in (look(browser, LIST), look(browser, path(f"chat-{IDS['bots'][name]}"))):
        assert name in page.text
        assert "i" not in {tag for tag, _ in page.tags}


def test_a_change_is_in_the_log_with_who_made_it(browser: FlaskClient) -> None:
    with capture_logs() as entries:
        change(browser, f"chat-{SUPPORT}", user_limit="5", role_customer="6")

    (entry,) = [entry for entry in entries if entry["event"] == "limits_changed"]
    assert (entry["by"], entry["bot_id"]) == ("admin:1", SUPPORT)
    assert (entry["fields"], entry["roles"]) == ({"user_limit": "5"}, {"customer": "6"})


def test_forms_from_elsewhere_are_refused(
    browser: FlaskClient, app: Flask, site: SiteDatabase
) -> None:
    fields = {**form_of(browser), "user_limit": "1"}

    for csrf in ("", "0" * 64):
        assert browser.post(path(), data={**fields, "csrf": csrf}).status_code == 403
    assert app.test_client().post(path(), data=fields).status_code == 401
    assert app.test_client().get(LIST).status_code == 401
    assert metas(site)["_aipkit_token_user_limit"] == ["10000"]


def test_a_customer_has_no_session_to_change_anything_with(
    app: Flask, bridge: Bridge, site: SiteDatabase
) -> None:
    browser = sign_in_browser(app, bridge, HEIDI)
    fields = {**form_of(browser), "user_limit": "1"}
    site.run(
        "UPDATE wp_usermeta SET meta_value = 'a:1:{s:10:\"subscriber\";b:1;}'"
        " WHERE user_id = %s AND meta_key = 'wp_capabilities'", (HEIDI,),
    )  # fmt: skip
    site.run("UPDATE wp_aipkit_bridge_sessions SET checked_at = checked_at - INTERVAL 2 MINUTE")

    assert browser.post(path(), data=fields).status_code == 401
    assert metas(site)["_aipkit_token_user_limit"] == ["10000"]
