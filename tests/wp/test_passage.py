"""AIP in WordPress's admin: what is passed on to the bridge and back, and what is refused."""

import html
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from playwright.sync_api import Browser

from tests.browser.looking import complaints
from tests.support.folders import PLUGIN

from .bridge_stand_in import BridgeStandIn
from .browser import open_page
from .conftest import set_up
from .php_server import free_port
from .recording_bridge import RecordingBridge, Reply, screen_reply
from .site import WordPressSite
from .visitor import Visitor

PAGE = "/wp-admin/admin.php?page=aipkit-bridge-"
CREDITS, STATUS, BULK = PAGE + "credits", PAGE + "status", PAGE + "bulk"
MIB = 2**20
CSV = {"Content-Type": "text/csv; charset=utf-8",
       "Content-Disposition": "attachment; filename=accounts.csv"}  # fmt: skip
SENT = {"host", "authorization", "accept", "user-agent"}
# What a request of PHP had in memory at most, told by a file beside.
PEAK = """<?php
register_shutdown_function( function () {
    file_put_contents( __DIR__ . '/peak', memory_get_peak_usage() );
} );
"""


@pytest.fixture
def recorder(site: WordPressSite) -> Iterator[RecordingBridge]:
    with RecordingBridge().running() as bridge:
        set_up(site, bridge.url)
        yield bridge


def at(path: str, page: str = CREDITS) -> str:
    return f"{page}&at={quote(path)}"


def proof(visitor: Visitor, recorder: RecordingBridge) -> str:
    """What forms of screens carry for WordPress."""
    visitor.get(CREDITS)
    return f"{recorder.passed.pop().claims['nonce']}-the-bridges-own"


def names(recorder: RecordingBridge) -> set[str]:
    return {name.lower() for name in recorder.passed[-1].headers}


def test_a_screen_stands_in_the_admins_page(admin: Visitor, recorder: RecordingBridge) -> None:
    recorder.reply = screen_reply(
        "<h1>Alice</h1><p>&amp; figures</p>", "Alice & Co", '<link rel="stylesheet" href="x.css">'
    )

    page = admin.get(at("/admin/credits/2?purchases=2")).text

    head, _, body = page.partition("<body")
    assert '<link rel="stylesheet" href="x.css">' in head
    assert "<title>Alice &amp; Co &lsaquo; Test shop" in head
    assert "<h1>Alice</h1><p>&amp; figures</p>" in body
    assert 'id="adminmenu"' in body
    current = re.findall(r"""<a href=["']([^"']+)["'][^>]*aria-current="page">""", body)
    assert current == ["admin.php?page=aipkit-bridge-credits"]
    assert recorder.passed[-1].target == "/admin/credits/2?purchases=2"


def test_what_wordpress_says_of_the_user_is_signed(
    site: WordPressSite, admin: Visitor, manager: Visitor, recorder: RecordingBridge
) -> None:
    site.wp_eval("update_user_meta( 1, 'admin_color', 'sunrise' );")
    admin.get(STATUS)
    of_admin = recorder.passed[-1].claims
    manager.get(STATUS)
    of_manager = recorder.passed[-1].claims

    assert (of_admin["sub"], of_admin["name"], of_admin["cap"]) == ("1", "admin", "manage_options")
    assert (of_admin["scheme"], of_admin["base"]) == ("sunrise", "/wp-admin/admin.php")
    assert of_admin["colors"][2] == "#dd823b"
    assert of_admin["locale"] == "en_US"
    assert of_admin["exp"] - of_admin["iat"] <= 20
    assert of_manager["cap"] == "manage_woocommerce"
    assert of_manager["session"] != of_admin["session"]
    assert len({of_admin["jti"], of_manager["jti"]}) == 2


def test_each_entry_of_the_menu_opens_its_screen(
    admin: Visitor, manager: Visitor, recorder: RecordingBridge
) -> None:
    firsts = {"credits": "/admin/credits", "limits": "/admin/credits/limits",
              "reports": "/admin/credits/reports", "bulk": "/admin/credits/import",
              "status": "/status"}  # fmt: skip

    for visitor in (admin, manager):
        for page, target in firsts.items():
            assert visitor.get(PAGE + page).status_code == 200
            assert (recorder.passed[-1].method, recorder.passed[-1].target) == ("GET", target)
    assert "options-general.php?page=aipkit-bridge" not in manager.get(CREDITS).text


