"""Screens that WordPress's admin passes on: what is signed, and all that is refused."""

import io
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge.services.ask_worker import POLL, is_asked
from bridge.wiring import Bridge
from tests.support.apps import create_app
from tests.support.folders import PLUGIN
from tests.support.forms import form_on
from tests.support.passages import BASE, NONCE, claims_of, passed, seal_of
from tests.support.site import USERS, SiteDatabase

ALICE = USERS["alice"]
BALANCE = f"/admin/credits/{ALICE}/balance"
SCREEN = "application/vnd.aipkit-bridge.screen+json"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def bridge(site: SiteDatabase) -> Bridge:
    return site.bridge()


@pytest.fixture
def app(bridge: Bridge) -> Flask:
    return create_app(bridge)


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    with app.test_client() as client:
        yield client


def read(client: FlaskClient, target: str, **claims: Any) -> TestResponse:
    return client.get(target, headers=passed("GET", target, **claims))


def screen(answer: TestResponse) -> dict[str, str]:
    assert answer.content_type == SCREEN, answer.text
    return dict(json.loads(answer.data))


def send(client: FlaskClient, target: str, fields: dict[str, str], **claims: Any) -> TestResponse:
    body = urlencode(fields).encode()
    headers = passed("POST", target, body, **claims)
    return client.post(target, data=body, content_type=FORM, headers=headers)


def balance_form(client: FlaskClient, **claims: Any) -> dict[str, str]:
    body = screen(read(client, f"/admin/credits/{ALICE}", **claims))["body"]
    return form_on(body, quote(BALANCE)) | {"set_to": "77"}


def test_a_screen_comes_in_parts_with_the_admins_addresses(client: FlaskClient) -> None:
    parts = screen(read(client, "/admin/credits"))

    assert parts["title"] == "Credits"
    assert (
        f'href="{BASE}?page=aipkit-bridge-credits&amp;at=/static/app.css%3Fv%3D' in parts["head"]
    )
    assert "<h1>Credits</h1>" in parts["body"]
    assert "Sign out" not in parts["body"]
    links = set(re.findall(r'(?:href|action|src)="([^"#]*)', parts["head"] + parts["body"]))
    assert {link for link in links if not link.startswith((BASE, "http"))} <= {""}


@pytest.mark.parametrize(
    "target", ["/status", "/admin/credits/import", "/admin/credits/limits",
               "/admin/credits/prices", f"/admin/credits/{ALICE}", "/admin/credits?search=x",
               "/admin/credits/reports", "/admin/credits/reports/usage", "/admin/webhooks"],
)  # fmt: skip
def test_every_screen_leads_within_the_admin(client: FlaskClient, target: str) -> None:
    parts = screen(read(client, target))

    assert not re.search(r'(?:href|action|src)="/(?!wp-admin/)', parts["head"] + parts["body"])


def test_an_answer_is_sealed_for_its_request(client: FlaskClient) -> None:
    claims = claims_of("GET", "/status")

    answer = read(client, "/status", **claims)

    assert answer.headers["Passage-Seal"] == seal_of(answer, claims["jti"])
    assert answer.headers["Passage-Seal"] != seal_of(answer, "another-request")


def test_a_file_is_sealed_by_its_headers_and_sent_as_it_is_read(client: FlaskClient) -> None:
    claims = claims_of("GET", "/admin/credits/accounts.csv")

    answer = read(client, "/admin/credits/accounts.csv", **claims)

    assert answer.is_streamed
    assert answer.headers["Passage-Seal"] == seal_of(answer, claims["jti"], streamed=True)


def test_a_balance_is_changed_and_the_browser_led_within_the_admin(
    client: FlaskClient, site: SiteDatabase
) -> None:
    answer = send(client, BALANCE, balance_form(client))

    assert answer.status_code == 303
    page = f"{BASE}?page=aipkit-bridge-credits&at=/admin/credits/{ALICE}%3F"
    assert answer.location.startswith(page)
    assert site.balance(ALICE) == 77
    assert site.ledger()[-1]["reference_id"] == "admin:1"


def test_who_manages_the_shop_by_wordpresss_word_is_named_in_the_ledger(
    client: FlaskClient, site: SiteDatabase
) -> None:
    heidi = {"user": USERS["heidi"], "cap": "manage_woocommerce"}

    send(client, BALANCE, balance_form(client, **heidi), **heidi)

    assert site.ledger()[-1]["reference_id"] == f"admin:{heidi['user']}"


@pytest.mark.parametrize(
    "claims",
    [
        {"cap": "read"}, {"cap": None}, {"user": 0}, {"user": "x"}, {"jti": None},
        {"base": "https://evil.example/admin.php"}, {"base": "//evil.example/admin.php"},
        {"base": '/"><script>/admin.php'}, {"nonce": '"><script>'}, {"session": None},
        {"secret": "another-secret-" * 4}, {"iss": "https://other.example"},
        {"aud": "aipkit-bridge"}, {"aud": "aipkit-bridge/login"},
        {"iat": 1_000_000_000, "exp": 1_000_000_060}, {"exp": 9_999_999_999},
    ],
    ids=str,
)  # fmt: skip
def test_a_token_that_is_not_right_opens_nothing(
    client: FlaskClient, claims: dict[str, Any]
) -> None:
    answer = read(client, "/status", **claims)

    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert "Passage-Seal" not in answer.headers


