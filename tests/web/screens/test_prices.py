"""`/admin/credits/prices`: price rules, shown and changed in the table shared with the peer."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from bridge.wiring import Bridge
from tests.support.admin import COOKIE, look, sign_in_browser
from tests.support.client import API_KEY, api_key, bearer
from tests.support.forms import form_on
from tests.support.site import IDS, USERS, SiteDatabase
from tests.support.visitor import Html

LIST = "/admin/credits/prices"
SUPPORT = IDS["bots"]["Support Bot"]
BOB, HEIDI = USERS["bob"], USERS["heidi"]
NEW = {
    "module": "chat",
    "provider": "OpenAI",
    "model": "gpt-x",
    "operation": "chat",
    "scope_type": "module",
    "billing_method": "per_1k_tokens",
    "input_rate": "2",
    "output_rate": "6.25",
}


@pytest.fixture
def bridge(site: SiteDatabase) -> Bridge:
    """The recorded site without its rules."""
    site.run("DELETE FROM wp_aipkit_pricing_rules")
    return site.bridge(security=api_key("usage"))


def put(site: SiteDatabase, **values: Any) -> int:
    """Store a rule as the peer or a script would; return its id."""
    row = {
        "scope_type": "module", "scope_id": 0, "module": "chat", "provider": "OpenAI",
        "model": "gpt-x", "operation": "chat", "billing_method": "flat", "unit_rate": "7",
        "updated_at": "2026-01-01 10:00:00", **values,
    }  # fmt: skip
    site.run(
        f"INSERT INTO wp_aipkit_pricing_rules ({', '.join(row)})"
        f" VALUES ({', '.join(['%s'] * len(row))})",
        list(row.values()),
    )
    return int(site.value("SELECT MAX(id) FROM wp_aipkit_pricing_rules"))


def rules(site: SiteDatabase) -> list[dict[str, Any]]:
    return site.rows("SELECT * FROM wp_aipkit_pricing_rules ORDER BY id")


def path(rule_id: int, form: str = "") -> str:
    return f"{LIST}/{rule_id}{form and '/' + form}"


def add(browser: FlaskClient, **typed: str) -> TestResponse:
    form = form_on(browser.get(f"{LIST}/new").text, LIST)
    return browser.post(LIST, data={**form, **NEW, **typed})


def form_of(browser: FlaskClient, rule_id: int, form: str = "") -> dict[str, str]:
    return form_on(browser.get(path(rule_id)).text, path(rule_id, form))


def test_a_rule_to_be_is_of_its_feature_by_tokens_and_enabled(browser: FlaskClient) -> None:
    form = form_on(browser.get(f"{LIST}/new").text, LIST)

    chosen = {name: form[name] for name in ("scope_type", "billing_method", "enabled")}
    assert chosen == {
        "scope_type": "module", "billing_method": "per_1k_tokens", "enabled": "1",
    }  # fmt: skip


def change(browser: FlaskClient, rule_id: int, /, **typed: str) -> TestResponse:
    return browser.post(path(rule_id), data={**form_of(browser, rule_id), **typed})


def cost(app: Flask, scope: tuple[str, int] | None = None, **usage: Any) -> int:
    """What a check says that a use of 1,000 tokens in and 1,000 out costs."""
    asked: dict[str, Any] = {
        "provider": "OpenAI", "model": "gpt-x", "operation": "chat",
        "data": {"input_tokens": 1000, "output_tokens": 1000}, **usage,
    }  # fmt: skip
    if scope:
        asked["scope"] = {"type": scope[0], "id": scope[1]}
    answer = app.test_client().post(
        "/v1/usage/check",
        json={"actor": {"user_id": BOB}, "module": "chat", "context_id": SUPPORT, "usage": asked},
        headers=bearer(API_KEY),
    )
    assert answer.json
    return int(answer.json["required_credits"])


def test_a_site_without_rules_is_told_what_a_unit_costs(browser: FlaskClient) -> None:
    page = look(browser, LIST)

    assert "There are no price rules" in page.text
    assert "One unit (a provider's token, an image) costs one token." in page.text


def test_rules_are_shown_with_what_they_are_for_and_why_they_do_not_count(
    browser: FlaskClient, site: SiteDatabase
) -> None:
    put(site, model="a", unit_rate="0.500000")
    put(site, model="b", billing_method="per_1k_tokens", unit_rate=None, output_rate="6")
    put(site, model="c", scope_type="chatbot", scope_id=SUPPORT, enabled=0)
    put(site, model="d", scope_type="chatbot", scope_id=4711, unit_rate=None)
    put(site, model="e", unit_rate="-1")
    put(site, model="f", billing_method="by_mood")
    put(site, model="g", scope_type="galaxy")
    put(site, model="h", scope_type="global", billing_method="per_image")
    winner = put(site, model="h", updated_at="2026-02-01 00:00:00")
    put(site, model="i", scope_type="ai_form", scope_id=9, updated_at="0000-00-00 00:00:00")

    page = look(browser, LIST)

    shown = {row[0]: row[1:5] for row in page.rows[1:] if row[0] != "h OpenAI"}
    one, changed = "Chatbot All of the feature", "changed January 1, 2026"
    none = "no other rule fits: one unit costs one token"
    assert shown == {
        "a OpenAI": [one, "chat", "0.5 a request", f"In use {changed}"],
        "b OpenAI": [one, "chat", "0 in, 6 out per 1,000 units", f"In use {changed}"],
        "c OpenAI": ["Chatbot Support Bot", "chat", "7 a request", f"Disabled {changed}"],
        "d OpenAI": ["Chatbot Chatbot 4711, which is not published", "chat", "– a request",
                     f"Ignored: no rate {none} {changed}"],
        "e OpenAI": [one, "chat", "-1 a request", f"Ignored: rate below 0 {none} {changed}"],
        "f OpenAI": [one, "chat", "by_mood", f"Ignored: unknown method {none} {changed}"],
        "g OpenAI": ["Chatbot galaxy", "chat", "7 a request",
                     f"Ignored: unknown scope {none} {changed}"],
        "i OpenAI": ["Chatbot AI form 9", "chat", "7 a request", "In use"],
    }  # fmt: skip
    twice = [row[4] for row in page.rows if row[0] == "h OpenAI"]
    assert twice == [
        "In use changed February 1, 2026",
        f"Never chosen rule {winner} prices instead: 7 a request (All of the feature)"
        " changed January 1, 2026",
    ]


def use(app: Flask, key: str, **usage: Any) -> None:
    """Put a use of 1,000 tokens in and 200 out on record."""
    body: dict[str, Any] = {
        "actor": {"user_id": BOB}, "module": "chat", "context_id": SUPPORT,
        "usage": {"provider": "OpenAI", "model": "gpt-x", "operation": "chat",
                  "scope": {"type": "chatbot", "id": SUPPORT},
                  "data": {"input_tokens": 1000, "output_tokens": 200}, **usage},
    }  # fmt: skip
    headers = {**bearer(API_KEY), "Idempotency-Key": key}
    assert (
        app.test_client().post("/v1/usage/record", json=body, headers=headers).status_code == 201
    )


def test_a_broken_rule_says_which_one_prices_instead(
    browser: FlaskClient, site: SiteDatabase
) -> None:
    put(site, scope_type="chatbot", scope_id=SUPPORT, unit_rate=None)
    winner = put(site)

    page = look(browser, LIST)

    said = f"rule {winner} prices instead: 7 a request (All of the feature)"
    assert said in page.text


def test_what_is_used_without_a_price_comes_first_with_what_it_costs(
    browser: FlaskClient, site: SiteDatabase, app: Flask
) -> None:
    use(app, "1")
    use(app, "2", data={"input_tokens": 2000, "output_tokens": 400})
    use(app, "3", model="priced")
    put(site, model="priced", billing_method="per_1k_tokens", unit_rate=None, input_rate=2)

    page = look(browser, LIST)

    assert page.row("gpt-x OpenAI")[:4] == [
        "Chatbot", "chat", "1,500 units in, 300 out 2 lately", "1,800 tokens",
    ]  # fmt: skip
    assert "a typical use, 1,000 units in, 200 out : 2 tokens" in page.text.replace(
        "out:", "out :"
    )
    form = form_on(browser.get(page.links[": gpt-x"]).text, LIST)
    assert (form["module"], form["provider"], form["model"], form["operation"]) == (
        "chat", "OpenAI", "gpt-x", "chat",
    )  # fmt: skip
    add(browser, **{name: form[name] for name in ("module", "provider", "model", "operation")})
    assert "Used without a price" not in look(browser, LIST).text


def test_a_price_of_one_chatbot_leaves_the_uses_of_others_unpriced(
    browser: FlaskClient, site: SiteDatabase, app: Flask
) -> None:
    use(app, "1")
    use(app, "2", scope={"type": "chatbot", "id": SUPPORT + 1})
    put(site, scope_type="chatbot", scope_id=SUPPORT + 1)

    assert "Used without a price" in look(browser, LIST).text
    put(site, scope_type="chatbot", scope_id=SUPPORT)
    assert "Used without a price" not in look(browser, LIST).text


def test_names_to_pick_are_those_that_the_site_uses_or_is_set_up_for(
    browser: FlaskClient, app: Flask
) -> None:
    use(app, "1", provider="Google", model="gemini")

    page = look(browser, f"{LIST}/new")

    options = [given["value"] for tag, given in page.tags if tag == "option"]
    assert {"gemini", "gpt-5.6-luna", "Google", "OpenAI", "Support Bot"} <= set(options)


def test_a_chatbot_is_chosen_by_its_name(
    browser: FlaskClient, site: SiteDatabase, bridge: Bridge
) -> None:
    flat = {"billing_method": "flat", "unit_rate": "4", "input_rate": "", "output_rate": ""}

    add(browser, scope_type="chatbot", scope_id="support bot", **flat)

    (row,) = rules(site)
    assert row["scope_id"] == SUPPORT
    assert form_of(browser, row["id"])["scope_id"] == "Support Bot"
    trial = "module=chat&provider=OpenAI&model=gpt-x&operation=chat&scope_type=chatbot&scope_id="
    assert "4 tokens : 4 a request" in look(browser, f"{LIST}?{trial}Support+Bot").text
    site.run("UPDATE wp_posts SET post_title = 'Twin' WHERE post_type = 'aipkit_chatbot'")
    bridge.site.forget()
    assert form_of(browser, row["id"])["scope_id"] == str(SUPPORT)
    refused = add(browser, model="y", scope_type="chatbot", scope_id="Twin", **flat)
    assert "Several chatbots are called Twin: type one of" in Html(refused.text).text


def test_a_rule_is_added_and_prices_at_once(
    browser: FlaskClient, site: SiteDatabase, app: Flask
) -> None:
    assert cost(app) == 2000

    answer = add(browser, model=" gpt-x ", operation="chat")

    (row,) = rules(site)
    assert answer.headers["Location"] == f"{LIST}?done=saved#rule-{row['id']}"
    assert {**NEW, "scope_id": 0, "enabled": 1, "unit_rate": None} | {
        "input_rate": Decimal("2.000000"), "output_rate": Decimal("6.250000"),
    } == {name: row[name] for name in (*NEW, "scope_id", "enabled", "unit_rate")}  # fmt: skip
    assert cost(app) == 9
    assert "Saved." in look(browser, LIST, done="saved").text


def test_a_rule_of_one_chatbot_leaves_the_others_alone(browser: FlaskClient, app: Flask) -> None:
    add(browser, scope_type="chatbot", scope_id=str(SUPPORT), billing_method="flat", unit_rate="4",
        input_rate="", output_rate="")  # fmt: skip

    assert cost(app, ("chatbot", SUPPORT)) == 4
    assert cost(app, ("chatbot", SUPPORT + 1)) == 2000


def test_the_times_of_a_rule_are_the_servers_as_the_peers_are(
    browser: FlaskClient, site: SiteDatabase
) -> None:
    before = site.value("SELECT @@GLOBAL.time_zone")
    site.run("SET GLOBAL time_zone = '+05:00'")
    try:
        add(browser)
    finally:
        site.run("SET GLOBAL time_zone = %s", (before,))

    sql = "SELECT TIMESTAMPDIFF(MINUTE, UTC_TIMESTAMP(), {}) FROM wp_aipkit_pricing_rules"
    assert [site.value(sql.format(name)) for name in ("created_at", "updated_at")] == [300, 300]


def test_a_rule_is_changed_switched_and_deleted(
    browser: FlaskClient, site: SiteDatabase, app: Flask
) -> None:
    rule = put(site, created_at="2026-01-01 10:00:00")

    assert change(browser, rule, unit_rate="9").status_code == 303
    (row,) = rules(site)
    assert (row["unit_rate"], row["created_at"].year, cost(app)) == (Decimal(9), 2026, 9)
    assert row["updated_at"] > row["created_at"]

    form = form_on(browser.get(LIST).text, path(rule, "enabled"))
    answer = browser.post(path(rule, "enabled"), data={**form, "search": "gpt", "page": "1"})
    assert answer.headers["Location"] == f"{LIST}?done=saved&search=gpt&page=1#rule-{rule}"
    assert (rules(site)[0]["enabled"], cost(app)) == (0, 2000)
    form = form_on(browser.get(LIST).text, path(rule, "enabled"))
    browser.post(path(rule, "enabled"), data=form)
    assert (rules(site)[0]["enabled"], cost(app)) == (1, 9)

    form = form_of(browser, rule, "delete")
    unsure = browser.post(path(rule, "delete"), data=form)
    assert (unsure.status_code, len(rules(site))) == (400, 1)
    assert "Tick the box" in unsure.text
    for _ in range(2):
        answer = browser.post(path(rule, "delete"), data={**form, "sure": "1"})
        assert answer.headers["Location"] == f"{LIST}?done=deleted"
    assert (rules(site), cost(app)) == ([], 2000)


def test_a_rule_for_the_very_same_is_refused_by_name(
    browser: FlaskClient, site: SiteDatabase
) -> None:
    rule, other = put(site), put(site, model="other")

    for answer in (add(browser, model="GPT-X"), change(browser, other, model="gpt-x")):
        assert answer.status_code == 409
        page = Html(answer.text)
        assert "There is a rule for the very same already: change that one." in page.text
        assert page.links[f"Rule {rule}"] == path(rule)
    assert [row["model"] for row in rules(site)] == ["gpt-x", "other"]


def test_of_two_rules_for_the_very_same_each_can_be_changed(
    browser: FlaskClient, site: SiteDatabase, app: Flask, bridge: Bridge
) -> None:
    first = put(site)
    put(site, updated_at="2026-02-01 10:00:00", unit_rate="8")
    bridge.site.forget()
    assert cost(app) == 8

    answer = change(browser, first, unit_rate="5")

    assert answer.status_code == 303
    assert cost(app) == 5, "the one changed last counts"


def test_forms_that_come_twice_do_no_harm(browser: FlaskClient, site: SiteDatabase) -> None:
    assert [add(browser).status_code for _ in range(2)] == [303, 303]
    (row,) = rules(site)
    form = {**form_of(browser, row["id"]), "input_rate": "3"}

    statuses = [browser.post(path(row["id"]), data=form).status_code for _ in range(2)]

    assert statuses == [303, 303]
    assert [row["input_rate"] for row in rules(site)] == [Decimal(3)]


def test_one_rule_comes_of_many_who_add_it_at_once(
    browser: FlaskClient, app: Flask, site: SiteDatabase
) -> None:
    """Adding takes a while, so that all have looked for an equal rule before one is there."""
    site.run("CREATE TRIGGER slowly BEFORE INSERT ON wp_aipkit_pricing_rules FOR EACH ROW"
             " DO SLEEP(0.3)")  # fmt: skip
    form = {**form_on(browser.get(f"{LIST}/new").text, LIST), **NEW}
    cookie = browser.get_cookie(COOKIE)
    assert cookie

    def send(number: int) -> int:
        client = app.test_client()
        client.set_cookie(COOKIE, cookie.value)
        return client.post(LIST, data={**form, "input_rate": str(number)}).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(send, range(8)))

    assert sorted(statuses) == [303, *[409] * 7]
    assert [row["input_rate"] for row in rules(site)] == [Decimal(statuses.index(303))]


@pytest.mark.parametrize("form", ["", "enabled", "delete"])
def test_the_second_of_two_admins_is_told(
    browser: FlaskClient, app: Flask, bridge: Bridge, site: SiteDatabase, form: str
) -> None:
    rule = put(site)
    other = sign_in_browser(app, bridge, HEIDI)
    theirs = form_of(other, rule) if form != "enabled" else form_on(
        other.get(LIST).text, path(rule, "enabled"))  # fmt: skip
    change(browser, rule, unit_rate="9")

    answer = other.post(path(rule, form), data={**theirs, "unit_rate": "5", "sure": "1"})

    assert answer.status_code == 409
    assert "Somebody changed this rule meanwhile" in answer.text
    (row,) = rules(site)
    assert (row["unit_rate"], row["enabled"]) == (Decimal(9), 1)


def test_what_the_second_admin_typed_is_kept_to_save_again(
    browser: FlaskClient, site: SiteDatabase
) -> None:
    rule = put(site)
    form = {**form_of(browser, rule), "unit_rate": "5"}
    site.run("UPDATE wp_aipkit_pricing_rules SET unit_rate = 9")

    answer = browser.post(path(rule), data=form)

    assert "Stored now: OpenAI gpt-x , 9 a request, enabled." in Html(answer.text).text
    again = form_on(answer.text, path(rule))
    assert again["unit_rate"] == "5"
    assert browser.post(path(rule), data=again).status_code == 303
    assert rules(site)[0]["unit_rate"] == Decimal(5)


def test_a_rule_deleted_meanwhile_is_told(browser: FlaskClient, site: SiteDatabase) -> None:
    rule = put(site)
    form = form_of(browser, rule)
    site.run("DELETE FROM wp_aipkit_pricing_rules")

    answer = browser.post(path(rule), data={**form, "unit_rate": "5"})

    assert answer.status_code == 404
    assert "There is no such price rule" in answer.text
    assert rules(site) == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"module": ""}, "Choose the feature."),
        ({"module": "cooking"}, "Choose the feature."),
        ({"provider": " "}, "Provider: a text of 1 to 50 characters"),
        ({"model": ""}, "Model: a text of 1 to 191 characters"),
        ({"model": "x" * 192}, "Model: a text of 1 to 191 characters"),
        ({"model": "a\tb"}, "Model: a text of 1 to 191 characters"),
        ({"model": "<b>x"}, "without <."),
        ({"operation": "x" * 51}, "Operation: a text of 1 to 50 characters"),
        ({"scope_type": "galaxy"}, "open the page again"),
        ({"scope_type": "chatbot"}, "Type the id of the chatbot or AI form."),
        ({"scope_type": "chatbot", "scope_id": "4711"}, "There is no published chatbot 4711."),
        ({"scope_type": "ai_form", "scope_id": "0"}, "Type the id of the chatbot or AI form."),
        ({"scope_type": "ai_form", "scope_id": "1e3"}, "Type the id of the chatbot or AI form."),
        ({"billing_method": "by_mood"}, "open the page again"),
        ({"billing_method": "flat"}, "Type a rate that goes with the method."),
        ({"input_rate": "", "output_rate": ""}, "Type a rate that goes with the method."),
        ({"input_rate": "-1"}, "Input: a number of 0 or more"),
        ({"input_rate": "1,5"}, "Input: a number of 0 or more"),
        ({"output_rate": "0.0000001"}, "Output: a number of 0 or more"),
        ({"output_rate": "NaN"}, "Output: a number of 0 or more"),
        ({"unit_rate": "1" * 15}, "Rate: a number of 0 or more"),
    ],
)
def test_what_makes_no_rule_is_refused_and_kept_in_the_form(
    browser: FlaskClient, site: SiteDatabase, typed: dict[str, str], said: str
) -> None:
    answer = add(browser, **typed)

    assert answer.status_code == 400
    assert said in Html(answer.text).text
    form = form_on(answer.text, LIST)
    names = (
        "provider",
        "model",
        "operation",
        "scope_id",
        "input_rate",
        "output_rate",
        "unit_rate",
    )
    kept = {**NEW, **typed}
    assert {name: form[name] for name in names} == {
        name: kept.get(name, "").strip() for name in names
    }
    assert rules(site) == []


def test_the_largest_and_the_finest_rate_are_kept(
    browser: FlaskClient, site: SiteDatabase
) -> None:
    add(browser, input_rate="99999999999999.999999", output_rate="0.000001", model="é" * 191)

    (row,) = rules(site)
    assert (row["input_rate"], row["output_rate"]) == (
        Decimal("99999999999999.999999"), Decimal("0.000001"),
    )  # fmt: skip
    assert form_of(browser, row["id"])["output_rate"] == "0.000001"


def test_a_rule_of_a_module_that_is_unknown_here_must_be_given_another(
    browser: FlaskClient, site: SiteDatabase
) -> None:
    rule = put(site, module="content_writer")

    answer = change(browser, rule, unit_rate="5")

    assert answer.status_code == 400
    assert "Choose the feature." in answer.text
    assert rules(site)[0]["module"] == "content_writer"


def test_a_price_is_tried_out_with_the_rules_of_now(
    browser: FlaskClient, site: SiteDatabase
) -> None:
    use = "?module=chat&provider=openai&model=gpt-x&operation=chat&input_tokens="
    assert "1,500 tokens : no rule fits" in look(browser, f"{LIST}{use}1,500").text
    rule = put(site, billing_method="per_1k_tokens", input_rate="1", unit_rate=None)
    own = put(site, scope_type="chatbot", scope_id=SUPPORT, unit_rate="1")

    page = look(browser, f"{LIST}{use}1,500")
    of_bot = look(browser, f"{LIST}{use}1&scope_type=chatbot&scope_id={SUPPORT}")

    assert "2 tokens : 1 in, 0 out per 1,000 units, by" in page.text
    assert page.links[f"rule {rule}"] == path(rule)
    assert "1 token : 1 a request, by" in of_bot.text
    assert of_bot.links[f"rule {own}"] == path(own)
    assert "whole numbers" in look(browser, f"{LIST}{use}many").text


def test_many_rules_are_paged_and_searched(browser: FlaskClient, site: SiteDatabase) -> None:
    models = range(10_000, 30_000)
    site.run(
        "INSERT INTO wp_aipkit_pricing_rules (scope_type, module, provider, model, operation,"
        " billing_method, unit_rate) VALUES "
        + ", ".join(f"('module', 'chat', 'OpenAI', 'm-{n}', 'chat', 'flat', 1)" for n in models)
    )

    page = look(browser, LIST)
    found = look(browser, LIST, search="OPENAI m-1234")

    assert len(page.rows) == 51
    assert "Next" in page.links
    assert "Only the first 20,000 rules are read" in page.text
    assert len(page.source) < 100_000
    assert [row[0] for row in found.rows[1:]] == [f"m-1234{n} OpenAI" for n in range(10)]
    assert "No rule is like that" in look(browser, LIST, search="nothing").text


def test_names_with_markup_are_text(browser: FlaskClient, site: SiteDatabase) -> None:
    name = "<i>x</i>\"'&"
    rule = put(site, provider=name, model=name, operation=name, module=name, scope_type=name,
               billing_method=name)  # fmt: skip

    for page in (look(browser, LIST), look(browser, path(rule))):
        assert name in page.text
        assert "i" not in {tag for tag, _ in page.tags}


def test_changes_are_in_the_log_with_who_made_them(
    browser: FlaskClient, site: SiteDatabase
) -> None:
    with capture_logs() as entries:
        add(browser)
        rule = rules(site)[0]["id"]
        change(browser, rule, input_rate="5")
        browser.post(path(rule, "delete"), data={**form_of(browser, rule, "delete"), "sure": "1"})

    kept = [entry for entry in entries if entry["event"].startswith("price_")]
    assert [entry["event"] for entry in kept] == ["price_added", "price_changed", "price_deleted"]
    assert {entry["by"] for entry in kept} == {"admin:1"}
    assert [entry["rule"]["input_rate"] for entry in kept] == ["2", "5", "5.000000"]
    assert kept[1]["before"]["input_rate"] == "2.000000"


def test_forms_from_elsewhere_are_refused(
    browser: FlaskClient, app: Flask, site: SiteDatabase
) -> None:
    rule = put(site)
    forms = {
        LIST: {**NEW, "model": "z"},
        path(rule): {**form_of(browser, rule), "unit_rate": "5"},
        path(rule, "enabled"): {**form_of(browser, rule), "enabled": ""},
        path(rule, "delete"): {**form_of(browser, rule, "delete"), "sure": "1"},
    }

    for address, fields in forms.items():
        for csrf in ("", "0" * 64):
            assert browser.post(address, data={**fields, "csrf": csrf}).status_code == 403
        assert app.test_client().post(address, data=fields).status_code == 401
    assert [(row["unit_rate"], row["enabled"]) for row in rules(site)] == [(Decimal(7), 1)]


def test_a_customer_has_no_session_to_change_anything_with(
    app: Flask, bridge: Bridge, site: SiteDatabase
) -> None:
    rule = put(site)
    browser = sign_in_browser(app, bridge, HEIDI)
    fields = {**form_of(browser, rule), "unit_rate": "1"}
    site.run(
        "UPDATE wp_usermeta SET meta_value = 'a:1:{s:10:\"subscriber\";b:1;}'"
        " WHERE user_id = %s AND meta_key = 'wp_capabilities'", (HEIDI,),
    )  # fmt: skip
    site.run("UPDATE wp_aipkit_bridge_sessions SET checked_at = checked_at - INTERVAL 2 MINUTE")

    assert browser.post(path(rule), data=fields).status_code == 401
    assert rules(site)[0]["unit_rate"] == Decimal(7)
