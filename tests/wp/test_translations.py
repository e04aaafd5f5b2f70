"""The plugin's texts: all in the template, all in German and Turkish, and seen by people."""

import re
from collections.abc import Callable, Iterator

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from playwright.sync_api import Browser, Locator, Page, expect

from tools.plugin_languages import (
    BLOCK_SCRIPT,
    LOCALES,
    collect,
    mo_bytes,
    path_of,
    read_locale,
    script_json,
)

from .browser import open_page
from .site import WordPressSite
from .test_block import BLOCK, block, open_editor
from .test_dashboard_widget import WIDGET
from .test_settings_page import PAGE
from .visitor import Visitor

PLACEHOLDER = re.compile(r"%(?:\d\$)?[sd]")


def texts(catalog: Catalog) -> dict[tuple[str | None, str], tuple[list[str], list[str]]]:
    """Every text with its context, where it stands and what translators are told."""
    return {
        (message.context, str(message.id)): (
            sorted({path for path, _ in message.locations}),
            message.auto_comments,
        )
        for message in catalog
        if message.id
    }


def test_the_template_holds_every_text_of_the_sources() -> None:
    with path_of(".pot").open("rb") as stored:
        template = read_po(stored)

    assert texts(template) == texts(collect()), "run make pot"


@pytest.mark.parametrize("locale", LOCALES)
def test_every_text_is_translated(locale: str) -> None:
    catalog = read_locale(locale)

    assert texts(catalog) == texts(collect()), "run make pot, then translate"
    assert [message.id for message in catalog if message.id and not message.string] == []
    assert [message.id for message in catalog if message.id and message.fuzzy] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_a_translation_keeps_the_places_for_numbers_and_names(locale: str) -> None:
    wrong = [
        message.id
        for message in read_locale(locale)
        if sorted(PLACEHOLDER.findall(str(message.id)))
        != sorted(PLACEHOLDER.findall(str(message.string)))
        and message.id
    ]

    assert wrong == []


@pytest.mark.parametrize("locale", LOCALES)
def test_what_wordpress_reads_is_made_of_the_translations(locale: str) -> None:
    catalog = read_locale(locale)
    script = path_of(f"-{locale}-{BLOCK_SCRIPT}.json").read_text("utf-8")

    assert path_of(f"-{locale}.mo").read_bytes() == mo_bytes(catalog), "run make pot"
    assert script == script_json(catalog), "run make pot"


@pytest.fixture
def speak(site: WordPressSite) -> Iterator[Callable[[str], None]]:
    """Gives the administrator a language of their own for the test."""

    def set_language(locale: str) -> None:
        site.wp_eval(f"update_user_meta( 1, 'locale', '{locale}' );")

    yield set_language
    site.wp_eval("delete_user_meta( 1, 'locale' );")


@pytest.mark.parametrize(
    ("locale", "button", "field", "figure"),
    [
        ("de_DE", "Verbindung testen", "Gemeinsames Geheimnis", "Offenes Guthaben"),
        ("tr_TR", "Bağlantıyı sına", "Ortak gizli anahtar", "Kullanılmamış krediler"),
    ],
)
def test_settings_and_dashboard_speak_the_administrators_language(
    locale: str,
    button: str,
    field: str,
    figure: str,
    speak: Callable[[str], None],
    site: WordPressSite,
    admin: Visitor,
    chromium: Browser,
) -> None:
    speak(locale)

    settings = open_page(chromium, site.url + PAGE, admin)
    assert settings.get_by_role("button", name=button).is_visible()
    assert settings.get_by_label(field).is_visible()
    settings.goto(f"{site.url}/wp-admin/")
    expect(settings.locator(WIDGET)).to_contain_text(figure)
    settings.context.close()


@pytest.mark.parametrize(
    ("locale", "name", "field"),
    [
        ("de_DE", "Token-Nutzung", "Text der Schaltfläche"),
        ("tr_TR", "Jeton kullanımı", "Düğmenin metni"),
    ],
)
def test_the_blocks_settings_speak_the_administrators_language(
    locale: str,
    name: str,
    field: str,
    speak: Callable[[str], None],
    site: WordPressSite,
    admin: Visitor,
    chromium: Browser,
) -> None:
    speak(locale)

    page = open_editor(site, site.create_page(block()), admin, chromium)

    expect(page.locator(BLOCK)).to_have_attribute("data-title", name)
    assert inspector(page).get_by_label(field).is_visible()
    page.context.close()


def inspector(page: Page) -> Locator:
    return page.locator(".block-editor-block-inspector")
