"""A page asks nobody while nothing that its visitor sees has changed; and asks when it has."""

import random
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from .php_cli import quoted
from .site import HERE, WordPressSite
from .spending_bridge import KEY, SpendingBridge
from .test_last_good_fragment import age_kept_fragments, kept_fragments
from .visitor import Visitor

BALANCE = "_aipkit_token_balance"
ASKED = """<?php
add_filter( 'pre_http_request', function ( $answer, $arguments, $url ) {
    file_put_contents( __DIR__ . '/asked', $url . "\\n", FILE_APPEND );
    return $answer;
}, 10, 3 );
add_filter( 'determine_locale', function ( $locale ) {
    return $_GET['in'] ?? $locale;
} );
"""
SHOWN = re.compile(r'<section class="aipkit_token_usage_dashboard".*?</section>', re.DOTALL)


@dataclass
class Asking:
    """A site with a real bridge, and what its pages ask of it."""

    site: WordPressSite
    bridge: SpendingBridge
    alice: int
    page: str
    folder: Path

    def asked(self) -> int:
        """How many calls there were since the last time."""
        log = self.folder / "asked"
        count = log.read_text().count("/v1/fragments/") if log.exists() else 0
        log.unlink(missing_ok=True)
        return count

    def shows(self, visitor: Visitor, page: str = "") -> str:
        """The fragment on a page."""
        found = SHOWN.search(visitor.get(page or self.page).text)
        assert found
        return found[0]

    def settle(self, visitor: Visitor) -> str:
        """The fragment, once nobody is asked for it: the bridge reads settings every 5 s."""
        deadline = time.monotonic() + 10
        while True:
            self.asked()
            shown = self.shows(visitor)
            if not self.asked():
                return shown
            assert time.monotonic() < deadline

    def api(self, path: str, **body: object) -> requests.Response:
        """Does something with alice's account at the bridge."""
        actor = {"user_id": self.alice}
        answer = requests.post(
            f"{self.bridge.url}{path}",
            json={"actor": actor, "module": "chat", "context_id": self.bridge.bot, **body},
            headers={"Authorization": f"Bearer {KEY}", "Idempotency-Key": str(time.monotonic())},
        )
        assert answer.ok, answer.text
        return answer

    def update_meta(self, key: str, value: object) -> None:
        """As the peer does."""
        self.site.wp_eval(
            f"update_user_meta( {self.alice}, {quoted(key)}, {quoted(str(value))} );"
        )

    def write_meta(self, key: str, value: object) -> None:
        """As a program does that is no WordPress: no cache hears of it."""
        where = "WHERE user_id = %s AND meta_key = %s"
        self.site.sql(f"DELETE FROM wp_usermeta {where}", self.alice, key)
        self.site.sql(
            "INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES (%s, %s, %s)",
            self.alice, key, value,
        )  # fmt: skip

    def forget(self) -> None:
        """The next page asks."""
        for kept in (self.site.folder / "wp-content" / "object-cache").glob("transient-*"):
            kept.unlink()
        self.site.wp_eval(
            "require_once WP_PLUGIN_DIR . '/aipkit-bridge/inc/kept-fragments.php';"
            f" AIPKit_Bridge\\Kept_Fragments\\forget_user( {self.alice} );"
        )


@pytest.fixture
def asking(spending_bridge: SpendingBridge, site: WordPressSite) -> Iterator[Asking]:
    settings = (
        f"array( 'url' => {quoted(spending_bridge.url)} ) + get_option( 'aipkit_bridge_settings' )"
    )
    site.wp_eval(f"update_option( 'aipkit_bridge_settings', {settings} );")
    alice = int(site.wp_value("get_user_by( 'login', 'alice' )->ID"))
    folder = site.must_use
    (folder / "asked.php").write_text(ASKED)
    page = site.create_page("[aipkit_token_usage]").url
    found = Asking(site, spending_bridge, alice, page, folder)
    found.write_meta(BALANCE, 1_234_567)
    yield found
    for file in folder.iterdir():
        file.unlink()


@pytest.fixture(params=[False, True], ids=["no cache", "persistent cache"])
def object_cache(request: pytest.FixtureRequest, site: WordPressSite) -> Iterator[None]:
    """The site without, then with a persistent object cache."""
    content = site.folder / "wp-content"
    if request.param:
        shutil.copy(HERE / "php" / "object-cache.php", content)
    yield
    (content / "object-cache.php").unlink(missing_ok=True)
    shutil.rmtree(content / "object-cache", ignore_errors=True)


