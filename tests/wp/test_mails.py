"""Mails of what happens with tokens: from the bridge's outbox through WordPress's own mailer."""

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage

import pytest
from babel.messages.catalog import Catalog

from bridge.config import load_settings
from bridge.services.events.watch import watch_events
from bridge.services.orders.poll_shop import poll_shop
from bridge.wiring import Bridge, build
from shop_stand_in.state import Line
from tests.support.waiting import wait_until
from tools.plugin_languages import mo_bytes

from .php_server import free_port
from .site import WordPressSite
from .test_real_bridge import Whole, run_bridge
from .visitor import Visitor

ALL = "AIPKit_Bridge\\Mail_Choice\\all_kinds()"

OWNER = "owner@shop.example"
DELIVERIES = "wp_aipkit_bridge_deliveries"


@dataclass
class Mailing:
    """A real bridge beside the real WordPress; one here does the worker's jobs at once."""

    whole: Whole
    bridge: Bridge

    @property
    def site(self) -> WordPressSite:
        return self.whole.site

    @property
    def alice(self) -> int:
        return self.whole.alice


@pytest.fixture(scope="module")
def running(
    module_site: WordPressSite, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mailing]:
    """It, for a site that wants all mails."""
    module_site.wp_eval(
        f"update_option( 'aipkit_bridge_mails', {ALL} );"
        f"update_option( 'aipkit_bridge_mails_to', '{OWNER}' );",
        in_admin=True,
    )
    folder = tmp_path_factory.mktemp("bridge")
    with run_bridge(module_site, folder, poll_seconds=1) as whole:
        bridge = build(load_settings(folder / "config.toml", environ={}))
        watch_events(bridge.db, bridge.channels)
        yield Mailing(whole, bridge)
        bridge.close()


@pytest.fixture
def shop(running: Mailing) -> Mailing:
    """It, with nothing to write of, and nobody written to lately."""
    running.site.sql(f"UPDATE {DELIVERIES} SET next_try_at = NULL, arrived_at = NOW()")
    running.site.wp_eval(
        "delete_transient( 'aipkit_bridge_owner_mailed' );"
        f"delete_user_meta( {running.alice}, 'aipkit_bridge_no_mails' );"
    )
    running.site.mails()
    return running


def buy(shop: Mailing, customer: int | None = None) -> int:
    """Place a paid order, of which there is then something to write."""
    whole, bridge, before = shop.whole, shop.bridge, waiting(shop)
    buyer = whole.alice if customer is None else customer
    order_id = whole.shop.add_order(buyer, (Line(whole.pack),), status="completed")
    poll_shop(bridge.import_context(), bridge.shop)
    watch_events(bridge.db, bridge.channels)
    # The worker may have been quicker with either, and be at it still.
    wait_until(lambda: waiting(shop) > before, "there is no event of the order")
    return order_id


def waiting(shop: Mailing) -> int:
    sql = f"SELECT COUNT(*) FROM {DELIVERIES} WHERE next_try_at IS NOT NULL"
    return int(shop.site.sql(sql)[0][0])


def send(shop: Mailing, before: str = "") -> list[EmailMessage]:
    """Let WordPress's job run, after some code; return what it sent."""
    shop.site.wp_eval(f"{before} AIPKit_Bridge\\Mails\\send_due();", in_admin=True)
    return shop.site.mails()


def end_claims(shop: Mailing) -> None:
    shop.site.sql(
        f"UPDATE {DELIVERIES} SET next_try_at = UTC_TIMESTAMP(6) WHERE next_try_at IS NOT NULL"
    )


def text_of(mail: EmailMessage) -> str:
    return " ".join(mail.get_content().split())


def test_tokens_that_arrived_are_told_once(shop: Mailing) -> None:
    order_id = buy(shop)

    (mail,) = send(shop)
    end_claims(shop)

    assert mail["To"] == "alice@example.test"
    assert mail["Subject"].endswith("Tokens have arrived: 10,000")
    assert f"<strong>10,000</strong> tokens of order #{order_id} are yours." in text_of(mail)
    assert mail["Message-ID"].endswith(f"@{shop.site.host.split(':')[0]}>")
    assert send(shop) == []
    assert waiting(shop) == 0


def test_wordpress_sends_them_each_minute_by_itself(
    shop: Mailing, browsers: dict[str, Visitor]
) -> None:
    buy(shop)
    browsers["admin"].get("/wp-admin/")
    schedule = "wp_get_scheduled_event( 'aipkit_bridge_send_mails' )->interval"
    assert shop.site.wp_value(schedule) == 60

    wait_until(
        lambda: Visitor(shop.site.url).get("/wp-cron.php?doing_wp_cron").ok and waiting(shop) == 0,
        "WordPress's job does not send the mail",
    )

    assert [mail["To"] for mail in shop.site.mails()] == ["alice@example.test"]