def test_a_form_that_is_sent_by_get_adds_its_fields(
    admin: Visitor, recorder: RecordingBridge
) -> None:
    admin.get(f"{at('/admin/credits/2?days=7')}&search=a%26b+c&module=")

    assert recorder.passed[-1].target == "/admin/credits/2?days=7&search=a%26b+c&module="


def test_no_header_of_the_browser_is_passed_on(admin: Visitor, recorder: RecordingBridge) -> None:
    smuggled = {"X-Forwarded-For": "1.2.3.4", "Authorization": "Bearer x", "X-Evil": "1",
                "Accept": "text/evil", "Accept-Language": "tr", "Range": "bytes=0-1",
                "X-HTTP-Method-Override": "DELETE", "If-None-Match": "x"}  # fmt: skip

    admin.get(CREDITS, headers=smuggled)

    assert names(recorder) == SENT
    assert recorder.passed[-1].headers["Accept"] == "text/html"
    assert recorder.passed[-1].headers["Authorization"].startswith("Passage ")

    form = {"csrf": proof(admin, recorder)}
    admin.post(at("/admin/poll", STATUS), form, headers=smuggled)

    assert names(recorder) == SENT | {"content-type", "content-length"}


def test_of_the_bridges_headers_only_listed_ones_come_back(
    admin: Visitor, recorder: RecordingBridge
) -> None:
    recorder.reply = Reply(
        [b"{}"],
        headers={"Content-Type": "application/json", "Set-Cookie": "evil=1", "X-Evil": "1",
                 "Cache-Control": "no-store", "Location": "x"},
    )  # fmt: skip

    answer = admin.get(at("/admin/credits/bulk/1"))

    assert answer.text == "{}"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not {"Set-Cookie", "X-Evil", "Location", "Passage-Seal"} & set(answer.headers)


@pytest.mark.parametrize(
    "path",
    ["/v1/accounts", "/status.json", "/metrics", "/admin/login", "/admin/logout", "//evil.example",
     "/admin/credits/../../v1/accounts", "/admin/credits/2\r\nX-Evil: 1", "/admin/credits/2\n",
     "/static/../app.py", "/admin/credits?x=a b", "/admin/credits?x=\r\nX: 1", "status",
     "@evil.example/status", ".evil.example/status", "http://evil.example/status",
     "/admin/credits/2/balance", "/admin/credits#x", "/admin/credits%2f2"],
)  # fmt: skip
def test_a_path_outside_the_list_goes_nowhere(
    admin: Visitor, recorder: RecordingBridge, path: str
) -> None:
    answer = admin.get(at(path))

    assert (answer.status_code, recorder.passed) == (404, [])
    assert "There is no such screen." in answer.text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
def test_another_method_goes_nowhere(
    admin: Visitor, recorder: RecordingBridge, method: str
) -> None:
    answer = admin.http.request(method, admin.site_url + CREDITS, timeout=30)

    assert (answer.status_code, recorder.passed) == (404, [])


def test_a_form_is_passed_on_as_it_was_typed(admin: Visitor, recorder: RecordingBridge) -> None:
    form = {"csrf": proof(admin, recorder), "reason": 'It\'s "ö" & \\ 100 %', "user": "2"}

    admin.post(at("/admin/credits/2/balance"), form)

    passed = recorder.passed[-1]
    sent = requests.Request("POST", "http://x", data=form).prepare().body
    assert isinstance(sent, str)
    assert (passed.method, passed.size) == ("POST", len(sent))
    assert passed.claims["body"] == passed.digest


@pytest.mark.parametrize("csrf", ["", "x", "0123456789", "-", "%-%"])
def test_a_form_of_another_site_goes_nowhere(
    admin: Visitor, recorder: RecordingBridge, csrf: str
) -> None:
    answer = admin.post(at("/admin/poll"), {"csrf": csrf}, headers={"Origin": "https://evil"})

    assert (answer.status_code, recorder.passed) == (403, [])
    assert "The form has expired" in answer.text


def test_the_proof_of_another_user_is_none(
    admin: Visitor, manager: Visitor, recorder: RecordingBridge
) -> None:
    of_manager = proof(manager, recorder)

    answer = admin.post(at("/admin/poll"), {"csrf": of_manager})

    assert (answer.status_code, recorder.passed) == (403, [])


