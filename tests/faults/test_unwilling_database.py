"""A database that takes no writes, or no connections, for a while: every path waits for it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

import pymysql
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge.jobs.runner import Leadership, run_job
from bridge.jobs.scheduler import timetable
from bridge.services.sign_in import csrf_token
from bridge.wiring import Bridge
from tests.support.admin import COOKIE, new_session
from tests.support.apps import create_app
from tests.support.client import API_KEY, WEBHOOK_SECRET, api_key, bearer, make_token
from tests.support.forms import form_on
from tests.support.site import IDS, USERS
from tests.support.webhooks import signature_of
from tests.support.world import SMALL_CREDITS, World
from tests.support.written import Written

BOB, BOT = USERS["bob"], IDS["bots"]["Support Bot"]
USE = {"actor": {"user_id": BOB}, "module": "image_generator", "units": 3}
PLAIN = "'plain'@'127.0.0.1'"
Ask = Callable[[], TestResponse]


@dataclass
class Unwilling:
    """A world on a database whose user is as hosts give them; and how to make it unwilling."""

    world: World
    bridge: Bridge
    way: str

    def begin(self) -> None:
        site = self.world.site
        if self.way == "read-only":
            site.run("SET GLOBAL read_only = 1")
            return
        self.bridge.db.close()  # connections are made anew, and there are none
        if self.way == "hourly share":
            site.run(f"ALTER USER {PLAIN} WITH MAX_QUERIES_PER_HOUR 1")
        elif self.way == "no connection of its own":
            site.run(f"ALTER USER {PLAIN} WITH MAX_USER_CONNECTIONS -1")
        else:
            self._others = ExitStack()
            site.run("SET GLOBAL max_connections = 10")
            for _ in range(10):
                with suppress(pymysql.OperationalError):  # all are taken
                    self._others.enter_context(connect_plainly(self.world))

    def end(self) -> None:
        site = self.world.site
        site.run("SET GLOBAL read_only = 0")
        site.run(f"ALTER USER {PLAIN} WITH MAX_QUERIES_PER_HOUR 0 MAX_USER_CONNECTIONS 0")
        if self.way == "no connection left":
            self._others.close()


def connect_plainly(world: World) -> "pymysql.connections.Connection[pymysql.cursors.Cursor]":
    return pymysql.connect(host="127.0.0.1", port=world.site.server.port, user="plain")


@pytest.fixture(
    params=["read-only", "hourly share", "no connection of its own", "no connection left"]
)
def unwilling(request: pytest.FixtureRequest, world: World) -> Iterator[Unwilling]:
    site = world.site
    site.run(f"CREATE OR REPLACE USER {PLAIN}")
    site.run(f"GRANT ALL ON {site.name}.* TO {PLAIN}")
    url = site.server.url(site.name).replace("root@", "plain@")
    bridge = site.bridge(
        world.running.url,
        database={"url": url, "pool_size": 2},
        security=api_key("usage", "read", "admin"),
        woocommerce={"webhook_secret": WEBHOOK_SECRET},
    )
    yield Unwilling(world, bridge, request.param)
    site.run(f"DROP USER {PLAIN}")


def all_asks(world: World, bridge: Bridge, client: FlaskClient) -> dict[str, tuple[Ask, int]]:
    """Return a request for each way to write, and what it is answered when all is well."""
    order_id = world.order(0)
    world.poll()
    secret = new_session(bridge)
    cookie = {"Cookie": f"{COOKIE}={secret}"}

    def api(path: str, body: object, key: str = "") -> Ask:
        headers = {**bearer(API_KEY), **({"Idempotency-Key": key} if key else {})}
        return lambda: client.post(path, headers=headers, json=body)

    def screen(path: str, page: str = "", **typed: str) -> Ask:
        fields = form_on(client.get(page, headers=cookie).text, path) if page else {}
        fields |= {"csrf": csrf_token(secret), **typed}
        return lambda: client.post(path, headers=cookie, data=fields)

    held: list[Any] = [api("/v1/holds", USE, f"hold-{number}")().json for number in range(2)]
    assert all(held)
    delivery = b'{"id": 4711}'
    signed = {"X-WC-Webhook-Signature": signature_of(delivery, WEBHOOK_SECRET)}
    hint = bearer(make_token(BOB, "hint"))
    order = {"order_id": 4711}
    account, prices, limits = (
        f"/admin/credits/{BOB}",
        "/admin/credits/prices",
        "/admin/credits/limits/ai_forms",
    )
    rule = {
        "module": "chat", "provider": "P", "model": "M", "operation": "chat", "unit_rate": "1",
        "scope_type": "module", "billing_method": "flat", "enabled": "1",
    }  # fmt: skip
    return {
        "record": (api("/v1/usage/record", USE, "record"), 201),
        "hold": (api("/v1/holds", USE, "another hold"), 201),
        "commit": (api(f"/v1/holds/{held[0]['hold_id']}/commit", {"units": 2}), 200),
        "release": (api(f"/v1/holds/{held[1]['hold_id']}/release", {}), 200),
        "adjustment": (
            api(f"/v1/accounts/{BOB}/adjustments", {"delta": 5, "reason": "x"}, "adjust"), 201,
        ),
        "hint": (lambda: client.post("/v1/hints/order", headers=hint, json=order), 202),
        "webhook": (
            lambda: client.post("/webhooks/woocommerce", headers=signed, data=delivery), 200,
        ),
        "retry": (api(f"/v1/orders/{order_id}/retry", {}), 202),
        "assign": (api(f"/v1/orders/{order_id}/assign", {"user_id": BOB}), 202),
        "balance": (screen(f"{account}/balance", account, set_to="77"), 303),
        "reset": (screen(f"{account}/reset", account), 303),
        "limits": (screen(limits, limits, user_limit="55"), 303),
        "price": (screen(prices, f"{prices}/new", **rule), 303),
        "many": (screen("/admin/credits/bulk", "/admin/credits", user=str(BOB), credits="5"), 303),
        "poll": (screen("/admin/poll"), 303),
    }  # fmt: skip


def test_every_way_to_write_is_unavailable_writes_nothing_and_works_later(
    unwilling: Unwilling,
) -> None:
    world, bridge = unwilling.world, unwilling.bridge
    client = create_app(bridge).test_client(use_cookies=False)
    asks = all_asks(world, bridge, client)
    written = Written(world.site)
    written.changes()

    unwilling.begin()
    refused = {name: ask() for name, (ask, _) in asks.items()}
    changes = written.changes()
    unwilling.end()
    later = {name: ask().status_code for name, (ask, _) in asks.items()}

    wrong = {n: (a.status_code, a.text) for n, a in refused.items() if a.status_code != 503}
    assert wrong == {}
    assert all("Retry-After" in answer.headers for answer in refused.values())
    assert changes == set()
    assert later == {name: status for name, (_, status) in asks.items()}
    world.site.assert_balanced()


def test_the_worker_waits_and_goes_on(unwilling: Unwilling) -> None:
    world, bridge = unwilling.world, unwilling.bridge
    order_id = world.order(BOB)
    leadership = Leadership(bridge, "the worker")
    jobs = timetable(bridge)
    leadership.renew()

    unwilling.begin()
    for job in jobs:
        run_job(bridge, leadership, job)
    leadership.renew()
    booked = world.site.booked(order_id)
    unwilling.end()
    leadership.renew()
    for job in jobs:
        run_job(bridge, leadership, job)

    assert booked == 0
    assert world.site.booked(order_id) == SMALL_CREDITS