@pytest.mark.parametrize("signed", ["/status?x=1", "/admin/credits", "/Status", "/status/"])
def test_a_token_of_another_address_opens_nothing(client: FlaskClient, signed: str) -> None:
    assert client.get("/status", headers=passed("GET", signed)).status_code == 403


def test_a_token_for_reading_does_not_write(client: FlaskClient, bridge: Bridge) -> None:
    answer = client.post("/admin/poll", headers=passed("GET", "/admin/poll"))

    assert answer.status_code == 403
    assert not is_asked(bridge.db, POLL)


@pytest.mark.parametrize(
    "target",
    ["/v1/accounts", "/status.json", "/metrics", "/healthz", "/admin/login?token=x", "/docs",
     "/nowhere"],
)  # fmt: skip
def test_only_screens_are_passed_on_to(client: FlaskClient, target: str) -> None:
    assert read(client, target).status_code == 404


def test_a_write_is_done_once(client: FlaskClient, site: SiteDatabase) -> None:
    form = balance_form(client)
    body = urlencode(form).encode()
    headers = passed("POST", BALANCE, body)
    first = client.post(BALANCE, data=body, content_type=FORM, headers=headers)
    site.set_balance(ALICE, int(form["expected"]))

    second = client.post(BALANCE, data=body, content_type=FORM, headers=headers)

    assert (first.status_code, second.status_code) == (303, 403)
    assert "sent before" in second.text
    assert site.balance(ALICE) == int(form["expected"])


def test_a_body_that_was_changed_does_nothing(client: FlaskClient, site: SiteDatabase) -> None:
    form = balance_form(client)
    before = site.balance(ALICE)
    headers = passed("POST", BALANCE, urlencode(form).encode())
    bodies = [urlencode(form | {"set_to": "99"}), urlencode(form) + "&x=1", urlencode(form)[:-1]]

    for body in bodies:
        answer = client.post(BALANCE, data=body, content_type=FORM, headers=headers)
        assert answer.status_code == 403, body

    assert site.balance(ALICE) == before


def test_a_body_of_another_type_cannot_hide_behind_its_type(
    client: FlaskClient, site: SiteDatabase
) -> None:
    """What nobody parses is proven all the same."""
    form, before = balance_form(client), site.balance(ALICE)
    body = urlencode(form).encode()

    answer = client.post(
        f"{BALANCE}?csrf={form['csrf']}",
        data=b"other",
        content_type="text/plain",
        headers=passed("POST", f"{BALANCE}?csrf={form['csrf']}", body),
    )

    assert answer.status_code == 403
    assert site.balance(ALICE) == before


@pytest.mark.parametrize(
    "claims", [{"session": "another-session"}, {"user": USERS["heidi"]}], ids=str
)
def test_a_form_of_another_session_or_user_is_refused(
    client: FlaskClient, site: SiteDatabase, claims: dict[str, Any]
) -> None:
    form, before = balance_form(client), site.balance(ALICE)

    answer = send(client, BALANCE, form, **claims)

    assert (answer.status_code, site.balance(ALICE)) == (403, before)


def test_a_form_outlives_wordpresss_proof(client: FlaskClient, site: SiteDatabase) -> None:
    """Whose nonce changes twice a day, and stays good for the old form."""
    form = balance_form(client)
    assert form["csrf"].startswith(f"{NONCE}-")

    answer = send(client, BALANCE, form, nonce="the-next-one")

    assert (answer.status_code, site.balance(ALICE)) == (303, 77)


def test_without_the_forms_own_proof_nothing_is_done(
    client: FlaskClient, site: SiteDatabase
) -> None:
    form, before = balance_form(client), site.balance(ALICE)

    for csrf in ("", NONCE, f"{NONCE}-", "x"):
        assert send(client, BALANCE, form | {"csrf": csrf}).status_code == 403, csrf

    assert site.balance(ALICE) == before


def test_a_body_of_unknown_length_is_refused(client: FlaskClient) -> None:
    headers = passed("POST", "/admin/poll") | {"Transfer-Encoding": "chunked"}

    answer = client.post("/admin/poll", headers=headers)

    assert answer.status_code == 403


