"""Admins' sign-in: a link that works once, a session that ends."""

import time
from collections.abc import Iterator

import jwt
import pytest
from flask.testing import FlaskClient

from bridge.cli.admin_link import make_link
from bridge.wiring import Bridge
from tests.support.apps import create_app
from tests.support.client import make_token
from tests.support.site import SECRET, SITE_URL, USERS, SiteDatabase

ADMIN, MANAGER, CUSTOMER = 1, USERS["heidi"], USERS["alice"]


@pytest.fixture
def bridge(site: SiteDatabase) -> Bridge:
    return site.bridge()


@pytest.fixture
def browser(bridge: Bridge) -> Iterator[FlaskClient]:
    with create_app(bridge).test_client() as client:
        yield client


def token_for(bridge: Bridge, user_id: int) -> str:
    return make_link(bridge.settings, user_id).partition("token=")[2]


def enter(browser: FlaskClient, token: str) -> int:
    return browser.post("/admin/login", data={"token": token}).status_code


@pytest.mark.parametrize("user_id", [ADMIN, MANAGER])
def test_a_manager_signs_in_with_the_button(
    browser: FlaskClient, bridge: Bridge, user_id: int
) -> None:
    token = token_for(bridge, user_id)
    page = browser.get(f"/admin/login?token={token}")
    assert page.status_code == 200
    assert browser.get("/status").status_code == 401, "looking at the button spends nothing"

    answer = browser.post("/admin/login", data={"token": token})

    assert answer.status_code == 303
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert browser.get("/status").status_code == 200


@pytest.mark.parametrize(
    "asked", ["", "status", "no-such-screen", "/admin/logout", "https://evil.example", "//evil"]
)
def test_a_sign_in_leads_to_screens_of_the_bridge_only(
    browser: FlaskClient, bridge: Bridge, asked: str
) -> None:
    form = {"token": token_for(bridge, ADMIN), "next": asked}

    answer = browser.post("/admin/login", data=form)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/status")


@pytest.mark.parametrize(
    ("asked", "path"), [("credits", "/admin/credits"), ("limits", "/admin/credits/limits")]
)
def test_a_sign_in_leads_to_the_screen_that_was_asked_for(
    browser: FlaskClient, bridge: Bridge, asked: str, path: str
) -> None:
    form = {"token": token_for(bridge, ADMIN), "next": asked}

    assert browser.post("/admin/login", data=form).headers["Location"] == path


def test_the_button_keeps_the_screen_that_was_asked_for(
    browser: FlaskClient, bridge: Bridge
) -> None:
    token = token_for(bridge, ADMIN)

    good = browser.get(f"/admin/login?token={token}&next=status").text
    bad = browser.get(f'/admin/login?token={token}&next="><script>').text

    assert good.count('name="next" value="status"') == 1
    assert bad.count('name="next" value="status"') == 1


def test_a_link_works_once(browser: FlaskClient, bridge: Bridge) -> None:
    token = token_for(bridge, ADMIN)

    assert enter(browser, token) == 303
    assert enter(browser, token) == 401


def test_a_refused_link_writes_nothing(
    browser: FlaskClient, bridge: Bridge, site: SiteDatabase
) -> None:
    assert enter(browser, token_for(bridge, CUSTOMER)) == 401

    assert site.rows("SELECT * FROM wp_aipkit_bridge_spent_tokens") == []


def test_customers_and_strangers_are_refused(browser: FlaskClient, bridge: Bridge) -> None:
    assert enter(browser, token_for(bridge, CUSTOMER)) == 401
    assert enter(browser, token_for(bridge, 4711)) == 401
    assert enter(browser, make_token(ADMIN)) == 401
    assert browser.get("/status").status_code == 401


def test_a_login_token_without_an_id_or_for_a_guest_is_refused(browser: FlaskClient) -> None:
    now = int(time.time())
    base = {"iss": SITE_URL, "aud": "aipkit-bridge/login", "iat": now, "exp": now + 60}
    for claims in ({"sub": str(ADMIN)}, {"sub": "0", "jti": "abcdefgh"}):
        assert enter(browser, jwt.encode({**base, **claims}, SECRET, algorithm="HS256")) == 401


