"""The fragment's query: what cannot be used is as if it were not there."""

import pytest

from bridge.domain.quotas import Module
from bridge.domain.site import Site
from bridge.web.fragments.links import Links
from bridge.web.fragments.query import FragmentQuery, clean_url, parse_query
from bridge.web.http.parsing import clean_text
from tests.support.site import SiteDatabase


@pytest.fixture
def known(site: SiteDatabase) -> Site:
    return site.bridge().site.get()


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/buy?x=1&y=2#top",
        "http://127.0.0.1:8090/",
        "HTTPS://SHOP.EXAMPLE/",
        "/shop/",
        "/?page_id=7",
        "https://bücher.example/käufe",
        "https://[::1]:8080/",
    ],
)
def test_addresses_that_are_used(url: str) -> None:
    assert clean_url(url) == url
    assert clean_url(f"  {url} ") == url


@pytest.mark.parametrize(
    "url",
    [
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "\x01javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "ftp://shop.example/",
        "https:evil.example",
        "https:///evil.example",
        "http://",
        "http://:80/",
        "https://shop.example:99999/",
        "https://[::1/",
        "https://shop.example/\r\nSet-Cookie: a=b",
        "https://shop.example/a b",
        "/a\tb",
        "/\x00",
        '/"onmouseover="x',
        "/<b>",
        "https://shop.example/\u202egnp.exe",
        "shop/",
        "?a=1",
        "#a",
        "",
        "/" + "a" * 2000,
    ],
)
def test_addresses_that_are_ignored(url: str) -> None:
    assert clean_url(url) == ""


def test_texts_are_trimmed_and_bounded() -> None:
    assert clean_text("  a\x00b\x1f \n", 10) == "ab"
    assert clean_text("x" * 300, 200) == "x" * 200
    assert clean_text(None, 10) == ""


def test_without_a_query_everything_shows(known: Site) -> None:
    query = parse_query({}, known)

    assert query.modules == frozenset(Module)
    assert (query.shows_history, query.history_open, query.history_page) == (True, False, 1)
    assert (query.title, query.intro, query.buy_label) == (None, "", "")
    assert query.buy_url == known.shop_page_url
    assert (query.login_url, query.page_url) == ("", "")


def test_texts_have_their_lengths(known: Site) -> None:
    long = "x" * 5000
    query = parse_query({"title": long, "intro": long, "buycreditslabel": long}, known)

    assert (len(query.title or ""), len(query.intro), len(query.buy_label)) == (200, 1000, 100)


@pytest.mark.parametrize(
    ("page", "number", "is_open"),
    [
        ("1", 1, True),
        ("7", 7, True),
        ("1000", 1000, True),
        ("1001", 1000, True),
        ("999999999", 1000, True),
        ("0", 1, True),
        ("-1", 1, False),
        ("1.5", 1, False),
        ("²", 1, False),
        ("9" * 5000, 1, False),
        ("", 1, False),
        ("x", 1, False),
    ],
)
def test_page_numbers_stay_within_bounds(
    known: Site, page: str, number: int, is_open: bool
) -> None:
    query = parse_query({"aipkit_page": page}, known)

    assert (query.history_page, query.history_open) == (number, is_open)


def test_aipkit_history_opens_the_first_page(known: Site) -> None:
    def opened(value: str) -> FragmentQuery:
        return parse_query({"aipkit_history": value}, known)

    assert opened("1").history_open
    assert not opened("0").history_open


@pytest.mark.parametrize(
    ("page_url", "expected"),
    [
        ("/account/", "/account/?aipkit_page=2#aipkit-purchase-history"),
        ("/?page_id=7", "/?page_id=7&aipkit_page=2#aipkit-purchase-history"),
        (
            "https://a.example/x?b=%26&aipkit_page=9&c&aipkit_history=1#old",
            "https://a.example/x?b=%26&c&aipkit_page=2#aipkit-purchase-history",
        ),
        ("", "?aipkit_page=2#aipkit-purchase-history"),
    ],
)
def test_page_links_keep_the_query_of_the_page(page_url: str, expected: str) -> None:
    assert Links(page_url).history("2") == expected
