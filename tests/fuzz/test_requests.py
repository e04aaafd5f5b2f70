"""Requests of all kinds to all routes: none is a defect or hangs; a refused one writes nothing."""

import random
import time
from collections import Counter

import pytest

from shop_stand_in.state import Line
from tests.support.apps import create_app
from tests.support.client import WEBHOOK_SECRET, api_key
from tests.support.fuzz_requests import Fuzzer, Sent
from tests.support.world import ALICE, BOB, MUG, SMALL, World
from tests.support.written import Written

PATIENT_S = 10
KEPT_DENIAL = {"wp_aipkit_bridge_idempotency"}
"""A denial is kept with its key: it is the answer to the repeat."""


@pytest.fixture
def requests(request: pytest.FixtureRequest) -> int:
    """How many are sent: 500, and 10,000 in a soak."""
    return 10_000 if request.config.getoption("--soak") else 500


@pytest.fixture
def fuzzer(world: World) -> Fuzzer:
    """A site with orders of all kinds, findings and price rules."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    asked = world.with_settings(
        security=api_key("usage", "read", "admin"),
        woocommerce={"webhook_secret": WEBHOOK_SECRET},
    )
    orders = [world.order(ALICE), world.order(BOB, Line(SMALL, quantity=2), Line(MUG))]
    orders += [world.order(0, Line(SMALL)), world.order(4711)]
    asked.poll()
    for number in range(3):
        world.site.run(
            "INSERT INTO wp_aipkit_bridge_findings (kind, summary, evidence, found_at)"
            " VALUES ('foreign_change', %s, '{}', UTC_TIMESTAMP(6))",
            (f"Something is wrong: {number}",),
        )
    return Fuzzer(create_app(asked.bridge), asked.bridge, random.Random(seed), orders)


def may_write(sent: Sent) -> set[str] | None:
    """Return the tables that a request may have written; None: any."""
    status = sent.answer.status_code
    if status == 402:
        return KEPT_DENIAL
    is_refused = status >= 400 or sent.request["method"] in ("GET", "HEAD", "OPTIONS")
    return set() if is_refused else None


def test_no_request_is_a_defect_and_no_refused_one_writes(
    world: World, fuzzer: Fuzzer, requests: int
) -> None:
    written, statuses, longest_s = Written(world.site), Counter[int](), 0.0
    defects: list[object] = []
    written.changes()
    started = time.monotonic()
    for _ in range(requests):
        before = time.monotonic()
        sent = fuzzer.send()
        took_s = time.monotonic() - before
        longest_s = max(longest_s, took_s)
        status = sent.answer.status_code
        statuses[status] += 1
        changes, allowed = written.changes(), may_write(sent)
        if status >= 500 or took_s > PATIENT_S:
            defects.append((sent.request, status, took_s))
        if allowed is not None and not changes <= allowed:
            defects.append((sent.request, status, changes))

    print(
        f"{requests} requests in {time.monotonic() - started:.0f} s, the longest"
        f" {longest_s * 1000:.0f} ms; {dict(sorted(statuses.items()))}"
    )
    assert defects == []
    assert set(statuses) >= {200, 201, 303, 400, 401, 404}
    world.site.assert_balanced()
