"""Another program's lock: one account waits for it and nobody else, and nothing comes of it."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from bridge.services.spending import group_commit
from tests.support.apps import create_app
from tests.support.caller import BATCH, HOLDS, RECORD, Json
from tests.support.client import API_KEY, api_key, bearer
from tests.support.crowd import BOT, FIRST_USER, Crowd
from tests.support.site import SiteDatabase
from tests.support.waiting import wait_until

BUSY, BUSY_TOO = {"user_id": FIRST_USER}, {"user_id": FIRST_USER + 10}
BUSY_GUEST = {"session_id": "visitor-0"}
OTHERS = [{"user_id": FIRST_USER + number} for number in range(22) if number not in (0, 10)]
PATIENT_S = 30


@dataclass
class Desk:
    """Books for anybody, from any thread."""

    site: SiteDatabase
    app: Flask
    numbers: Iterator[int]

    def post(self, path: str, body: Json, key: str = "") -> TestResponse:
        headers = {**bearer(API_KEY), "Idempotency-Key": key or f"key-{next(self.numbers)}"}
        return self.app.test_client().post(path, headers=headers, json=body)

    def record(self, actor: Json) -> int:
        return self.post(RECORD, use(actor)).status_code


def use(actor: Json) -> Json:
    return {"actor": actor, "module": "image_generator", "units": 3}


@pytest.fixture
def desk(site: SiteDatabase) -> Desk:
    """A crowd of 22 users and guests, who have all spent before."""
    crowd = Crowd(22, balance=1000, limit=1000)
    crowd.move_into(site)
    desk = Desk(site, create_app(site.bridge(security=api_key("usage"))), count())
    spent = [{**use(a), "idempotency_key": f"first-{n}"} for n, a in enumerate(crowd.actors)]
    assert desk.post(BATCH, {"events": spent}).status_code == 200
    return desk


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(32) as pool:
        yield pool


@contextmanager
def row_held(desk: Desk, actor: Json) -> Iterator[None]:
    """Let another program's transaction hold an account's row, as the peer and WordPress may."""
    sql = "SELECT * FROM wp_aipkit_guest_token_usage WHERE session_id = %(session_id)s FOR UPDATE"
    if "user_id" in actor:
        sql = (
            "SELECT * FROM wp_usermeta WHERE user_id = %(user_id)s"
            " AND meta_key = '_aipkit_token_balance' FOR UPDATE"
        )
    with desk.site.server.connect(database=desk.site.name) as other, other.cursor() as cursor:
        other.begin()
        assert cursor.execute(sql, actor) == 1
        yield
        other.rollback()


def statuses(futures: "list[Future[int]]") -> set[int]:
    return {future.result(timeout=PATIENT_S) for future in futures}


@pytest.mark.parametrize("busy_actor", [BUSY, BUSY_GUEST], ids=["user", "guest"])
def test_others_are_booked_while_one_account_waits(
    desk: Desk, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch, busy_actor: Json
) -> None:
    monkeypatch.setattr(group_commit, "_RETRY_FOR_S", 2 * PATIENT_S)
    with row_held(desk, busy_actor):
        busy = [pool.submit(desk.record, busy_actor) for _ in range(3)]
        others = [pool.submit(desk.record, actor) for actor in OTHERS * 5]
        booked = statuses(others)
        waiting = not any(future.done() for future in busy)

    assert (booked, waiting) == ({201}, True)
    assert statuses(busy) == {201}


def test_two_busy_accounts_do_not_wait_for_each_other(
    desk: Desk, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "_RETRY_FOR_S", 2 * PATIENT_S)
    with row_held(desk, BUSY):
        with row_held(desk, BUSY_TOO):
            busy = [pool.submit(desk.record, BUSY) for _ in range(3)]
            too = [pool.submit(desk.record, BUSY_TOO) for _ in range(3)]
            others = statuses([pool.submit(desk.record, actor) for actor in OTHERS])
            both_wait = not any(future.done() for future in (*busy, *too))
        second = statuses(too)
        first_waits = not any(future.done() for future in busy)

    assert (others, both_wait) == ({201}, True)
    assert (second, first_waits) == ({201}, True)
    assert statuses(busy) == {201}


@pytest.mark.parametrize("actor", [BUSY, BUSY_GUEST], ids=["user", "guest"])
@pytest.mark.parametrize("path", [RECORD, HOLDS])
def test_an_account_busy_for_too_long_is_unavailable_never_denied(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, path: str, actor: Json
) -> None:
    monkeypatch.setattr(group_commit, "_RETRY_FOR_S", 0.1)

    with row_held(desk, actor):
        refused = desk.post(path, use(actor), key="once")
    repeated = desk.post(path, use(actor), key="once")

    assert refused.status_code == 503
    assert refused.json is not None
    assert refused.json["code"] == "database_unavailable"
    assert int(refused.headers["Retry-After"]) > 0
    assert repeated.status_code == 201
    assert "Idempotency-Replayed" not in repeated.headers


def test_in_a_batch_only_the_busy_accounts_event_is_unavailable(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "_RETRY_FOR_S", 0.1)
    actors: list[Json] = [OTHERS[0], BUSY, OTHERS[1], BUSY, BUSY_GUEST]
    events = [
        {**use(actor), "idempotency_key": f"event-{number}"} for number, actor in enumerate(actors)
    ]

    with row_held(desk, BUSY):
        first = desk.post(BATCH, {"events": events}).json
    again = desk.post(BATCH, {"events": events}).json

    assert first is not None
    assert [result["status"] for result in first["results"]] == [201, 503, 201, 503, 201]
    assert again is not None
    assert [result["status"] for result in again["results"]] == [201] * 5
    assert [result.get("replayed", False) for result in again["results"]] == [
        True, False, True, False, True,
    ]  # fmt: skip
    desk.site.assert_balanced()


def test_a_key_that_another_account_takes_meanwhile_undoes_the_booking(
    desk: Desk, pool: ThreadPoolExecutor
) -> None:
    """The loser has found the key unused, and written all but its ledger row and the key."""
    loser, winner = {"user_id": FIRST_USER + 4}, {"user_id": FIRST_USER + 9}
    event = {"actor": winner, "module": "chat", "context_id": BOT, "units": 0}  # no ledger row
    before, rows = used(desk.site, loser), desk.site.ledger()
    with desk.site.server.connect(database=desk.site.name) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLES wp_aipkit_token_ledger WRITE")
        late = pool.submit(desk.post, RECORD, use(loser), "once")
        wait_for_somebody_waiting(desk.site)
        # A batch has a transaction of its own, beside the queue of the single requests.
        first = pool.submit(desk.post, BATCH, {"events": [{**event, "idempotency_key": "once"}]})
        booked = first.result(timeout=PATIENT_S).json
        cursor.execute("UNLOCK TABLES")
    refused = late.result(timeout=PATIENT_S)

    assert booked is not None
    assert [result["status"] for result in booked["results"]] == [201]
    assert refused.json is not None
    assert (refused.status_code, refused.json["code"]) == (422, "idempotency_mismatch")
    assert (used(desk.site, loser), desk.site.ledger()) == (before, rows)


def used(site: SiteDatabase, actor: Json) -> int:
    """Return a user's counter of the image generator."""
    sql = (
        "SELECT meta_value FROM wp_usermeta"
        " WHERE user_id = %(user_id)s AND meta_key = '_aipkit_img_tokens_used'"
    )
    return int(site.value(sql, actor))


def wait_for_somebody_waiting(site: SiteDatabase) -> None:
    """Wait until a connection waits for a table that another one has locked."""
    sql = (
        "SELECT 1 FROM information_schema.processlist"
        " WHERE db = %s AND state LIKE 'Waiting for table%%'"
    )
    wait_until(lambda: site.rows(sql, (site.name,)), "nobody waits", pause_s=0.01)


@pytest.mark.parametrize("busy_actor", [BUSY, BUSY_GUEST], ids=["user", "guest"])
def test_what_was_booked_is_told_again_at_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, busy_actor: Json
) -> None:
    monkeypatch.setattr(group_commit, "_RETRY_FOR_S", 0)
    first = desk.post(RECORD, use(busy_actor), key="sent twice")

    with row_held(desk, busy_actor):
        again = desk.post(RECORD, use(busy_actor), key="sent twice")

    assert (again.status_code, again.data) == (201, first.data)