def test_a_large_file_is_proven_as_it_is_read(client: FlaskClient, site: SiteDatabase) -> None:
    csrf = form_on(
        screen(read(client, "/admin/credits/import"))["body"], "page=aipkit-bridge-bulk"
    )["csrf"]
    data = b"user_id,change\n" + b"".join(b"%d,1\n" % n for n in range(1, 300_000))
    head = "--b\r\nContent-Disposition: form-data; name="
    fields = {"csrf": csrf, "key": "k", "reason": ""}
    body = "".join(f'{head}"{name}"\r\n\r\n{text}\r\n' for name, text in fields.items()).encode()
    body += f'{head}"file"; filename="a.csv"\r\n\r\n'.encode() + data + b"\r\n--b--\r\n"

    def upload(sent: bytes) -> TestResponse:
        return client.post(
            "/admin/credits/import",
            input_stream=io.BytesIO(sent),
            content_length=len(sent),
            content_type="multipart/form-data; boundary=b",
            headers=passed("POST", "/admin/credits/import", body),
        )

    changed = upload(body.replace(b"\n7,1\n", b"\n7,9\n"))
    kept_of_changed = site.value("SELECT COUNT(*) FROM wp_aipkit_bridge_bulks")
    right = upload(body)

    assert (changed.status_code, kept_of_changed) == (403, 0)
    assert right.status_code == 303
    assert "page=aipkit-bridge-bulk&at=/admin/credits/bulk/" in right.location


def test_a_screen_says_how_large_a_file_this_way_may_be(client: FlaskClient) -> None:
    small = screen(read(client, "/admin/credits/import", upload=2 * 2**20))["body"]
    large = screen(read(client, "/admin/credits/import", upload=2**30))["body"]

    assert ("up to 2 MiB" in small, "up to 64 MiB" in large) == (True, True)


def test_styles_hold_for_our_part_of_the_page_alone_and_are_kept(client: FlaskClient) -> None:
    for name in ("app.css", "wordpress.css", "credits.css", "bulk.css", "limits.css"):
        answer = read(client, f"/static/{name}?v=1")
        rules = re.sub(r"@media[^{]*\{", "", answer.text)
        heads = [head for head in re.findall(r"([^{}]+)\{", rules) if "@" not in head]
        stray = [one for head in heads for one in re.split(r",(?![^(]*\))", head)
                 if not one.strip().startswith("#aipkit-bridge")]  # fmt: skip

        assert heads
        assert stray == []
        assert "prefers-color-scheme" not in answer.text
        assert "immutable" in answer.headers["Cache-Control"]


def test_a_script_is_sealed(client: FlaskClient) -> None:
    claims = claims_of("GET", "/static/credits.js?v=1")

    answer = read(client, "/static/credits.js?v=1", **claims)

    assert answer.mimetype == "text/javascript"
    assert answer.headers["Passage-Seal"] == seal_of(answer, claims["jti"])


def test_without_a_database_the_page_says_so_within_the_admin(
    client: FlaskClient, site: SiteDatabase
) -> None:
    site.run("DROP TABLE wp_aipkit_bridge_jobs")

    answer = read(client, "/status")

    assert answer.status_code == 503
    assert "is not ready" in screen(answer)["body"]


def test_a_refusal_is_a_page_of_the_admins(client: FlaskClient) -> None:
    answer = read(client, "/admin/credits/4711")

    assert answer.status_code == 404
    assert "There is no user 4711" in screen(answer)["body"]


def test_a_script_is_answered_in_json(client: FlaskClient) -> None:
    target = BALANCE
    body = urlencode(balance_form(client) | {"set_to": "ten"}).encode()
    headers = passed("POST", target, body) | {"Accept": "application/json"}

    answer = client.post(target, data=body, content_type=FORM, headers=headers)

    assert answer.content_type == "application/problem+json"
    assert "whole number" in answer.get_json()["detail"]


def plugin_paths(name: str) -> list[str]:
    text = (PLUGIN / "inc/passage/targets.php").read_text("utf-8")
    array = re.search(rf"const {name} *= array\((.*?)\);", text, re.DOTALL)
    assert array
    return re.findall(r"'(.+)',", array[1])


def test_the_plugin_passes_all_screens_on_and_nothing_else(app: Flask) -> None:
    """A new screen: name it in `web.app` and in the plugin's inc/passage/targets.php."""
    own = {"/admin/login", "/admin/logout", "/status.json"}
    screens = {
        (method, re.sub(r"<(?!int)[\w:]+>", "{}", re.sub(r"<int:\w+>", "7", rule.rule)))
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if rule.rule.startswith(("/admin", "/status", "/static")) and rule.rule not in own
        if method in ("GET", "POST")
    }
    listed = {"GET": plugin_paths("READ_PATHS"), "POST": plugin_paths("WRITE_PATHS")}

    def fits(method: str, path: str) -> list[str]:
        paths = [path.format(text) for text in ("app.css", "chat-7", "usage")]
        return [one for one in listed[method] if any(re.fullmatch(one, p) for p in paths)]

    assert [screen for screen in sorted(screens) if not fits(*screen)] == []
    used = {(method, one) for method, path in screens for one in fits(method, path)}
    assert used == {(method, one) for method in listed for one in listed[method]}


def test_each_screen_is_open_to_wordpress(app: Flask, client: FlaskClient) -> None:
    """As `web.app` says; the plugin's list is compared above."""
    for path in plugin_paths("READ_PATHS"):
        target = path.replace(r"\d+", "7").replace(r"\.", ".").replace("[a-z0-9_-]+", "chat-7")
        target = target.replace("[a-z_-]+", "usage")
        if "static" not in target:
            answer = read(client, target)
            assert "There is no such screen" not in answer.text, target
            answer.close()
