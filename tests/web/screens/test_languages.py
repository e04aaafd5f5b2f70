"""The screens in the language of who reads them, and the catalogs they take their words from."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from bridge.wiring import Bridge
from tests.support.admin import ADMIN, sign_in_browser
from tests.support.apps import create_app
from tests.support.client import make_token
from tests.support.forms import form_on
from tests.support.passages import passed
from tests.support.site import USERS, SiteDatabase
from tests.support.visitor import Html
from tools.bridge_languages import (
    LOCALES,
    collect,
    is_translated,
    mo_bytes,
    path_of,
    po_bytes,
    read_locale,
    template_path,
)

BOB = USERS["bob"]


@pytest.fixture
def bridge(site: SiteDatabase) -> Bridge:
    return site.bridge()


@pytest.fixture
def app(bridge: Bridge) -> Flask:
    return create_app(bridge)


@pytest.fixture
def browser(app: Flask, bridge: Bridge) -> Iterator[FlaskClient]:
    with sign_in_browser(app, bridge) as client:
        yield client


def login_token(**claims: str) -> str:
    return make_token(
        ADMIN, scope="", aud="aipkit-bridge/login", jti="a-link-of-this-test", **claims
    )


@pytest.mark.parametrize(
    ("accept", "tag", "word"),
    [
        ("", "en", "Sign out"),
        ("de-AT,de;q=0.9,en;q=0.8", "de-AT", "Abmelden"),
        ("fr-FR,fr;q=0.9,tr;q=0.5,en;q=0.4", "tr", "Oturumu kapat"),
        ("ar", "en", "Sign out"),
        ("*", "en", "Sign out"),
        ("xx-<script>", "en", "Sign out"),
    ],
)
def test_without_a_locale_of_wordpress_the_browsers_languages_count(
    browser: FlaskClient, accept: str, tag: str, word: str
) -> None:
    page = browser.get("/status", headers={"Accept-Language": accept} if accept else {}).text

    assert f'<html lang="{tag}" dir="ltr">' in page
    assert word in page


def test_a_sign_in_keeps_the_locale_that_wordpress_has_signed(app: Flask) -> None:
    browser, german = app.test_client(), {"Accept-Language": "de"}
    token = login_token(locale="tr_TR")

    asked = browser.get(f"/admin/login?token={token}", headers=german).text
    browser.post("/admin/login", data={"token": token}, headers=german)
    shown = browser.get("/status", headers=german).text

    assert '<html lang="tr-TR" dir="ltr">' in asked
    assert "olarak oturum aç" in Html(asked).text
    assert '<html lang="tr-TR" dir="ltr">' in shown


def test_a_locale_without_a_catalog_is_answered_in_english(app: Flask) -> None:
    browser = app.test_client()
    token = login_token(locale="ar")

    browser.post("/admin/login", data={"token": token})
    page = browser.get("/status", headers={"Accept-Language": "de"}).text

    assert '<html lang="en" dir="ltr">' in page


def test_a_locale_that_is_none_is_no_harm(app: Flask) -> None:
    browser = app.test_client()

    answer = browser.get("/admin/login?token=" + login_token(locale="../../etc" * 100))

    assert '<html lang="en" dir="ltr">' in answer.text


@pytest.mark.parametrize("domain", LOCALES)
def test_templates_hold_every_text_of_the_sources(domain: str) -> None:
    stored = template_path(domain).read_bytes()

    assert stored == po_bytes(collect(domain)), "run make pot"


@pytest.mark.parametrize(
    ("domain", "locale"), [(name, one) for name, all_of_it in LOCALES.items() for one in all_of_it]
)
def test_what_is_read_at_work_is_made_of_the_translations(domain: str, locale: str) -> None:
    stored = path_of(domain, locale, ".mo").read_bytes()

    assert stored == mo_bytes(read_locale(domain, locale)), "run make pot"


@pytest.mark.parametrize(
    ("locale", "tag", "title"),
    [("de_DE_formal", "de-DE", "Guthaben"), ("tr_TR", "tr-TR", "Krediler"),
     ("fr_FR", "en", "Credits")],
)  # fmt: skip
def test_in_wordpress_the_locale_of_the_passage_counts(
    app: Flask, locale: str, tag: str, title: str
) -> None:
    headers = passed("GET", "/admin/credits", locale=locale) | {"Accept-Language": "es"}

    parts = app.test_client().get("/admin/credits", headers=headers).get_json(force=True)

    assert parts["title"] == title
    assert f'lang="{tag}" dir="ltr"' in parts["body"]


@pytest.mark.parametrize(
    ("accept", "typed", "status"),
    [
        ("en", "10,000", 303),
        ("en", "10.000", 400),
        ("de", "10.000", 303),
        ("de", "10,000", 400),
        ("tr", "10 000", 303),
    ],
)
def test_numbers_are_typed_as_the_reader_writes_them(
    browser: FlaskClient, accept: str, typed: str, status: int
) -> None:
    headers = {"Accept-Language": accept}
    page = browser.get(f"/admin/credits/{BOB}", headers=headers).text
    form = {**form_on(page, "/balance"), "how": "set", "amount": typed}

    answer = browser.post(f"/admin/credits/{BOB}/balance", data=form, headers=headers)

    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("locale", LOCALES["screens"])
def test_every_text_of_the_screens_is_translated(locale: str) -> None:
    catalog = read_locale("screens", locale)
    messages = [message for message in catalog if message.id]

    assert {message.id for message in messages} == {
        message.id for message in collect("screens") if message.id
    }, "run make pot"
    assert [one.id for one in messages if not is_translated(one.string) or one.fuzzy] == []


@pytest.mark.parametrize("locale", LOCALES["screens"])
def test_a_translation_keeps_the_places_and_elements(locale: str) -> None:
    wrong = [
        (message.id, string)
        for message in read_locale("screens", locale)
        for string in forms(message.string)
        if message.id
        # In a language without plurals, one form stands for both.
        and parts(string) not in [parts(form) for form in forms(message.id)]
    ]

    assert wrong == []


@pytest.mark.parametrize("locale", LOCALES["screens"])
def test_a_word_of_visitors_pages_is_the_same_on_screens(locale: str) -> None:
    visitors, screens = read_locale("messages", locale), read_locale("screens", locale)

    said = {one.id: one.string for one in visitors if one.id}
    both = {one.id: one.string for one in screens if one.id in said}
    assert len(both) > 15
    assert both == {text: said[text] for text in both}


def forms(texts: object) -> tuple[str, ...]:
    return tuple(map(str, texts)) if isinstance(texts, list | tuple) else (str(texts),)


def parts(text: str) -> list[str]:
    """Return the places for values and the elements of a text."""
    return sorted(re.findall(r"%\(\w+\)s|%%|\{\w+[^}]*\}|</?[a-z][^>]*>", text))