def test_a_session_ends_after_an_idle_hour_and_after_eight_hours(
    browser: FlaskClient, bridge: Bridge, site: SiteDatabase
) -> None:
    for column, minutes in (("seen_at", 61), ("created_at", 8 * 60 + 1)):
        enter(browser, token_for(bridge, ADMIN))
        assert browser.get("/status").status_code == 200
        site.run(
            f"UPDATE wp_aipkit_bridge_sessions SET {column} = {column} - INTERVAL {minutes} MINUTE"
        )
        assert browser.get("/status").status_code == 401


def test_a_user_who_loses_the_capability_is_out_within_a_minute(
    browser: FlaskClient, bridge: Bridge, site: SiteDatabase
) -> None:
    enter(browser, token_for(bridge, ADMIN))
    site.run(
        "UPDATE wp_usermeta SET meta_value = 'a:1:{s:10:\"subscriber\";b:1;}'"
        " WHERE user_id = 1 AND meta_key = 'wp_capabilities'"
    )
    assert browser.get("/status").status_code == 200, "it was seen a moment ago"

    site.run("UPDATE wp_aipkit_bridge_sessions SET checked_at = checked_at - INTERVAL 61 SECOND")

    assert browser.get("/status").status_code == 401


def test_the_database_holds_no_session_secret(
    browser: FlaskClient, bridge: Bridge, site: SiteDatabase
) -> None:
    enter(browser, token_for(bridge, ADMIN))
    cookie = browser.get_cookie("aipkit_bridge_session")
    assert cookie is not None

    (row,) = site.rows("SELECT * FROM wp_aipkit_bridge_sessions")

    assert cookie.value.encode() not in row["session_hash"]


def test_signing_out_needs_the_forms_token(browser: FlaskClient, bridge: Bridge) -> None:
    from bridge.services.sign_in import csrf_token

    enter(browser, token_for(bridge, ADMIN))
    cookie = browser.get_cookie("aipkit_bridge_session")
    assert cookie is not None
    assert browser.post("/admin/logout").status_code == 403
    assert browser.get("/status").status_code == 200

    answer = browser.post("/admin/logout", data={"csrf": csrf_token(cookie.value)})

    assert answer.status_code == 303
    assert browser.get("/status").status_code == 401


def test_on_https_the_cookie_is_secure_and_bound_to_the_host(site: SiteDatabase) -> None:
    bridge = site.bridge(server={"public_url": "https://bridge.example"})
    browser = create_app(bridge).test_client()

    answer = browser.post("/admin/login", data={"token": token_for(bridge, ADMIN)})

    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-aipkit_bridge_session=")
    assert "Secure" in cookie


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/status", "?page=aipkit-bridge-status"),
        ("/admin/webhooks", "?page=aipkit-bridge-status&amp;at=/admin/webhooks"),
        ("/admin/credits", "?page=aipkit-bridge-credits"),
        ("/admin/credits?search=bob", "&amp;at=/admin/credits%3Fsearch%3Dbob"),
        ("/admin/login", "?page=aipkit-bridge-credits"),
    ],
)
def test_who_comes_without_a_session_is_told_to_come_from_wordpress(
    browser: FlaskClient, path: str, leads_to: str
) -> None:
    answer = browser.get(path)

    assert answer.status_code == 401
    assert "In the menu choose <b>AIP</b>, and there <b>Credits</b>" in answer.text
    assert f'href="{SITE_URL}/wp-admin/admin.php' in answer.text
    assert leads_to + '">' in answer.text


def test_the_way_is_said_without_a_database_too(browser: FlaskClient, site: SiteDatabase) -> None:
    site.run("RENAME TABLE wp_options TO wp_gone")

    answer = browser.get("/status")

    assert answer.status_code == 401
    assert "Log in to WordPress." in answer.text
    assert "wp-admin" not in answer.text


def test_the_bare_address_leads_to_the_first_screen(browser: FlaskClient) -> None:
    answer = browser.get("/")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/credits")
