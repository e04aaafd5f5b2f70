"""Fragments that are kept: always what a fresh one would be, and bounded in bytes."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any
from unittest.mock import patch

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from bridge.domain.ids import Credits, OrderId
from bridge.domain.periods import Period
from bridge.domain.quotas import Context, Module
from bridge.services.orders.decide import look_at_order
from bridge.services.orders.look_at_orders import look_at_due
from bridge.services.settings.change_limits import change_limits, list_limits
from bridge.services.settings.change_settings import state_of
from bridge.store.tx import Tx
from bridge.wiring import Bridge
from tests.support.apps import create_app
from tests.support.client import API_KEY, api_key, bearer, make_token
from tests.support.site import IDS, USERS, Clock, SiteDatabase
from tests.support.visitor import FRAGMENT, PAGE_URL
from tests.support.world import ALICE, World, world

assert world  # a fixture
BOT = IDS["bots"]["Support Bot"]
BALANCE = "_aipkit_token_balance"
USED, STAMP = f"_aipkit_token_usage_{BOT}", f"_aipkit_last_token_reset_{BOT}"
VERSION, SECONDS = "X-Aipkit-Version", "X-Aipkit-Seconds"
QUERIES: tuple[dict[str, str], ...] = (
    {},
    {"locale": "tr_TR"},
    {"aipkit_page": "2", "chatbot": "false", "page_url": "/elsewhere/"},
)


@dataclass
class Life:
    """One visitor to whom everything happens that can, by whomever it is done."""

    world: World
    clock: Clock
    bridge: Bridge
    chance: random.Random
    holds: list[str] = field(default_factory=list)
    orders: list[int] = field(default_factory=list)
    _numbers: Any = field(default_factory=count)

    @property
    def site(self) -> SiteDatabase:
        return self.world.site

    @property
    def happenings(self) -> list[Callable[[], None]]:
        return [
            self.use, self.hold, self.settle, self.adjust, self.order, self.change_status,
            self.refund, self.peer_balance, self.peer_counts, self.peer_deletes, self.peer_grants,
            self.duplicate, self.role, self.limits_here, self.limits_there, self.zone,
            self.a_moment, self.hours, self.days, self.nothing,
        ]  # fmt: skip

    def post(self, path: str, body: object) -> Any:
        headers = {**bearer(API_KEY), "Idempotency-Key": f"key-{next(self._numbers)}"}
        return create_app(self.bridge).test_client().post(path, json=body, headers=headers)

    def of_chat(self, units: int) -> dict[str, Any]:
        return {"actor": {"user_id": ALICE}, "module": "chat", "context_id": BOT, "units": units}

    def use(self) -> None:
        assert self.post("/v1/usage/record", self.of_chat(self.chance.randint(0, 900))).json

    def hold(self) -> None:
        terms = {"ttl_seconds": self.chance.randint(5, 9_000),
                 "on_expiry": self.chance.choice(["release", "charge"])}  # fmt: skip
        answer = self.post("/v1/holds", {**self.of_chat(self.chance.randint(1, 900)), **terms})
        self.holds += [answer.json["hold_id"]] if answer.status_code == 201 else []

    def settle(self) -> None:
        if self.holds:
            hold = self.holds.pop(self.chance.randrange(len(self.holds)))
            end, body = self.chance.choice([("commit", {"units": 7}), ("release", {})])
            assert self.post(f"/v1/holds/{hold}/{end}", body).json

    def adjust(self) -> None:
        body = {"delta": self.chance.choice([-400, 900, 20_000]), "reason": "test"}
        assert self.post(f"/v1/accounts/{ALICE}/adjustments", body).json

    def order(self) -> None:
        self.orders.append(self.world.order(ALICE))
        self.import_it(self.orders[-1])

    def change_status(self) -> None:
        """Mostly to one that books nothing: `on-hold` leaves what is booked."""
        if self.orders:
            order = self.chance.choice(self.orders)
            status = self.chance.choice(["on-hold", "processing", "completed", "cancelled"])
            self.world.shop.set_status(order, status)
            self.import_it(order)

    def refund(self) -> None:
        if self.orders:
            order = self.orders.pop()
            self.world.shop.refund(order, "1.00")
            self.import_it(order)

    def import_it(self, order: int) -> None:
        look_at_order(self.bridge.db, OrderId(order))
        look_at_due(self.bridge.import_context(), self.bridge.shop)

    def peer_balance(self) -> None:
        self.set_meta(BALANCE, self.chance.choice(["0", "17", "12.7", "many", "100000"]))

    def peer_counts(self) -> None:
        self.set_meta(USED, str(self.chance.randint(0, 12_000)))
        now = int(self.clock.now.timestamp())
        self.set_meta(STAMP, str(self.chance.choice([0, now, now - 90_000, now + 90_000])))

    def peer_deletes(self) -> None:
        key = self.chance.choice([BALANCE, USED, STAMP])
        self.site.run("DELETE FROM wp_usermeta WHERE user_id = %s AND meta_key = %s", (ALICE, key))

    def peer_grants(self) -> None:
        """The row of the ledger alone: the balance was written a moment before."""
        order = 900_000 + next(self._numbers)
        self.site.run(
            "INSERT INTO wp_aipkit_token_ledger (user_id, actor_type, module, context_type,"
            " context_id, operation, credits_delta, entry_type, idempotency_key, created_at)"
            " VALUES (%s, 'user', 'woocommerce', 'order', %s, 'purchase', 10, 'purchase', %s, %s)",
            (ALICE, order, f"woocommerce_order_{order}_purchase",
             self.clock.now.replace(tzinfo=None)),
        )  # fmt: skip

    def duplicate(self) -> None:
        """Rows of one key: the oldest counts, whatever the others say."""
        self.site.run(
            "INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES (%s, %s, %s)",
            (ALICE, BALANCE, str(self.chance.randint(0, 99))),
        )

    def role(self) -> None:
        role = self.chance.choice(["customer", "subscriber", "administrator"])
        self.set_meta("wp_capabilities", f'a:1:{{s:{len(role)}:"{role}";b:1;}}')

    def limits_here(self) -> None:
        """By the bridge's own screen, in another process."""
        other = self.site.bridges[-1]
        context = Context(Module.CHAT, BOT)
        stored = list_limits(other.db, [context])[context]
        wanted = replace(
            stored,
            user_limit=Credits(self.chance.randint(0, 9_000)),
            period=self.chance.choice([*Period]),
        )
        change_limits(
            other.db,
            other.site,
            context,
            wanted,
            roles=(),
            shown=state_of(stored),
            sure=True,
            by="test",
        )
        self.five_seconds_later()

    def limits_there(self) -> None:
        """By WordPress, whose plugin renews the version when its request ends."""
        self.site.limit_chatbot(BOT, {"user_limit": self.chance.randint(0, 9_000)})
        self.site.run(
            "REPLACE INTO wp_options (option_name, option_value, autoload)"
            " VALUES ('aipkit_bridge_settings_version', %s, 'no')",
            (self.chance.random(),),
        )
        self.five_seconds_later()

    def zone(self) -> None:
        zone = self.chance.choice(["Europe/Istanbul", "America/Lima", ""])
        self.site.run(
            "UPDATE wp_options SET option_value = %s WHERE option_name = 'timezone_string'",
            (zone,),
        )
        self.limits_there()

    def five_seconds_later(self) -> None:
        for bridge in self.site.bridges:
            bridge.site.forget()

    def a_moment(self) -> None:
        self.clock.advance(self.chance.randint(1, 59))

    def hours(self) -> None:
        self.clock.advance(self.chance.randint(60, 40_000))

    def days(self) -> None:
        self.clock.advance(self.chance.randint(1, 20) * 86_400)

    def nothing(self) -> None:
        """The same again."""

    def set_meta(self, key: str, value: str) -> None:
        where = (value, ALICE, key)
        if not self.site.run(
            "UPDATE wp_usermeta SET meta_value = %s WHERE user_id = %s AND meta_key = %s", where
        ):
            self.site.run(
                "INSERT INTO wp_usermeta (meta_value, user_id, meta_key)"
                " SELECT %s, %s, %s FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM wp_usermeta"
                " WHERE user_id = %s AND meta_key = %s)",
                (*where, ALICE, key),
            )


