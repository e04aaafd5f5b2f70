"""The settings page's builder: tick, enter, copy; the shortcode means what was entered."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.looking import complaints

from .bridge_stand_in import BridgeStandIn
from .browser import NARROW, WIDE, open_page
from .site import WordPressSite
from .test_settings_page import PAGE
from .visitor import Visitor


@pytest.fixture
def builder(site: WordPressSite, admin: Visitor, chromium: Browser) -> Iterator[Page]:
    page = open_page(chromium, site.url + PAGE, admin)
    yield page
    page.context.close()


def shortcode(page: Page) -> str:
    return page.get_by_label("The shortcode to copy").input_value()


def test_it_begins_with_the_plain_shortcode(builder: Page) -> None:
    assert shortcode(builder) == "[aipkit_token_usage]"


def test_what_is_unticked_is_left_out_without_a_reload(builder: Page) -> None:
    for label in ("AI Forms", "Purchase history"):
        builder.get_by_label(label).uncheck()
    assert shortcode(builder) == '[aipkit_token_usage aiforms="false" purchasehistory="false"]'

    builder.get_by_label("AI Forms").check()

    assert shortcode(builder) == '[aipkit_token_usage purchasehistory="false"]'


def test_texts_that_end_quotes_or_shortcodes_reach_the_bridge_as_entered(
    builder: Page, site: WordPressSite, alice: Visitor, bridge: BridgeStandIn
) -> None:
    entered = {
        "Title": 'The "best" tokens',
        "Introduction": 'It\'s "both" & <b>bold</b> [x] \\n &amp; Ünal',
        "Text of the button": "Don't wait",
        "Address of the button": "/shop/?a=1&b=2",
    }
    for label, text in entered.items():
        builder.get_by_label(label).fill(text)

    alice.get(site.create_page(shortcode(builder)).url)

    query = bridge.calls[-1].query
    names = ("title", "intro", "buycreditslabel", "buycreditsurl")
    assert [query[name] for name in names] == list(entered.values())


def test_a_script_is_text_everywhere(
    builder: Page, site: WordPressSite, alice: Visitor, bridge: BridgeStandIn
) -> None:
    builder.get_by_label("Title").fill("<script>window.stolen = 1</script>")
    page = site.create_page(shortcode(builder))

    text = alice.get(page.url).text

    assert "<script>window.stolen" not in shortcode(builder)
    assert "<script>window.stolen" in bridge.calls[-1].query["title"]
    assert "<script>window.stolen" not in text
    assert builder.evaluate("window.stolen") is None


def test_the_keyboard_copies_it_and_hears_so(builder: Page) -> None:
    builder.context.grant_permissions(["clipboard-read", "clipboard-write"])
    builder.get_by_label("Chatbot").uncheck()
    builder.get_by_label("The shortcode to copy").focus()

    builder.keyboard.press("Tab")
    builder.keyboard.press("Enter")

    expect(builder.get_by_role("status")).to_have_text("Copied")
    copied = builder.evaluate("navigator.clipboard.readText()")
    assert copied == '[aipkit_token_usage chatbot="false"]'
    builder.get_by_label("Chatbot").check()
    expect(builder.get_by_role("status")).to_have_text("")


@pytest.mark.parametrize(
    ("command", "said"), [(True, "Copied"), (False, "Selected: press Ctrl+C, or ⌘C on a Mac")]
)
def test_where_the_clipboard_is_not_lent_the_text_is_selected(
    builder: Page, command: bool, said: str
) -> None:
    builder.evaluate(
        """command => {
            Object.defineProperty( navigator, 'clipboard', { value: undefined } );
            document.execCommand = () => command;
        }""",
        command,
    )

    builder.get_by_role("button", name="Copy").click()

    expect(builder.get_by_role("status")).to_have_text(said)
    assert builder.evaluate("getSelection().toString()") == "[aipkit_token_usage]"


def test_without_javascript_the_plain_shortcode_is_there(
    site: WordPressSite, admin: Visitor, chromium: Browser
) -> None:
    page = open_page(chromium, site.url + PAGE, admin, javascript=False)

    assert page.get_by_label("The shortcode to copy").is_visible()
    assert shortcode(page) == "[aipkit_token_usage]"
    assert not page.get_by_label("AI Forms").is_visible()
    assert not page.get_by_role("button", name="Copy").is_visible()
    page.context.close()


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["360", "1280"])
def test_axe_finds_nothing_on_the_settings_page(
    size: tuple[int, int],
    site: WordPressSite,
    admin: Visitor,
    chromium: Browser,
    picture: Callable[..., None],
) -> None:
    page = open_page(chromium, site.url + PAGE, admin, size)
    if size == WIDE:
        page.get_by_label("AI Forms").uncheck()
        page.get_by_label("Title").fill("Your tokens")
        page.get_by_role("button", name="Copy").click()
        page.evaluate("scrollTo( 0, 0 )")
        picture(page, "settings")

    assert complaints(page, "#wpbody-content") == []
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wider) == 0
    page.context.close()