@pytest.mark.parametrize("type_", ["text/plain", "application/json", "text/csv", ""])
def test_what_is_no_form_goes_nowhere(
    admin: Visitor, recorder: RecordingBridge, type_: str
) -> None:
    url = admin.site_url + at("/admin/poll")
    body = f"csrf={proof(admin, recorder)}"

    answer = admin.http.post(url, data=body, headers={"Content-Type": type_}, timeout=30)

    assert (answer.status_code, recorder.passed) == (415, [])


def test_a_subscriber_passes_nothing_on(
    site: WordPressSite, alice: Visitor, recorder: RecordingBridge
) -> None:
    assert "aipkit-bridge" not in alice.get("/wp-admin/profile.php").text
    for address in (CREDITS, STATUS, at("/admin/credits/accounts.csv")):
        assert alice.get(address).status_code == 403
    assert alice.post(at("/admin/poll"), {"csrf": "x"}).status_code == 403
    site.wp_eval(
        f"""wp_set_current_user( get_user_by( 'login', 'alice' )->ID );
        require_once '{site.folder}/wp-content/plugins/aipkit-bridge/inc/passage/screens.php';
        AIPKit_Bridge\\Passage\\Screens\\pass( '/status' );""",
        in_admin=True,
    )

    assert recorder.passed == []


def test_a_visitor_is_led_to_the_login(guest: Visitor, recorder: RecordingBridge) -> None:
    for answer in (guest.get(CREDITS), guest.post(at("/admin/poll"), {"csrf": "x"})):
        assert "wp-login.php" in answer.url
    assert recorder.passed == []


@pytest.mark.parametrize("location", ["https://evil.example/", "//evil.example", "/wp-admin/",
                                      "/wp-admin/admin.php?page=other"])  # fmt: skip
def test_a_redirect_leads_to_our_pages_only(
    admin: Visitor, recorder: RecordingBridge, location: str
) -> None:
    recorder.reply = Reply([b""], 303, {"Location": location})

    answer = admin.get(CREDITS, allow_redirects=False)

    assert (answer.status_code, "Location" in answer.headers) == (502, False)


def test_what_somebody_else_answers_is_never_shown(
    admin: Visitor, recorder: RecordingBridge
) -> None:
    """As any program that listens at the bridge's port when it is down."""
    evil = screen_reply("<script>steal()</script>")
    for reply in (
        replace(evil, is_sealed=False),
        replace(evil, is_sealed=False, headers={**evil.headers, "Passage-Seal": "0" * 64}),
        replace(evil, is_sealed=False, headers={"Content-Type": "text/html"}),
        Reply([b"steal()"], headers={"Content-Type": "text/javascript"}, is_sealed=False),
        Reply([b"a,b"], headers=CSV, is_sealed=False),
    ):
        recorder.reply = reply
        answer = admin.get(CREDITS)
        assert answer.status_code == 502
        assert "steal()" not in answer.text
        assert "is not an aipkit-bridge" in answer.text


def test_a_script_of_the_bridge_is_told_by_its_seal(
    admin: Visitor, recorder: RecordingBridge
) -> None:
    recorder.reply = Reply(
        [b"go()"], headers={"Content-Type": "text/javascript", "Cache-Control": "private"}
    )

    answer = admin.get(at("/static/credits.js?v=1"))

    assert (answer.text, answer.headers["Cache-Control"]) == ("go()", "private")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Server-Timing"].startswith("bridge;dur=")


def test_without_the_bridge_the_page_says_how_to_start_it(
    site: WordPressSite, admin: Visitor, manager: Visitor, chromium: Browser
) -> None:
    set_up(site, f"http://127.0.0.1:{free_port()}")

    answer = admin.get(STATUS)

    text = html.unescape(answer.text)
    assert answer.status_code == 502
    assert "The bridge does not answer at http://127.0.0.1:" in text
    assert "systemctl start aipkit-bridge" in text
    assert "Open the settings" in text
    assert "Open the settings" not in manager.get(STATUS).text
    page = open_page(chromium, site.url + STATUS, admin)
    found = complaints(page)
    page.context.close()
    assert found == []


def test_a_script_is_told_in_json(site: WordPressSite, admin: Visitor) -> None:
    set_up(site, f"http://127.0.0.1:{free_port()}")

    answer = admin.get(CREDITS, headers={"Accept": "application/json"})

    assert answer.status_code == 502
    assert "The bridge does not answer" in answer.json()["detail"]


def test_another_secret_is_named(
    site: WordPressSite, admin: Visitor, bridge: BridgeStandIn
) -> None:
    set_up(site, bridge.url, "another-secret-" * 4)

    assert "the shared secret is wrong" in admin.get(CREDITS).text