def see(app: Flask, query: dict[str, str], user_id: int = ALICE, *, has: str = "") -> TestResponse:
    response = app.test_client().get(
        FRAGMENT,
        query_string={"locale": "en_US", "page_url": PAGE_URL, **query},
        headers={
            **bearer(make_token(user_id, "fragment")),
            **({"If-None-Match": has} if has else {}),
        },
    )
    assert response.status_code in (200, 304), response.text
    return response


def see_fresh(app: Flask, query: dict[str, str]) -> str:
    kept = app.extensions["bridge"].fragments
    with patch.object(kept, "find", return_value=None):
        return see(app, query).text


def live(world: World, seed: int) -> tuple[Life, Flask, Flask]:
    """Return a life, the application that keeps fragments, and one that never has any."""
    clock = Clock(datetime.now(UTC))
    url = world.running.url
    security = api_key("usage", "admin")
    bridge = world.site.bridge(url, clock=clock, security=security)
    other = world.site.bridge(url, clock=clock, security=security)
    life = Life(world, clock, bridge, random.Random(seed))  # reproducible
    return life, create_app(bridge), create_app(other)


@pytest.mark.parametrize("seed", range(2))
def test_a_kept_fragment_is_what_a_fresh_one_would_be(
    world: World, seed: int, request: pytest.FixtureRequest
) -> None:
    """`make soak ARGS=tests/web/fragments/test_kept.py` lets fifty times as much happen."""
    life, app, fresh = live(world, seed)
    seen: dict[int, tuple[datetime, TestResponse]] = {}
    done: list[str] = []
    for _ in range(1500 if request.config.getoption("--soak") else 30):
        happening = life.chance.choice(life.happenings)
        done.append(happening.__name__)
        happening()
        for number, query in enumerate(QUERIES):
            now, answer = life.clock.now, see(app, query)
            assert answer.text == see_fresh(fresh, query), done
            then, before = seen.get(number, (now, answer))
            if answer.text != before.text:
                ended = (now - then).total_seconds() >= int(before.headers[SECONDS])
                assert ended or answer.headers[VERSION] != before.headers[VERSION], done
                assert answer.headers["ETag"] != before.headers["ETag"]
            seen[number] = now, answer


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    run = Tx.run

    def count_it(tx: Tx, sql: str, args: Any = None) -> int:
        found.append(sql)
        return run(tx, sql, args)

    monkeypatch.setattr(Tx, "run", count_it)
    return found