def test_nobody_is_asked_while_nothing_changes(asking: Asking, alice: Visitor) -> None:
    first = asking.settle(alice)
    assert "1,234,567" in first
    asking.forget()
    assert [asking.shows(alice) for _ in range(4)] == [first] * 4
    assert asking.asked() == 1


def test_what_has_not_changed_costs_one_statement(asking: Asking) -> None:
    count = f"""
        wp_set_current_user( {asking.alice} );
        require_once WP_PLUGIN_DIR . '/aipkit-bridge/inc/fragment.php';
        $before = $GLOBALS['wpdb']->num_queries;
        AIPKit_Bridge\\Fragment\\answer_for( {asking.alice}, array( 'locale' => 'en_US' ) );
        echo $GLOBALS['wpdb']->num_queries - $before;
    """
    asking.site.wp_eval(count)
    asking.asked()

    assert asking.site.wp_eval(count).strip() == "1"
    assert asking.asked() == 0


@pytest.mark.usefixtures("object_cache")
def test_whatever_changes_shows_on_the_next_page(
    asking: Asking, alice: Visitor, request: pytest.FixtureRequest
) -> None:
    chance, at = random.Random(4), asking.bridge.bot  # reproducible
    used, stamp = f"_aipkit_token_usage_{at}", f"_aipkit_last_token_reset_{at}"
    holds: list[str] = []
    asking.settle(alice)

    def hold() -> None:
        holds.append(asking.api("/v1/holds", units=chance.randint(1, 99)).json()["hold_id"])

    def grant() -> None:
        """The peer's row of the ledger, after the balance was written and shown."""
        asking.site.sql(
            "INSERT INTO wp_aipkit_token_ledger (user_id, actor_type, module, context_type,"
            " context_id, operation, credits_delta, entry_type, created_at) VALUES (%s, 'user',"
            " 'woocommerce', 'order', %s, 'purchase', 5, 'purchase', UTC_TIMESTAMP())",
            asking.alice, chance.randint(1, 10**9),
        )  # fmt: skip

    def status() -> None:
        """As when an order gets a status that books nothing."""
        asking.site.sql(
            "INSERT INTO wp_aipkit_bridge_orders (order_id, order_number, account_id, status,"
            " state, granted, first_seen_at, granted_at) VALUES (77, '77', %s, %s, 'granted', 5,"
            " NOW(), NOW()) ON DUPLICATE KEY UPDATE status = VALUES(status)",
            asking.alice, chance.choice(["completed", "on-hold", "processing"]),
        )  # fmt: skip
        asking.site.sql(
            "INSERT INTO wp_aipkit_bridge_accounts (user_id, seq, created_at, changed_at)"
            " VALUES (%s, 1, NOW(), NOW()) ON DUPLICATE KEY UPDATE seq = seq + 1",
            asking.alice,
        )

    changes: list[Callable[[], object]] = [
        lambda: asking.api("/v1/usage/record", units=chance.randint(1, 99)),
        hold,
        lambda: holds and asking.api(f"/v1/holds/{holds.pop()}/release"),
        lambda: asking.update_meta(BALANCE, chance.randint(1, 10**6)),
        lambda: asking.write_meta(BALANCE, chance.randint(1, 10**6)),
        lambda: asking.write_meta(used, chance.randint(1, 10**6)),
        lambda: asking.update_meta(used, chance.randint(1, 10**6)),
        lambda: asking.write_meta(stamp, int(time.time()) - chance.choice([0, 90_000])),
        grant,
        status,
        lambda: None,
    ]
    for change in [*changes, *chance.choices(changes, k=5)]:
        change()
        asking.asked()
        shown = asking.shows(alice)
        asking.forget()
        assert shown == asking.shows(alice)
        assert asking.shows(alice) == shown
        assert asking.asked() <= 2, "what was asked for is shown again"


def test_limits_that_wordpress_changes_show_within_seconds(asking: Asking, alice: Visitor) -> None:
    asking.settle(alice)
    bot = asking.bridge.bot
    asking.site.wp_eval(f"update_post_meta( {bot}, '_aipkit_token_user_limit', '4711' );")

    assert "4,711" in asking.settle(alice), "what is older is not taken for current"