def test_the_owner_is_told_of_all_that_waits_in_one_mail(shop: Mailing) -> None:
    numbers = [buy(shop, customer=0), buy(shop, customer=0)]

    (mail,) = send(shop)

    assert mail["To"] == OWNER
    assert mail["Subject"].endswith("Paid orders that need you: 2")
    assert all(f"#{number}" in text_of(mail) for number in numbers)
    buy(shop, customer=0)
    assert send(shop) == [], "one in a quarter of an hour"
    assert waiting(shop) == 1


def test_who_wants_none_gets_none(shop: Mailing) -> None:
    buy(shop)
    (mail,) = send(shop)
    address = mail["List-Unsubscribe"].strip("<>").removeprefix(shop.site.url)
    stranger = Visitor(shop.site.url)

    assert stranger.get(address.replace("proof=", "proof=0")).status_code == 403
    assert "Stop them" in stranger.get(address).text
    buy(shop)
    assert len(send(shop)) == 1, "opening the link alone stops nothing"
    assert stranger.post(address, {}).status_code == 200
    buy(shop)
    assert send(shop) == []
    assert waiting(shop) == 0


@pytest.mark.parametrize("hook", ["pre_wp_mail", "phpmailer_init"])
def test_a_process_that_dies_before_the_mailer_has_it_loses_nothing(
    shop: Mailing, hook: str
) -> None:
    buy(shop)

    assert send(shop, f"add_action( '{hook}', function () {{ exit; }} );") == []
    assert send(shop) == [], "another process may be at it"
    end_claims(shop)

    assert len(send(shop)) == 1
    assert waiting(shop) == 0


def test_a_process_that_dies_after_the_mailer_has_it_sends_nothing_twice(shop: Mailing) -> None:
    buy(shop)

    assert len(send(shop, "add_action( 'wp_mail_succeeded', function () { exit; } );")) == 1
    assert waiting(shop) == 1, "the bridge does not know yet"
    end_claims(shop)

    assert send(shop) == []
    assert waiting(shop) == 0
    noted = "SELECT 1 FROM wp_options WHERE option_name LIKE 'aipkit_bridge_mail_sent%%'"
    assert shop.site.sql(noted) == []


def test_what_the_mailer_refuses_is_tried_again(shop: Mailing) -> None:
    buy(shop)

    assert send(shop, "add_filter( 'wp_mail_from', fn() => 'nobody' );") == []
    waits = f"SELECT last_error, attempts FROM {DELIVERIES} WHERE next_try_at IS NOT NULL"
    errors = shop.site.sql(waits)
    end_claims(shop)

    assert errors[0][1] == 1
    assert errors[0][0] != ""
    assert len(send(shop)) == 1


@pytest.fixture
def german(shop: Mailing) -> Iterator[None]:
    """German is installed on the site, and Alice's language."""
    installed = shop.site.folder / "wp-content" / "languages" / "de_DE.mo"
    installed.parent.mkdir(exist_ok=True)
    installed.write_bytes(mo_bytes(Catalog("de_DE")))
    shop.site.wp_eval(f"update_user_meta( {shop.alice}, 'locale', 'de_DE' );")
    yield
    installed.unlink()
    shop.site.wp_eval(f"delete_user_meta( {shop.alice}, 'locale' );")


def test_a_mail_speaks_the_customers_language(shop: Mailing, german: None) -> None:
    buy(shop)
    buy(shop, customer=0)

    customers, owners = sorted(send(shop), key=lambda mail: mail["To"])

    assert "Ihre Tokens sind da: " in customers["Subject"]
    assert "Ihr Guthaben: " in text_of(customers)
    assert "Paid orders" in owners["Subject"], "the site's own language"


def test_the_owner_is_told_once_that_the_bridge_is_down_and_once_that_it_is_back(
    shop: Mailing,
) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    away = (
        "add_filter( 'option_aipkit_bridge_settings',"
        f" fn( $kept ) => array( 'url' => '{dead}' ) + $kept );"
    )

    assert send(shop, away) == [], "it may be back in a moment"
    shop.site.wp_eval(
        "update_option( 'aipkit_bridge_down_since', array( 'since' => time() - 901 ) );"
    )
    (down,) = send(shop, away)
    assert send(shop, away) == []
    (back,) = send(shop)
    assert send(shop) == []

    assert down["To"] == back["To"] == OWNER
    assert "does not answer" in down["Subject"]
    assert "answers again" in back["Subject"]
