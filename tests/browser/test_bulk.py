"""Changes of many accounts in a browser, with JavaScript and without."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from bridge.jobs.scheduler import Worker
from bridge.services.accounts.keep_summaries import keep_summaries
from bridge.wiring import Bridge
from tests.browser.looking import (
    SCHEMES,
    WIDTHS,
    Open,
    complaints_of_both_schemes,
    picture_of,
    wear,
)
from tests.support.bulks import add_crowd, book_all
from tests.support.folders import IMAGES
from tests.support.site import SiteDatabase

CROWD = range(1001, 1041)
PICTURES = {
    ("ready", "light", 1280): "bulk.webp",
    ("ready", "dark", 1280): "bulk-dark.webp",
    ("ready", "light", 360): "bulk-360.webp",
    ("list", "light", 360): "bulk-bar-360.webp",
}
IMPORT = "/admin/credits/import"


@pytest.fixture
def bridge(bridge: Bridge, site: SiteDatabase) -> Bridge:
    """Forty users with 100 each, beside the recorded ones."""
    add_crowd(site, CROWD[0], CROWD[-1])
    keep_summaries(bridge.db, bridge.site.get(), run_for_s=60)
    return bridge


@pytest.fixture
def worker(bridge: Bridge) -> Iterator[Worker]:
    worker = Worker(bridge)
    worker.start()
    yield worker
    worker.stop()


def csv_file(text: str) -> dict[str, object]:
    """A file as a person chooses it."""
    return {"name": "may.csv", "mimeType": "text/csv", "buffer": text.encode()}


def fill(page: Page, credits: str, reason: str = "") -> None:
    page.get_by_label("Tokens for each").fill(credits)
    page.locator("#bulk").get_by_label("Reason").fill(reason)
    page.get_by_role("button", name="Preview").click()


def upload(page: Page, text: str) -> None:
    chooser = page.get_by_label("CSV file", exact=True)
    chooser.set_input_files(csv_file(text))  # type: ignore[arg-type]  # the type is private there
    page.get_by_role("button", name="Preview").click()


@pytest.mark.usefixtures("worker")
def test_ticked_accounts_are_given_tokens(open_page: Open, site: SiteDatabase) -> None:
    page = open_page("/admin/credits?search=crowd")
    page.get_by_label("Tick Crowd 1001").check()
    page.get_by_label("Tick Crowd 1002").check()
    expect(page.get_by_text("the ticked accounts (2)")).to_be_visible()
    fill(page, "500", "Sorry for Monday")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing is booked yet")
    expect(page.get_by_role("row", name="Crowd 1002")).to_contain_text("600")

    page.get_by_role("button", name="Book 2 changes").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Booked", timeout=15_000)
    expect(page.get_by_text("Accounts changed")).to_be_visible()
    assert [site.balance(user) for user in CROWD[:3]] == [600, 600, 100]


@pytest.mark.usefixtures("worker")
def test_the_heading_ticks_a_page_and_all_that_was_found_get_theirs(
    open_page: Open, site: SiteDatabase
) -> None:
    page = open_page("/admin/credits?search=crowd")
    every = page.get_by_label("Tick all of this page")
    every.check()
    expect(page.get_by_text("the ticked accounts (25)")).to_be_visible()
    page.get_by_label("Tick Crowd 1001").uncheck()
    expect(page.get_by_text("the ticked accounts (24)")).to_be_visible()
    assert every.evaluate("box => box.indeterminate")
    page.get_by_label("all 40 that were found").check()
    fill(page, "7")

    page.get_by_role("button", name="Book 40 changes").click(timeout=15_000)

    expect(page.get_by_role("heading", level=1)).to_have_text("Booked", timeout=15_000)
    assert {site.balance(user) for user in CROWD} == {107}


@pytest.mark.in_wordpress
def test_without_javascript_a_file_is_looked_at_booked_and_the_page_follows(
    open_page: Open, bridge: Bridge, site: SiteDatabase
) -> None:
    page = open_page(IMPORT, java_script_enabled=False)
    worker = Worker(bridge)
    worker.start()
    try:
        upload(page, "user_id;balance;reason\n1001;70;Agreed\n1002;100;\n")
        page.get_by_role("button", name="Book 1 change").click(timeout=15_000)
        expect(page.get_by_role("heading", level=1)).to_have_text("Booked", timeout=15_000)
    finally:
        worker.stop()

    assert [site.balance(user) for user in CROWD[:2]] == [70, 100]


def test_without_javascript_ticks_and_the_choice_of_all_work(
    open_page: Open, bridge: Bridge, site: SiteDatabase
) -> None:
    page = open_page("/admin/credits?search=crowd", java_script_enabled=False)
    page.get_by_label("Tick Crowd 1003").check()
    page.get_by_text("Add tokens to several accounts").click()
    fill(page, "1 000")

    page.get_by_role("button", name="Book 1 change").click()

    book_all(bridge)
    expect(page.get_by_role("heading", level=1)).to_have_text("Booked", timeout=15_000)
    assert [site.balance(user) for user in CROWD[1:4]] == [100, 1100, 100]


def test_a_button_that_is_pressed_twice_and_a_page_that_comes_back_book_once(
    open_page: Open, bridge: Bridge, site: SiteDatabase
) -> None:
    page = open_page("/admin/credits?search=crowd1001")
    page.get_by_label("Tick Crowd 1001").check()
    fill(page, "500")
    address = page.url
    page.get_by_role("button", name="Book 1 change").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("Booking")
    page.goto(address)
    page.go_back()
    book_all(bridge)

    expect(page.get_by_role("heading", level=1)).to_have_text("Booked", timeout=15_000)
    assert site.balance(1001) == 600


@pytest.mark.usefixtures("worker")
def test_a_file_with_errors_names_each_with_its_line(open_page: Open, site: SiteDatabase) -> None:
    page = open_page(IMPORT)
    upload(page, "email,change\nc1001@example.net,5\n<b>x</b>,5\nc1002@example.net,=1+1\n")

    expect(page.get_by_role("alert")).to_contain_text("2 lines have an error", timeout=15_000)

    expect(page.get_by_role("row", name="line 3")).to_contain_text("There is no user <b>x</b>.")
    expect(page.get_by_role("row", name="line 4")).to_contain_text("no whole number: “=1+1”")
    expect(page.get_by_role("button", name=re.compile("Book"))).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("link", name="All of them as CSV").click()
    assert "There is no user" in download.value.path().read_text("utf-8")
    assert site.balance(1001) == 100


def test_a_screen_reader_finds_nothing_to_complain_of(
    open_page: Open, bridge: Bridge, request: pytest.FixtureRequest
) -> None:
    page = open_page("/admin/credits?search=crowd")
    found = {}
    for number in range(1, 9):
        page.get_by_label(f"Tick Crowd {1000 + number}", exact=True).check()

    def look(name: str) -> None:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            found[name, width] = complaints_of_both_schemes(page)
            if request.config.getoption("--pictures"):
                take_pictures(name, width)

    def take_pictures(name: str, width: int) -> None:
        for scheme in SCHEMES:
            wear(page, scheme)
            if picture := PICTURES.get((name, scheme, width)):
                (IMAGES / picture).write_bytes(picture_of(page))
        wear(page, "light")

    look("list")
    fill(page, "2500", "Thank you for your patience on Monday")
    look("ready")
    page.get_by_role("button", name="Book 8 changes").click()
    look("booking")
    book_all(bridge)
    page.reload()
    look("done")
    page.goto(page.url.split("/bulk/", maxsplit=1)[0] + "/import")
    look("import")

    assert found == {place: [] for place in found}