@pytest.mark.parametrize(
    "php",
    [
        "update_option( 'timezone_string', 'Asia/Tokyo' );",
        "update_option( 'aipkit_ai_forms_settings', array( 'token_management' => array() ) );",
        "update_post_meta( {bot}, '_aipkit_token_reset_period', 'weekly' );",
        "delete_post_meta( {bot}, '_aipkit_token_user_limit' );",
        "wp_update_post( array( 'ID' => {bot}, 'post_title' => 'Renamed' ) );",
        "wp_trash_post( {bot} );",
        "wp_delete_post( {bot}, true );",
        "add_role( 'patron', 'Patron' );",
    ],
)
def test_changed_settings_have_another_version(asking: Asking, php: str) -> None:
    def version() -> object:
        return asking.site.sql(
            "SELECT option_value FROM wp_options WHERE option_name = %s",
            "aipkit_bridge_settings_version",
        )

    before = version()
    asking.site.wp_eval("update_option( 'blogdescription', uniqid() );")
    assert version() == before
    asking.site.wp_eval(php.replace("{bot}", str(asking.bridge.bot)))
    assert version() != before


def test_a_minute_later_the_bridge_is_asked_and_need_not_send_it_again(
    asking: Asking, alice: Visitor
) -> None:
    first = asking.settle(alice)
    age_kept_fragments(asking.site, seconds=61)
    before = kept_fragments(asking.site)
    asking.asked()

    assert asking.shows(alice) == first
    assert asking.asked() == 1
    assert kept_fragments(asking.site) != before
    asking.shows(alice)
    assert asking.asked() == 0


def test_each_user_language_and_shortcode_has_its_own(
    asking: Asking, alice: Visitor, bob: Visitor
) -> None:
    two = asking.site.create_page('[aipkit_token_usage]<hr>[aipkit_token_usage title="Mine"]').url
    mine = asking.settle(alice)
    page = alice.get(two).text
    assert page.count("1,234,567") == 2 * mine.count("1,234,567")
    assert "Mine" in page
    assert "1,234,567" not in asking.shows(bob)
    asking.asked()
    assert alice.get(two).text.count("Mine") == page.count("Mine")
    assert asking.asked() == 0

    assert "1.234.567" in asking.shows(alice, f"{asking.page}?in=de_DE")
    assert asking.asked() == 1
    assert "1,234,567" in asking.shows(alice)
    assert asking.asked() == 0


def test_guests_ask_once_for_all(asking: Asking, guest: Visitor) -> None:
    for _ in range(2):
        assert "aipkit-login-prompt" in guest.get(asking.page).text
    with Visitor(asking.site.url) as another:
        assert "aipkit-login-prompt" in another.get(asking.page).text
    assert asking.asked() == 1


def test_what_is_kept_for_one_is_never_shown_to_another(
    asking: Asking, alice: Visitor, bob: Visitor
) -> None:
    """Not even by one who can write options, or when keys of a cache are mixed up."""
    asking.settle(alice)
    asking.settle(bob)
    (bobs,) = [
        name for name, _ in kept_fragments(asking.site) if f"_{asking.alice}_" not in str(name)
    ]
    (alices,) = [
        name for name, _ in kept_fragments(asking.site) if f"_{asking.alice}_" in str(name)
    ]
    asking.site.wp_eval(
        f"update_option( {quoted(str(bobs))}, get_option( {quoted(str(alices))} ) );"
    )

    assert "1,234,567" not in asking.shows(bob)


def test_while_the_bridge_is_down_what_is_so_is_shown_as_such(
    asking: Asking, alice: Visitor
) -> None:
    first = asking.settle(alice)
    asking.site.wp_eval("set_transient( 'aipkit_bridge_failure', 'down', 15 );")

    assert asking.shows(alice) == first
    assert "As of" not in alice.get(asking.page).text
    asking.write_meta(BALANCE, 5)
    assert "As of" in alice.get(asking.page).text


def test_a_site_without_the_bridges_tables_asks_each_time(asking: Asking, alice: Visitor) -> None:
    asking.site.sql("RENAME TABLE wp_aipkit_bridge_accounts TO wp_elsewhere")
    try:
        asking.site.wp_eval(
            "require_once WP_PLUGIN_DIR . '/aipkit-bridge/inc/visitor-facts.php';"
            f" if ( '' !== AIPKit_Bridge\\Visitor_Facts\\version_of( {asking.alice} ) )"
            " { throw new Exception( 'known' ); }"
        )
    finally:
        asking.site.sql("RENAME TABLE wp_elsewhere TO wp_aipkit_bridge_accounts")
    assert "usage" in asking.shows(alice)