def test_a_bridge_that_is_too_old_is_named(
    site: WordPressSite, admin: Visitor, bridge: BridgeStandIn
) -> None:
    set_up(site, bridge.url)

    assert "The bridge is older than this plugin" in admin.get(CREDITS).text


def test_without_settings_the_pages_say_what_is_missing(
    site: WordPressSite, admin: Visitor, manager: Visitor
) -> None:
    set_up(site, "")

    assert "The bridge is not set up yet" in admin.get(STATUS).text
    assert "Open the settings" in admin.get(CREDITS).text
    assert "Open the settings" not in manager.get(CREDITS).text


def test_a_problem_is_a_page_of_the_admin(admin: Visitor, recorder: RecordingBridge) -> None:
    recorder.reply = Reply(
        [b'{"detail": "Too many <b>wait</b>."}'], 503,
        {"Content-Type": "application/problem+json"},
    )  # fmt: skip

    answer = admin.get(CREDITS)

    assert answer.status_code == 503
    assert "Too many &lt;b&gt;wait&lt;/b&gt;." in answer.text


@pytest.fixture
def peak(site: WordPressSite) -> Iterator[Path]:
    """Where the last request has left how much memory it took."""
    folder = site.must_use
    (folder / "peak.php").write_text(PEAK)
    yield folder / "peak"
    for name in ("peak.php", "peak"):
        (folder / name).unlink()


def test_a_file_of_64_mib_is_passed_on_without_being_in_memory(
    admin: Visitor, recorder: RecordingBridge, peak: Path
) -> None:
    form = {"csrf": proof(admin, recorder), "reason": "it's", "key": "k"}
    small = int(peak.read_text())
    with tempfile.TemporaryFile() as file:
        for _ in range(64):
            file.write(os.urandom(MIB))
        file.seek(0)
        files = {"file": ('m"ay.csv', file, "text/csv")}
        recorder.reply = Reply([b""], 303, {"Location": BULK + "&at=/admin/credits/bulk/1"})

        answer = admin.post(BULK, form, files=files, allow_redirects=False)

    passed = recorder.passed[-1]
    assert answer.status_code == 303
    assert (passed.method, passed.target) == ("POST", "/admin/credits/import")
    assert passed.size > 64 * MIB
    assert passed.claims["body"] == passed.digest
    assert int(peak.read_text()) - small < 2 * MIB


def test_a_file_that_is_saved_is_never_in_memory_whole(
    admin: Visitor, recorder: RecordingBridge, peak: Path
) -> None:
    admin.get(CREDITS)
    small = int(peak.read_text())
    line = b"a,line,of,a,file\n" * 4096
    recorder.reply = Reply(lambda: (line for _ in range(500)), headers=CSV)

    answer = admin.get(at("/admin/credits/accounts.csv"))

    assert answer.content == line * 500
    assert answer.headers["Content-Disposition"] == "attachment; filename=accounts.csv"
    assert int(peak.read_text()) - small < 2 * MIB


def test_a_file_that_breaks_off_says_so(admin: Visitor, recorder: RecordingBridge) -> None:
    recorder.reply = Reply(lambda: iter([b"a,b\n1,2\n"]), headers=CSV, breaks_off=True)

    text = admin.get(at("/admin/credits/accounts.csv")).text

    assert text.endswith("The file breaks off here: download it again.\r\n")


def test_a_file_that_php_does_not_take_is_refused_with_its_limit(
    admin: Visitor, recorder: RecordingBridge
) -> None:
    form = {"csrf": proof(admin, recorder)}

    for mib in (80.5, 82):
        files = {"file": ("may.csv", b"x" * int(mib * MIB), "text/csv")}
        answer = admin.post(BULK, form, files=files)
        assert (answer.status_code, recorder.passed) == (413, []), mib
        assert "which is 80 MB" in answer.text


def test_a_bridge_that_hangs_is_given_up_before_php_is() -> None:
    """Else nginx, which waits for a minute unless told otherwise, shows a page of its own."""
    source = (PLUGIN / "inc/passage/bridge.php").read_text("utf-8")
    seconds = dict(re.findall(r"^const (\w+_SECONDS) += (\d+);", source, re.MULTILINE))

    assert int(seconds["CONNECT_SECONDS"]) + int(seconds["STILL_SECONDS"]) <= 50
