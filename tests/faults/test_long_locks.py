"""Other programs keep rows, or all tables, locked for as long as a backup takes."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from bridge.services.spending import group_commit
from tests.support.apps import create_app
from tests.support.client import API_KEY, api_key, bearer
from tests.support.site import SiteDatabase
from tests.support.world import ALICE, BOB

PATIENT_S = 20
ROW_OF_BOB = f"""
    SELECT * FROM wp_usermeta
     WHERE user_id = {BOB} AND meta_key = '_aipkit_token_balance' FOR UPDATE
"""
_numbers = count()


@pytest.fixture
def lock_s(request: pytest.FixtureRequest) -> float:
    """How long a row is locked: 2 s, and a minute in a soak."""
    return 60 if request.config.getoption("--soak") else 2


@contextmanager
def locked(site: SiteDatabase, sql: str) -> Iterator[None]:
    """Let another program hold locks."""
    with site.server.connect(database=site.name) as other, other.cursor() as cursor:
        other.begin()
        cursor.execute(sql)
        yield
        other.rollback()
        cursor.execute("UNLOCK TABLES")


def use(app: Flask, user_id: int, key: str) -> TestResponse:
    body = {"actor": {"user_id": user_id}, "module": "image_generator", "units": 3}
    headers = {**bearer(API_KEY), "Idempotency-Key": key}
    return app.test_client().post("/v1/usage/record", headers=headers, json=body)


def use_on(app: Flask, user_id: int, stop: threading.Event) -> list[tuple[int, float]]:
    """Use something again and again; return each answer's status, and how long it took."""
    answers = []
    while not stop.is_set():
        started = time.monotonic()
        status = use(app, user_id, f"key-{next(_numbers)}").status_code
        answers.append((status, time.monotonic() - started))
    return answers


def test_a_row_that_is_locked_for_long_keeps_only_its_owner_waiting(
    site: SiteDatabase, lock_s: float
) -> None:
    app = create_app(site.bridge(security=api_key("usage")))
    for user_id in (ALICE, BOB):
        assert use(app, user_id, f"first of {user_id}").status_code == 201
    rows, stop = len(site.ledger()), threading.Event()

    with ThreadPoolExecutor(2) as pool:
        with locked(site, ROW_OF_BOB):
            alices = pool.submit(use_on, app, ALICE, stop)
            bobs = pool.submit(use_on, app, BOB, stop)
            time.sleep(lock_s)
        stop.set()

    told = [*alices.result(), *bobs.result()]
    assert {status for status, _ in alices.result()} == {201}
    assert {status for status, _ in bobs.result()} <= {201, 503}
    assert max(seconds for _, seconds in told) < PATIENT_S
    assert len(site.ledger()) - rows == [status for status, _ in told].count(201)
    site.assert_balanced()


def test_a_backup_that_locks_all_tables_is_not_waited_for_without_end(
    site: SiteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "_RETRY_FOR_S", 0.1)
    app = create_app(site.bridge(security=api_key("usage")))
    assert use(app, BOB, "first").status_code == 201

    with ThreadPoolExecutor(1) as pool, locked(site, "FLUSH TABLES WITH READ LOCK"):
        refused = pool.submit(use, app, BOB, "second").result(timeout=PATIENT_S)

    assert (refused.status_code, "Retry-After" in refused.headers) == (503, True)
    assert use(app, BOB, "second").status_code == 201
    site.assert_balanced()
