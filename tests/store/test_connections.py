"""Pooled connections after the server has gone: found out together, not one by one."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge.store import connections
from bridge.store.tx import Tx
from bridge.store.values import in_brackets
from bridge.wiring import Bridge
from tests.support.apps import create_app
from tests.support.client import API_KEY, api_key, bearer
from tests.support.site import USERS, SiteDatabase


def test_after_one_connection_was_lost_the_others_are_asked_before_they_are_used(
    site: SiteDatabase,
) -> None:
    db = site.bridge().db
    with db.reading() as first, db.reading() as second, db.reading() as third:
        ids = [int(tx.one("SELECT CONNECTION_ID() AS id")["id"]) for tx in (first, second, third)]  # type: ignore[index]  # it has a row
    for number in ids:
        site.run(f"KILL {number}")
    repeats = db.stats.repeats

    def look(tx: Tx) -> int:
        return tx.run("SELECT 1")

    assert [db.transaction(look) for _ in ids] == [1, 1, 1]
    assert db.stats.repeats == repeats + 1


@pytest.fixture
def plain(site: SiteDatabase) -> Iterator[str]:
    """A database user as hosts give them: without the right to write to a read-only server."""
    user = "'plain'@'127.0.0.1'"
    site.run(f"CREATE OR REPLACE USER {user}")
    site.run(f"GRANT ALL ON {site.name}.* TO {user}")
    yield site.server.url(site.name).replace("root@", "plain@")
    site.run(f"DROP USER {user}")


@pytest.fixture
def bridge(site: SiteDatabase, plain: str) -> Bridge:
    assert site.bridge()
    return site.bridge(database={"url": plain}, security=api_key("usage"))


@pytest.fixture
def client(bridge: Bridge) -> FlaskClient:
    return create_app(bridge).test_client()


def record(client: FlaskClient, key: str) -> TestResponse:
    body = {"actor": {"user_id": USERS["bob"]}, "module": "image_generator", "units": 3}
    return client.post(
        "/v1/usage/record", headers={**bearer(API_KEY), "Idempotency-Key": key}, json=body
    )


SESSIONS = "SELECT id FROM information_schema.processlist WHERE user = 'plain'"
LIMIT = "ALTER USER 'plain'@'127.0.0.1' WITH"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("SET GLOBAL read_only = 1", "SET GLOBAL read_only = 0"),
        (f"{LIMIT} MAX_QUERIES_PER_HOUR 1", f"{LIMIT} MAX_QUERIES_PER_HOUR 0"),
        (f"{LIMIT} MAX_USER_CONNECTIONS -1", f"{LIMIT} MAX_USER_CONNECTIONS 0"),
    ],
    ids=["read-only", "hourly share", "no connections"],
)
def test_what_passes_by_itself_is_said_so_and_passes(
    site: SiteDatabase, client: FlaskClient, before: str, after: str
) -> None:
    assert record(client, "first").status_code == 201
    rows = len(site.ledger())
    site.run(before)
    for session in site.rows(SESSIONS) if before.startswith(LIMIT) else ():
        site.run(f"KILL {session['id']}")  # limits count for new ones

    refused = record(client, "second")

    assert (refused.status_code, "Retry-After" in refused.headers) == (503, True), refused.text
    site.run(after)
    assert len(site.ledger()) == rows
    assert record(client, "second").status_code == 201
    assert len(site.ledger()) == rows + 1


def test_a_connection_to_a_server_that_turned_read_only_is_not_kept(
    site: SiteDatabase, bridge: Bridge, client: FlaskClient
) -> None:
    assert record(client, "first").status_code == 201
    (kept,) = site.rows(SESSIONS)
    site.run("SET GLOBAL read_only = 1")

    assert record(client, "second").status_code == 503

    site.run("SET GLOBAL read_only = 0")
    with bridge.db.reading() as tx:
        assert tx.one("SELECT CONNECTION_ID() AS id") != kept


def test_ids_of_many_rows_do_not_go_through_the_driver(site: SiteDatabase) -> None:
    """The driver asks each value for its type, by a method whose name has changed before."""
    ids = tuple(range(3000))
    with (
        patch.object(connections, "in_brackets", wraps=in_brackets) as written,
        site.bridge().db.reading() as tx,
    ):
        tx.all("SELECT ID FROM {u}users WHERE ID IN %(ids)s", {"ids": ids})
        tx.all("SELECT ID FROM {u}users WHERE ID IN %s", (ids,))

    assert [call.args for call in written.call_args_list] == [(ids,), (ids,)]
