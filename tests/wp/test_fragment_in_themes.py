"""The fragment within WordPress's own themes, light and dark, wide and narrow, both directions."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page

from shop_stand_in.state import Line
from tests.browser.looking import complaints
from tests.support.waiting import wait_until

from .browser import open_page
from .debian_wordpress import THEMES
from .site import WordPressSite
from .test_real_bridge import Whole, balance_arrives, run_bridge, use_chatbot
from .visitor import Visitor

DASHBOARD = ".aipkit_token_usage_dashboard"
SIZES = ((360, 780), (1280, 900))
CLASSIC, BLOCK = THEMES
DAYS_ARE_KEPT = (
    "SELECT 1 FROM wp_aipkit_bridge_state WHERE name = 'user_days' AND value NOT LIKE '%%1970%%'"
)
MODELS = ("gpt-5", "claude-sonnet-4-5", "gemini-2.5-flash")


def spend(whole: Whole) -> None:
    """Leave little of what was bought, and something in the list of activity."""
    whole.shop.add_order(whole.alice, [Line(whole.pack)], status="completed")
    balance_arrives(whole, 10_000)
    use_chatbot(whole, 1_860)
    for number in range(4):
        free = 310 if number == 0 else 0
        meta = {"billed_credits": 720 + 40 * number + free, "quota_units": free}
        whole.site.sql(
            "INSERT INTO wp_aipkit_token_ledger (user_id, actor_type, module, context_type,"
            " context_id, model, operation, credits_delta, entry_type, meta, created_at)"
            " VALUES (%s, 'user', 'chat', 'chatbot', %s, %s, 'chat', %s, 'usage', %s,"
            " UTC_TIMESTAMP() - INTERVAL %s MINUTE)",
            whole.alice,
            whole.chatbot,
            MODELS[number % len(MODELS)],
            -720 - 40 * number,
            json.dumps(meta),
            37 * number * number,
        )
    whole.site.wp_eval(f"update_user_meta( {whole.alice}, '_aipkit_token_balance', 640 );")
    wait_until(lambda: bool(whole.site.sql(DAYS_ARE_KEPT)), "nobody keeps the days")
    for age in range(2, 29):
        whole.site.sql(
            "INSERT INTO wp_aipkit_bridge_user_days"
            " VALUES (%s, UTC_DATE() - INTERVAL %s DAY, 'chat', 1, %s, 0)",
            whole.alice,
            age,
            age * 137 % 11 * 90,
        )


def wear(site: WordPressSite, theme: str, scheme: str) -> None:
    """Switch the theme. The classic one follows the browser; the block one has variations."""
    site.wp_eval(
        f"""switch_theme( '{theme}' );
        set_theme_mod( 'respect_user_color_preference', true );"""
    )
    if theme == BLOCK:
        site.wp_eval(
            f"""wp_set_current_user( 1 );
            $file = get_theme_file_path( 'styles/pilgrimage.json' );
            $styles = 'dark' === '{scheme}' ? json_decode( file_get_contents( $file ), true )
                : array( 'version' => 2 );
            $styles['isGlobalStylesUserThemeJSON'] = true;
            wp_update_post( array(
                'ID'           => WP_Theme_JSON_Resolver::get_user_global_styles_post_id(),
                'post_content' => wp_slash( wp_json_encode( $styles ) ),
            ) );
            delete_transient( 'global_styles_{theme}' );"""
        )


@contextmanager
def in_arabic(site: WordPressSite) -> Iterator[None]:
    """As with WordPress's language pack, which is not to be had here: locale and direction."""
    folder = site.must_use
    plugin = folder / "arabic.php"
    plugin.write_text(
        """<?php
        add_filter( 'locale', function () { return 'ar'; } );
        add_action( 'init', function () { $GLOBALS['wp_locale']->text_direction = 'rtl'; } );
        """
    )
    try:
        yield
    finally:
        plugin.unlink()


@pytest.fixture(scope="module")
def page_url(
    module_site: WordPressSite, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A page beside a real bridge, which has something to show; a chatbot's activity is open."""
    folder = tmp_path_factory.mktemp("bridge")
    with run_bridge(module_site, folder, poll_seconds=1) as whole:
        spend(whole)
        page_url = module_site.create_page("[aipkit_token_usage]", "My tokens").url
        with module_site.kept():
            yield f"{page_url}?aipkit_activity=chat-{whole.chatbot}"


@pytest.fixture
def look(
    page_url: str,
    site: WordPressSite,
    alice: Visitor,
    chromium: Browser,
    picture: Callable[..., None],
) -> Callable[[str, str, str], None]:
    """Looks at the page at every width."""

    def look(theme: str, scheme: str, name: str) -> None:
        wear(site, theme, scheme)
        for size in SIZES:
            page = open_page(chromium, page_url, alice, size, scheme)
            assert complaints(page, DASHBOARD) == [], (name, size)
            assert_whole(page)
            assert is_dark(page) is (scheme == "dark")
            picture(page, f"fragment-{name}-{size[0]}", DASHBOARD)
            page.context.close()

    return look


def assert_whole(page: Page) -> None:
    """All parts are there."""
    assert page.locator(f"{DASHBOARD} .aipkit_notice").is_visible()
    assert page.locator(f"{DASHBOARD} .aipkit_chart rect").count() > 20
    assert page.locator(f"{DASHBOARD} .aipkit_activity_table tbody tr").count() == 4


def is_dark(page: Page) -> bool:
    """Whether the text is brighter than the middle."""
    colour = page.locator(DASHBOARD).evaluate("element => getComputedStyle(element).color")
    return sum(map(int, re.findall(r"\d+", colour)[:3])) > 3 * 128


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("theme", "name"), [(CLASSIC, "classic"), (BLOCK, "block")])
def test_nobody_can_complain(
    look: Callable[[str, str, str], None], theme: str, name: str, scheme: str
) -> None:
    look(theme, scheme, f"{name}-{scheme}")


def test_nobody_can_complain_from_right_to_left(
    look: Callable[[str, str, str], None], site: WordPressSite
) -> None:
    with in_arabic(site):
        look(BLOCK, "light", "arabic")
