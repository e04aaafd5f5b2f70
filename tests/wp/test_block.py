"""The block 'Token usage': the shortcode with its settings in the editor's sidebar."""

import json
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.looking import complaints

from .bridge_stand_in import SECRET, Answer, BridgeStandIn
from .browser import open_page
from .conftest import set_up
from .site import Page as Published
from .site import WordPressSite
from .spending_bridge import run_spending_bridge
from .visitor import Visitor

NAME = "aipkit-bridge/token-usage"
BLOCK = f'[data-type="{NAME}"]'
SCRIPT = "<script>window.stolen = 1</script>"


def block(**attributes: object) -> str:
    """The block as WordPress stores it."""
    settings = json.dumps(attributes).replace('\\"', "\\u0022")
    for character in "<>&":
        settings = settings.replace(character, f"\\u{ord(character):04x}")
    return f"<!-- wp:{NAME} {settings} /-->"


def publish(site: WordPressSite, content: str) -> Published:
    """A page as an administrator writes it: of others, WordPress cleans what they enter."""
    page = site.create_page("")
    site.sql("UPDATE wp_posts SET post_content = %s WHERE ID = %s", content, page.id)
    return page


def open_editor(
    site: WordPressSite, published: Published, admin: Visitor, browser: Browser
) -> Page:
    """The page in the block editor, the block selected."""
    page = open_page(
        browser, f"{site.url}/wp-admin/post.php?post={published.id}&action=edit", admin
    )
    page.wait_for_function("wp.data.select( 'core/block-editor' ).getBlocks().length > 0")
    page.evaluate(
        """const [ block ] = wp.data.select( 'core/block-editor' ).getBlocks();
        wp.data.dispatch( 'core/block-editor' ).selectBlock( block.clientId );
        wp.data.dispatch( 'core/edit-post' ).openGeneralSidebar( 'edit-post/block' );"""
    )
    return page


def test_the_block_shows_what_the_shortcode_shows(
    site: WordPressSite, alice: Visitor, bridge: BridgeStandIn
) -> None:
    page = alice.get(site.create_page(block()).url)

    assert "has 1,234 tokens" in page.text
    assert set(bridge.calls[0].query) == {"locale", "login_url", "page_url"}
    assert "no-store" in page.headers["Cache-Control"]
    style = f"{site.url}/wp-content/plugins/aipkit-bridge/assets/fragment.css"
    assert style in page.text.partition("</head>")[0]


def test_its_settings_reach_the_bridge_as_entered(
    site: WordPressSite, alice: Visitor, bridge: BridgeStandIn
) -> None:
    texts = {
        "title": 'The "best" & <b> [tokens]',
        "intro": "It's yours \\n",
        "buycreditslabel": "Buy",
        "buycreditsurl": "/shop/?a=1&b=2",
    }
    page = publish(site, block(aiforms=False, purchasehistory=False, **texts))

    alice.get(page.url)

    query = bridge.calls[0].query
    assert {name: query[name] for name in texts} == texts
    assert (query["aiforms"], query["purchasehistory"]) == ("false", "false")
    assert "chatbot" not in query


def test_a_page_without_the_block_loads_nothing_of_it(site: WordPressSite, guest: Visitor) -> None:
    page = guest.get(site.create_page("Nothing here").url)

    assert "plugins/aipkit-bridge" not in page.text


def test_a_script_in_its_settings_is_shown_as_text(
    site: WordPressSite, alice: Visitor, bridge: BridgeStandIn
) -> None:
    page = alice.get(publish(site, block(title=SCRIPT)).url)

    assert bridge.calls[0].query["title"] == SCRIPT
    assert SCRIPT not in page.text


def test_when_the_bridge_fails_the_page_is_whole(
    site: WordPressSite, alice: Visitor, bridge: BridgeStandIn
) -> None:
    bridge.fixed_answer = Answer("Out of order", status=500)

    page = alice.get(site.create_page(block() + "<p>The rest</p>").url).text

    assert "cannot be shown right now" in page
    assert "The rest" in page


def test_the_editor_shows_the_editors_own_figures_and_follows_the_settings(
    site: WordPressSite,
    admin: Visitor,
    bridge: BridgeStandIn,
    chromium: Browser,
) -> None:
    published = site.create_page(block())
    page = open_editor(site, published, admin, chromium)
    expect(page.locator(BLOCK)).to_contain_text("User 1 has 1,234 tokens")

    page.get_by_label("AI Forms").uncheck()
    page.get_by_label("Title", exact=True).fill("Our tokens")
    expect(page.locator(BLOCK)).to_contain_text("Our tokens")
    page.get_by_role("button", name="Update").click()
    page.get_by_text("Page updated.").first.wait_for()

    query = bridge.calls[-1].query
    assert (query["aiforms"], query["title"]) == ("false", "Our tokens")
    (stored,) = site.sql("SELECT post_content FROM wp_posts WHERE ID = %s", published.id)
    assert '{"aiforms":false,"title":"Our tokens"}' in stored[0]
    page.context.close()


def test_the_editor_says_when_the_bridge_is_down(
    site: WordPressSite, admin: Visitor, bridge: BridgeStandIn, chromium: Browser
) -> None:
    bridge.fixed_answer = Answer("Out of order", status=500)

    page = open_editor(site, site.create_page(block()), admin, chromium)

    expect(page.locator(BLOCK)).to_contain_text("cannot be shown right now")
    page.context.close()


def test_the_preview_is_the_bridges_own_fragment_and_axe_finds_nothing(
    site: WordPressSite,
    tmp_path: Path,
    admin: Visitor,
    chromium: Browser,
    picture: Callable[..., None],
) -> None:
    with run_spending_bridge(site, tmp_path) as real:
        set_up(site, real.url)
        site.wp_eval("update_user_meta( 1, '_aipkit_token_balance', '18500' );")
        page = open_editor(site, publish(site, block()), admin, chromium)

        expect(page.locator(BLOCK)).to_contain_text("18,500")
        expect(page.locator(BLOCK)).to_contain_text("Support assistant")
        assert complaints(page, BLOCK) == []
        assert complaints(page, ".block-editor-block-inspector") == []
        picture(page, "block-editor")
        page.context.close()


def test_only_editors_get_a_preview(alice: Visitor, guest: Visitor, bridge: BridgeStandIn) -> None:
    route = f"/wp-json/wp/v2/block-renderer/{NAME}?context=edit"

    for visitor in (alice, guest):
        assert visitor.get(route).status_code == 401
    assert bridge.calls == []


def test_the_secret_is_neither_in_the_editor_nor_in_rest(
    site: WordPressSite, admin: Visitor
) -> None:
    published = site.create_page(block())
    editor = f"/wp-admin/post.php?post={published.id}&action=edit"

    for address in (
        editor,
        "/wp-admin/admin.php?page=aipkit-bridge-status",
        "/wp-admin/index.php",
        "/wp-json/wp/v2/block-types",
        "/wp-json/wp/v2/settings",
        f"/wp-json/wp/v2/pages/{published.id}",
        "/wp-admin/export.php?download=true&content=all",
    ):
        assert SECRET not in admin.get(address).text, address
