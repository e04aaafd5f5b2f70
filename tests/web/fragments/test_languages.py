"""The fragment in WordPress's locales, and the catalogs it takes its words from."""

from datetime import UTC, datetime
from io import BytesIO

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from bridge.domain.quotas import Module
from bridge.web.http.formatting import CATALOGS, language
from bridge.web.http.words import MODULE_NAMES, ORDER_STATUSES
from tests.support.folders import ROOT
from tests.support.site import USERS, SiteDatabase
from tests.support.visitor import Visitor

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
LANGUAGES = ("ar", "de", "tr")
WEB = ROOT / "bridge/web"


@pytest.mark.parametrize(
    ("locale", "tag", "direction"),
    [
        ("en_US", "en-US", "ltr"),
        ("tr_TR", "tr-TR", "ltr"),
        ("de_DE_formal", "de-DE", "ltr"),
        ("de-AT", "de-AT", "ltr"),
        ("ar", "ar", "rtl"),
        ("ary", "en", "ltr"),
        ("xx_YY", "en", "ltr"),
        ("../../etc", "en", "ltr"),
        ("<script>", "en", "ltr"),
    ],
)
def test_wordpress_locales_are_understood(locale: str, tag: str, direction: str) -> None:
    found = language(locale)

    assert (found.words_tag, found.direction) == (tag, direction)


@pytest.mark.parametrize("locale", ["he_IL", "fa_IR", "ur"])
def test_without_a_catalog_words_are_english_in_the_pages_direction(locale: str) -> None:
    found = language(locale)

    assert (found.words_tag, found.direction) == ("en", "rtl")
    assert found.text("Log in") == "Log in"


def test_turkish(site: SiteDatabase) -> None:
    page = Visitor(site.bridge(now=NOW), USERS["erin"]).html(locale="tr_TR")

    assert "Jeton bakiyesi 250" in page.text
    assert page.row("Support Bot")[1:] == ["10.000", "10.000", "24 Kas 2026"]
    assert page.links["Kredi satın al"]


def test_german_with_a_form_of_address(site: SiteDatabase) -> None:
    page = Visitor(site.bridge(now=NOW), USERS["bob"]).html(locale="de_DE_formal")

    assert "Token-Guthaben 10.000" in page.text
    assert page.row("Sales Bot")[1] == "Kein Freikontingent"
    assert page.row("Support Bot")[3] == "24.11.2026"


def test_arabic_runs_from_right_to_left(site: SiteDatabase) -> None:
    bridge = site.bridge(now=NOW)

    page = Visitor(bridge, USERS["bob"]).html(locale="ar")
    guest = Visitor(bridge, 0).html(locale="ar")

    for found in (page.of_class("aipkit_token_usage_dashboard"), guest.tags[0][1:]):
        assert (found[0]["lang"], found[0]["dir"]) == ("ar", "rtl")
    assert "رصيد الرموز 10,000" in page.text


def test_without_a_locale_the_sites_language_counts(site: SiteDatabase) -> None:
    site.run("DELETE FROM wp_options WHERE option_name = 'WPLANG'")
    site.run("INSERT INTO wp_options (option_name, option_value) VALUES ('WPLANG', 'tr_TR')")

    page = Visitor(site.bridge(now=NOW), USERS["erin"]).html(locale="")

    assert "Jeton bakiyesi" in page.text


def test_what_the_author_wrote_keeps_the_sites_language(site: SiteDatabase) -> None:
    page = Visitor(site.bridge(now=NOW), USERS["erin"]).html(locale="fr_FR", title="Mes jetons")

    (section,) = page.of_class("aipkit_token_usage_dashboard")
    (title,) = page.of_class("aipkit_token_usage_dashboard_title")
    assert (section["lang"], title["lang"]) == ("en", "fr-FR")


def messages_in_the_source() -> set[str]:
    methods = [("http/words.py", "python"), ("templates/fragment/*.html", "jinja2")]
    keywords = {"_": None, "mark": None}
    found = extract_from_dir(WEB, methods, keywords=keywords)
    return {str(message) for _, _, message, _, _ in found}


@pytest.mark.parametrize("name", LANGUAGES)
def test_catalogs_are_complete_and_compiled(name: str) -> None:
    folder = CATALOGS / name / "LC_MESSAGES"
    with (folder / "messages.po").open("rb") as file:
        catalog = read_po(file, locale=name)

    messages = {str(message.id): message for message in catalog if message.id}
    assert set(messages) == messages_in_the_source()
    for message in messages.values():
        assert message.string, message.id
        assert not message.fuzzy, message.id
        assert not list(message.check(catalog)), message.id
    compiled = BytesIO()
    write_mo(compiled, catalog)
    assert compiled.getvalue() == (folder / "messages.mo").read_bytes(), "run make pot"


def test_every_module_and_status_has_words() -> None:
    assert set(MODULE_NAMES) == set(Module)
    for name in LANGUAGES:
        words = language(name)
        for text in {*MODULE_NAMES.values(), *ORDER_STATUSES.values()}:
            assert words.text(text)