def test_what_has_not_changed_costs_one_statement(world: World, statements: list[str]) -> None:
    life, app, _ = live(world, 1)
    life.order()
    first = see(app, {})
    statements.clear()

    again = see(app, {})

    assert again.text == first.text
    assert len(statements) == 1
    assert [again.headers[name] for name in (VERSION, "ETag")] == [
        first.headers[name] for name in (VERSION, "ETag")
    ]


def test_who_has_it_still_gets_no_body(world: World) -> None:
    life, app, _ = live(world, 1)
    first = see(app, {})
    etag = first.headers["ETag"]

    same = see(app, {}, has=etag)
    weakened_by_a_proxy = see(app, {}, has=f'"other", W/{etag}')
    life.peer_balance()
    changed = see(app, {}, has=etag)

    for answer in (same, weakened_by_a_proxy):
        assert (answer.status_code, answer.text) == (304, "")
        assert answer.headers[VERSION] == first.headers[VERSION]
        assert answer.headers["Cache-Control"] == "no-store"
    assert (changed.status_code, changed.headers["ETag"] == etag) == (200, False)


def test_a_fragment_stands_until_a_period_turns_or_a_hold_ends(world: World) -> None:
    life, app, _ = live(world, 1)
    midnight = datetime(2026, 12, 1, 21, 0, tzinfo=UTC)  # in Istanbul
    life.site.limit_chatbot(BOT, {"reset_period": "daily"})
    life.clock.set(midnight.replace(hour=20, minute=59, second=17, microsecond=400_000))
    assert see(app, {}).headers[SECONDS] == "42"

    life.set_meta(BALANCE, "1000")
    hold = life.post("/v1/holds", {**life.of_chat(5), "ttl_seconds": 20})
    assert hold.status_code == 201
    held = see(app, {})
    assert held.headers[SECONDS] == "20"
    assert "Reserved" in held.text

    life.clock.advance(20)
    assert "Reserved" not in see(app, {}).text


def test_recent_activity_is_for_nobody_to_keep(world: World) -> None:
    _, app, _ = live(world, 1)

    answer = see(app, {"aipkit_activity": f"chat-{BOT}"})

    assert not {VERSION, SECONDS, "ETag"} & {*answer.headers.keys()}
    assert app.extensions["bridge"].fragments.size == 0


def test_users_and_queries_have_each_their_own(world: World) -> None:
    life, app, _ = live(world, 1)
    life.set_meta(BALANCE, "4711")
    for _ in range(2):
        assert "4,711" in see(app, {}).text
        assert "4,711" not in see(app, {}, USERS["bob"]).text
        guest = see(app, {}, 0)
        assert "aipkit-login-prompt" in guest.text
        assert guest.headers[VERSION] == "guest"
        assert "4.711" in see(app, {"locale": "de_DE"}).text
