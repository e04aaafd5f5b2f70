"""The recorded site in a database of its own, and a bridge that works on it."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import pymysql
from pymysql.constants import CLIENT
from pymysql.cursors import Cursor, DictCursor

from bridge.config import Settings
from bridge.services.books.correct_sums import correct_sums
from bridge.store.migrate import migrate
from bridge.wiring import Bridge, build
from demo.private_server import PrivateServer
from tests.support.apps import take_back
from tests.support.folders import FIXTURES
from tests.support.order_sums import order_sums_due, order_sums_kept
from tests.support.snapshot import Snapshot

SECRET = "tests-shared-secret-" * 4
CONSUMER_KEY = "ck_" + "a1" * 20
CONSUMER_SECRET = "cs_" + "b2" * 20
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
SITE_URL = "http://127.0.0.1:8090"

IDS: dict[str, dict[str, int]] = json.loads((FIXTURES / "site/ids.json").read_text())
USERS, ORDERS, PRODUCTS = IDS["users"], IDS["orders"], IDS["products"]

_TABLES = (
    "options", "users", "usermeta", "posts", "postmeta", "aipkit_token_ledger",
    "aipkit_guest_token_usage", "aipkit_pricing_rules", "aipkit_chat_logs",
    "woocommerce_order_items", "woocommerce_order_itemmeta", "wc_orders", "wc_orders_meta",
    "wc_order_operational_data", "wc_order_addresses",
)  # fmt: skip


def load_template(server: PrivateServer, name: str, dump: str) -> None:
    """Load a recorded dump into a database that tests copy."""
    with server.connect(client_flag=CLIENT.MULTI_STATEMENTS) as connection:
        cursor = connection.cursor()
        cursor.execute(f"CREATE DATABASE {name}")
        cursor.execute(f"USE {name}")
        cursor.execute((FIXTURES / "site" / dump).read_text("utf-8"))
        while cursor.nextset():
            pass


def copy_template(server: PrivateServer, template: str, name: str) -> None:
    """Make a fresh copy of the tables that the bridge touches."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        cursor.execute(f"CREATE DATABASE {name}")
        for table in _TABLES:
            cursor.execute(f"CREATE TABLE {name}.wp_{table} LIKE {template}.wp_{table}")
            cursor.execute(f"INSERT INTO {name}.wp_{table} SELECT * FROM {template}.wp_{table}")


def convert_tables(cursor: Cursor, charset: str) -> None:
    """Give WordPress's and AI Puffer's tables a character set; what does not fit becomes `?`."""
    cursor.execute("SET SESSION sql_mode = ''")
    for table in _TABLES:
        cursor.execute(f"ALTER TABLE wp_{table} CONVERT TO CHARACTER SET {charset}")


def keep_site(server: PrivateServer, template: str, name: str, charset: str = "") -> Snapshot:
    """
    Make a copy of a template that the bridge has migrated, for many tests one by one.

    With *charset* WordPress's and AI Puffer's tables have that one, as on sites of long ago.
    """
    copy_template(server, template, name)
    if charset:
        with server.connect(database=name) as connection, connection.cursor() as cursor:
            convert_tables(cursor, charset)
    with SiteDatabase(server, name) as site:
        site.bridge()
        # What the first `migrate` fixes for good is each test's own, by its own clock.
        site.run("DELETE FROM wp_aipkit_bridge_state")
    return Snapshot(server, name)


def make_settings(
    database_url: str,
    shop_url: str,
    *,
    webhooks: Sequence[Mapping[str, Any]] = (),
    **sections: Mapping[str, Any],
) -> Settings:
    """Return a configuration; *sections* are laid over the tests' defaults."""
    values: dict[str, dict[str, Any]] = {
        "site": {"url": SITE_URL},
        "database": {"url": database_url},
        "woocommerce": {
            "url": shop_url,
            "consumer_key": CONSUMER_KEY,
            "consumer_secret": CONSUMER_SECRET,
        },
        "grants": {"since": SINCE},
        "security": {"shared_secret": SECRET},
    }
    for name, section in sections.items():
        values.setdefault(name, {}).update(section)
    return Settings.model_validate({**values, "webhooks": list(webhooks)})


