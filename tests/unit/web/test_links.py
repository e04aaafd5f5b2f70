"""Addresses of screens, for a browser of the bridge's own and through WordPress's admin."""

from pathlib import Path

import pytest
from flask import Flask, g

from bridge.web.http import links
from bridge.web.http.links import kept_fields, url_for
from bridge.web.http.passage import Passage, PassageClaims
from tests.support.passages import claims_of

PASSAGE = Passage(1, PassageClaims(**claims_of("GET", "/status")), "a secret")


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)
    links.init_app(app)
    for endpoint, rule in (
        ("credits", "/admin/credits"),
        ("account", "/admin/credits/<int:user_id>"),
        ("limits", "/admin/credits/limits"),
        ("status", "/status"),
    ):
        app.add_url_rule(rule, endpoint, lambda: "")
    return app


def addresses(app: Flask, passage: Passage | None) -> list[str]:
    with app.test_request_context():
        g.passage = passage
        return [
            url_for("credits"),
            url_for("account", user_id=5, purchases=2, _anchor="purchases"),
            url_for("limits", search="a b&c", page=3),
            url_for("status", done=None),
        ]


def test_a_browser_of_the_bridge_is_led_to_the_bridge(app: Flask) -> None:
    assert addresses(app, None) == [
        "/admin/credits",
        "/admin/credits/5?purchases=2#purchases",
        "/admin/credits/limits?search=a+b%26c&page=3",
        "/status",
    ]


def test_in_wordpress_each_address_is_one_of_its_menu(app: Flask) -> None:
    assert addresses(app, PASSAGE) == [
        "/wp-admin/admin.php?page=aipkit-bridge-credits",
        "/wp-admin/admin.php?page=aipkit-bridge-credits"
        "&at=/admin/credits/5%3Fpurchases%3D2#purchases",
        "/wp-admin/admin.php?page=aipkit-bridge-limits"
        "&at=/admin/credits/limits%3Fsearch%3Da%2Bb%2526c%26page%3D3",
        "/wp-admin/admin.php?page=aipkit-bridge-status",
    ]


def test_a_form_that_is_sent_by_get_keeps_its_address_in_fields(app: Flask) -> None:
    with app.test_request_context():
        g.passage = PASSAGE
        fields = kept_fields(url_for("account", user_id=5))

    assert fields == (
        '<input type="hidden" name="page" value="aipkit-bridge-credits">'
        '<input type="hidden" name="at" value="/admin/credits/5">'
    )


def test_every_form_that_is_sent_by_get_keeps_its_address() -> None:
    """Else it would lead out of WordPress's admin: `kept_fields(address)` stands behind it."""
    templates = Path(links.__file__).parent.parent / "templates"
    bare = [
        f"{path.name}: {line}"
        for path in templates.rglob("*.html")
        for line in path.read_text("utf-8").splitlines()
        if 'method="get"' in line and "{{ kept_fields(" not in line
    ]

    assert bare == []
