"""Settings > AIP Bridge: who may, what is stored, and that the secret never comes back."""

import re

import pytest

from .bridge_stand_in import SECRET, BridgeStandIn
from .site import WordPressSite
from .visitor import Visitor, hidden_fields

PAGE = "/wp-admin/options-general.php?page=aipkit-bridge"
NEW_SECRET = "another secret % with \"quotes' & 40 characters"


FORGET = "DELETE FROM wp_options WHERE option_name = 'aipkit_bridge_settings'"


def test_an_administrator_saves_address_and_secret(site: WordPressSite, admin: Visitor) -> None:
    site.sql(FORGET)
    page = save(admin, url="https://bridge.example/base/", secret=NEW_SECRET)
    assert "Settings saved" in page
    assert stored(site) == {
        "url": "https://bridge.example/base",
        "secret": NEW_SECRET,
        "public_url": "",
    }


def test_browsers_may_have_an_address_of_their_own(
    site: WordPressSite, admin: Visitor, bridge: BridgeStandIn
) -> None:
    save(admin, url=bridge.url, secret="", public_url="https://public.example/bridge/")
    assert stored(site)["public_url"] == "https://public.example/bridge"

    page = save(admin, url=bridge.url, secret="", public_url="javascript:alert(1)")

    assert "“Address for browsers” must be a full http:// or https:// address" in page
    assert stored(site)["public_url"] == "https://public.example/bridge"


def test_the_settings_are_not_loaded_with_every_option(
    site: WordPressSite, admin: Visitor
) -> None:
    site.sql(FORGET)
    save(admin, url="https://bridge.example", secret=NEW_SECRET)
    rows = site.sql("SELECT autoload FROM wp_options WHERE option_name = 'aipkit_bridge_settings'")
    assert rows in ([("no",)], [("off",)])


@pytest.mark.parametrize(
    "address",
    [
        "bridge.example",
        "ftp://bridge.example",
        "javascript:alert(1)",
        "https://",
        "https://user:password@bridge.example",
        "https://bridge.example/?x=1",
    ],
)
def test_a_wrong_address_is_refused_and_the_old_one_kept(
    address: str, site: WordPressSite, admin: Visitor, bridge: BridgeStandIn
) -> None:
    page = save(admin, url=address, secret="")
    assert "“Bridge address” must be a full http:// or https:// address" in page
    assert stored(site)["url"] == bridge.url


def test_a_short_secret_is_refused_and_the_old_one_kept(
    site: WordPressSite, admin: Visitor, bridge: BridgeStandIn
) -> None:
    page = save(admin, url=bridge.url, secret="x" * 31)
    assert "at least 32 characters" in page
    assert stored(site)["secret"] == SECRET


def test_an_empty_secret_keeps_the_stored_one(site: WordPressSite, admin: Visitor) -> None:
    save(admin, url="https://new.example", secret="")
    assert stored(site)["url"] == "https://new.example"
    assert stored(site)["secret"] == SECRET


def test_the_secret_is_on_no_page(site: WordPressSite, admin: Visitor, page_url: str) -> None:
    pages = {
        "settings": admin.get(PAGE).text,
        "saved": save(admin, url=site.url, secret=SECRET),
        "refused": save(admin, url="nonsense", secret="short but secret"),
        "tested": press_test(admin),
        "all options": admin.get("/wp-admin/options.php").text,
        "plugins": admin.get("/wp-admin/plugins.php").text,
        "shortcode": admin.get(page_url).text,
        "rest": admin.get("/wp-json/wp/v2/settings").text,
    }
    for name, text in pages.items():
        assert SECRET not in text, name
        assert "short but secret" not in text, name


def test_constants_win_and_lock_the_fields(
    site: WordPressSite, admin: Visitor, alice: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    bridge.secret = NEW_SECRET
    site.set_constants({"AIPKIT_BRIDGE_URL": bridge.url + "/", "AIPKIT_BRIDGE_SECRET": NEW_SECRET})
    page = admin.get(PAGE).text
    for field, constant in (("url", "AIPKIT_BRIDGE_URL"), ("secret", "AIPKIT_BRIDGE_SECRET")):
        assert re.search(rf'<input [^>]*id="aipkit_bridge_{field}"[^>]* disabled', page)
        assert f"Set by {constant} in wp-config.php." in page
    assert NEW_SECRET not in page
    save(admin, url="https://evil.example", secret="e" * 40)
    assert stored(site) == {"url": bridge.url, "secret": SECRET, "public_url": ""}
    assert "has 1,234 tokens" in alice.get(page_url).text


def test_a_subscriber_cannot_open_the_page(alice: Visitor) -> None:
    page = alice.get(PAGE)
    assert page.status_code == 403
    assert "aipkit_bridge_settings" not in page.text


def test_a_subscriber_can_neither_save_nor_test(
    site: WordPressSite, alice: Visitor, bridge: BridgeStandIn
) -> None:
    form = {
        "option_page": "aipkit-bridge",
        "action": "update",
        "aipkit_bridge_settings[url]": "https://evil.example",
    }
    assert alice.post("/wp-admin/options.php", form).status_code == 403
    answer = alice.post("/wp-admin/admin-post.php", {"action": "aipkit_bridge_test"})
    assert answer.status_code == 403
    assert stored(site)["url"] == bridge.url


def test_a_form_without_nonce_changes_nothing(
    site: WordPressSite, admin: Visitor, bridge: BridgeStandIn
) -> None:
    form = {
        "option_page": "aipkit-bridge",
        "action": "update",
        "aipkit_bridge_settings[url]": "https://evil.example",
    }
    assert admin.post("/wp-admin/options.php", form).status_code == 403
    answer = admin.post("/wp-admin/admin-post.php", {"action": "aipkit_bridge_test"})
    assert answer.status_code == 403
    assert stored(site)["url"] == bridge.url
    assert bridge.fragment_requests == 0


def save(admin: Visitor, **fields: str) -> str:
    """Fills the form in and sends it; gives the page that follows."""
    form = hidden_fields(admin.get(PAGE).text, "options.php")
    form |= {f"aipkit_bridge_settings[{name}]": text for name, text in fields.items()}
    return admin.post("/wp-admin/options.php", form).text


def press_test(admin: Visitor) -> str:
    """Presses 'Test connection'; gives the page that follows."""
    form = hidden_fields(admin.get(PAGE).text, "admin-post.php")
    return admin.post("/wp-admin/admin-post.php", form).text


def stored(site: WordPressSite) -> dict[str, str]:
    """The option as it is stored."""
    value: dict[str, str] = site.wp_value("get_option( 'aipkit_bridge_settings' )")
    return value