class Clock:
    """The database's clock as some bridges' connections see it: it stands until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.session: list[str] = []
        self.bridges: list[Bridge] = []
        self.set(now)

    def set(self, now: datetime) -> None:
        """Move to *now*; the connections are made anew."""
        self.now = now
        self.session[:] = [f"SET timestamp = {now.timestamp():.6f}"]
        for bridge in self.bridges:
            bridge.db.close()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.set(self.now + timedelta(seconds=seconds))


@dataclass
class SiteDatabase:
    """Direct access to the test's own database, beside the bridge."""

    server: PrivateServer
    name: str
    bridges: list[Bridge] = field(default_factory=list)
    migrated: bool = False

    def run(self, sql: str, args: object = None) -> int:
        with self._connection.cursor() as cursor:
            return int(cursor.execute(sql, args))

    def rows(self, sql: str, args: object = None) -> list[dict[str, Any]]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, args)
            return list(cursor.fetchall())

    def value(self, sql: str, args: object = None) -> Any:
        rows = self.rows(sql, args)
        return next(iter(rows[0].values())) if rows else None

    @cached_property
    def _connection(self) -> "pymysql.connections.Connection[Any]":
        return self.server.connect(database=self.name, cursorclass=DictCursor)

    def reconnect(self) -> None:
        """Connect anew, after the server was killed."""
        self._connection.close()
        del self._connection

    def __enter__(self) -> "SiteDatabase":
        return self

    def __exit__(self, *_: object) -> None:
        """Close what the test opened."""
        self.close_bridges()
        self._connection.close()

    def close_bridges(self) -> None:
        """Close all bridges on this database."""
        for bridge in self.bridges:
            take_back(bridge)
            bridge.close()
        self.bridges.clear()

    def bridge(
        self,
        shop_url: str = "http://127.0.0.1:9",
        *,
        now: datetime | None = None,
        clock: "Clock | None" = None,
        **sections: Any,
    ) -> Bridge:
        """
        Build a bridge on this database, migrated; closed when the test ends.

        With *now* the database's clock stands still there, for this bridge; with *clock* it
        stands where that was moved last.
        """
        session = clock.session if clock else Clock(now).session if now else ()
        settings = make_settings(self.server.url(self.name), shop_url, **sections)
        bridge = build(settings, session=session)
        self.bridges.append(bridge)
        if clock:
            clock.bridges.append(bridge)
        if not self.migrated:
            migrate(bridge.db)
            self.migrated = True
        return bridge

    def count_orders_anew(self) -> None:
        """Let the bridge count orders that a test has written by SQL."""
        correct_sums(self.bridge().db)

    def balance(self, user_id: int) -> int:
        """Return the stored balance; 0 without a row."""
        sql = (
            "SELECT meta_value FROM wp_usermeta WHERE user_id = %s"
            " AND meta_key = '_aipkit_token_balance' ORDER BY umeta_id LIMIT 1"
        )
        return int(self.value(sql, (user_id,)) or 0)

    def set_balance(self, user_id: int, balance: int) -> None:
        """Write the stored balance as another program would: without a ledger row."""
        sql = (
            "UPDATE wp_usermeta SET meta_value = %s"
            " WHERE user_id = %s AND meta_key = '_aipkit_token_balance'"
        )
        self.run(sql, (str(balance), user_id))

    def hold(self, user_id: int, credits: int) -> None:
        """Let a request of the image generator hold credits of the balance."""
        self.run(
            "INSERT INTO wp_aipkit_bridge_holds (hold_id, site, user_id, module, state, on_expiry,"
            " credits, from_balance, from_quota, usage_context, expires_at, created_at)"
            " VALUES (%s, 'wp_', %s, 'image_generator', 'open', 'release', %s, %s, 0, '{}',"
            " UTC_TIMESTAMP(6) + INTERVAL 1 DAY, UTC_TIMESTAMP(6))",
            (os.urandom(16), user_id, credits, credits),
        )
        self.run(
            "UPDATE wp_aipkit_bridge_accounts SET held = held + %s, open_holds = open_holds + 1"
            " WHERE user_id = %s",
            (credits, user_id),
        )

    def ledger(self) -> list[dict[str, Any]]:
        """Return the whole ledger, oldest first."""
        return self.rows("SELECT * FROM wp_aipkit_token_ledger ORDER BY id")

    def order(self, order_id: int) -> dict[str, Any] | None:
        """Return the bridge's row of an order, with `booked`."""
        sql = (
            "SELECT *, CAST(granted - reversed AS SIGNED) AS booked"
            " FROM wp_aipkit_bridge_orders WHERE order_id = %s"
        )
        rows = self.rows(sql, (order_id,))
        return rows[0] if rows else None

    def assert_order(self, order_id: int, **columns: object) -> dict[str, Any]:
        """Assert that the bridge keeps an order, with these values in its row; return the row."""
        row = self.order(order_id)
        assert row is not None, f"nothing is kept of order {order_id}"
        assert {name: row[name] for name in columns} == columns
        return row

    def booked(self, order_id: int) -> int:
        """Return the net credits booked for an order."""
        row = self.order(order_id)
        return int(row["booked"]) if row else 0

    def set_amount(self, product_id: int, amount: str) -> None:
        """Change what one unit of a product grants, as its screen would."""
        sql = (
            "UPDATE wp_postmeta SET meta_value = %s"
            " WHERE post_id = %s AND meta_key = '_aipkit_tokens_amount'"
        )
        self.run(sql, (amount, product_id))

    def limit_chatbot(self, bot: int, limits: Mapping[str, object]) -> None:
        """Set a chatbot's limits (`user_limit`, `reset_period`, …) as its screen would."""
        for name, value in limits.items():
            key = f"_aipkit_token_{name}"
            self.run("DELETE FROM wp_postmeta WHERE post_id = %s AND meta_key = %s", (bot, key))
            self.run(
                "INSERT INTO wp_postmeta (post_id, meta_key, meta_value) VALUES (%s, %s, %s)",
                (bot, key, value),
            )

    def without_peer(self) -> "SiteDatabase":
        """Deactivate the other plugin, so that nothing waits for it."""
        value = 'a:1:{i:0;s:27:"woocommerce/woocommerce.php";}'
        self.run("UPDATE wp_options SET option_value = %s WHERE option_name = 'active_plugins'",
                 (value,))  # fmt: skip
        return self

    def beat_heart(self, age_s: int = 0) -> None:
        """Write the heartbeat as our PHP plugin does."""
        self.run(
            "REPLACE INTO wp_options (option_name, option_value, autoload)"
            " VALUES ('aipkit_bridge_heartbeat', UNIX_TIMESTAMP() - %s, 'no')",
            (age_s,),
        )

    def assert_balanced(self) -> None:
        """
        Assert: for every account, ledger sum + unledgered = stored balance - debt.

        And the sums that are kept of orders are those of the orders.
        """
        sql = """
            SELECT a.user_id, a.debt, s.unledgered,
                   (SELECT COALESCE(SUM(credits_delta), 0) FROM wp_aipkit_token_ledger l
                     WHERE l.user_id = a.user_id) AS total
              FROM wp_aipkit_bridge_accounts a
              JOIN wp_aipkit_bridge_ledger_state s USING (user_id)
        """
        for row in self.rows(sql):
            expected = self.balance(row["user_id"]) - row["debt"]
            assert int(row["total"]) + row["unledgered"] == expected, row
        kept, due = order_sums_kept(self), order_sums_due(self)
        assert kept == due
