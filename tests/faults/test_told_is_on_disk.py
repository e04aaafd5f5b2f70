"""What is answered survives a power cut at once, also where another process answers it again."""

import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Event
from typing import Any, TypeVar

import pymysql
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from demo.private_server import PrivateServer, find_program
from tests.support.apps import create_app
from tests.support.client import API_KEY, api_key, bearer
from tests.support.site import USERS, SiteDatabase, copy_template
from tests.support.waiting import wait_until

BOB = USERS["bob"]
FLUSH_S = 0.3
READER = bearer(API_KEY)
_SYNCS = "fsync,fdatasync"


@pytest.fixture
def cuts(request: pytest.FixtureRequest) -> int:
    """How often the power is cut: once, and a hundred times in a soak."""
    return 100 if request.config.getoption("--soak") else 1


@pytest.fixture
def site(mortal: PrivateServer) -> Iterator[SiteDatabase]:
    copy_template(mortal, "template", "killed")
    with SiteDatabase(mortal, "killed") as site:
        yield site


@contextmanager
def slow_disk(server: PrivateServer) -> Iterator[None]:
    """Every flush takes a while, as on a busy disk."""
    program = find_program("strace")
    assert program, "No strace found: apt-get install strace"
    command = [program, "-f", "-p", str(server.pid), "-e", f"trace={_SYNCS}"]
    command += ["-e", f"inject={_SYNCS}:delay_enter={int(FLUSH_S * 1_000_000)}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        said = tracer.stderr.readline()
        assert "attached" in said, said
        try:
            yield
        finally:
            tracer.kill()


def process_of(site: SiteDatabase) -> FlaskClient:
    """One process's client of the bridge."""
    return create_app(site.bridge(security=api_key("admin", "usage", "read"))).test_client()


@contextmanager
def others_commit(site: SiteDatabase) -> Iterator[None]:
    """Other programs keep the disk busy: a commit stands in line for its flush."""
    ended = Event()

    def commit() -> None:
        with site.server.connect(database=site.name) as connection, suppress(pymysql.Error):
            while not ended.is_set():
                connection.cursor().execute(
                    "UPDATE wp_options SET option_value = option_value + 1"
                    " WHERE option_name = 'start_of_week'"
                )

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(commit)
        try:
            yield
        finally:
            ended.set()
    other.result()


Told = TypeVar("Told")
Say = Callable[[FlaskClient], TestResponse]


def told_before_the_cut(
    site: SiteDatabase, book: Say, listen: Callable[[FlaskClient], Told]
) -> Told:
    """
    Cut the power as soon as a second process has told what a first one is still writing.

    *book* is sent to the first; its COMMIT is seen by *listen*, and waits for the disk.
    """
    first, second = process_of(site), process_of(site)
    for client in (first, second):  # each has read the site, and has its connection
        assert client.get(f"/v1/accounts/{BOB}", headers=READER).status_code == 200
    seq = seq_of_bob(site)
    with ThreadPoolExecutor(1) as pool, slow_disk(site.server), others_commit(site):
        booking = pool.submit(book, first)
        wait_until(lambda: seq_of_bob(site) != seq, "nothing is committed", pause_s=0.002)
        told = listen(second)
        site.server.kill()
        booking.exception()
    site.server.start()
    site.reconnect()
    site.close_bridges()
    return told


def seq_of_bob(site: SiteDatabase) -> object:
    sql = "SELECT seq FROM wp_aipkit_bridge_accounts WHERE user_id = %s"
    return site.value(sql, (BOB,))


def post(path: str, body: dict[str, Any], key: str = "") -> Say:
    headers = {**READER, "Idempotency-Key": key} if key else READER
    return lambda client: client.post(path, headers=headers, json=body)


def use_once(site: SiteDatabase, path: str, body: dict[str, Any], key: str) -> TestResponse:
    """Book something and get its answer, with nothing in its way."""
    answer = post(path, body, key)(process_of(site))
    assert answer.status_code == 201, answer.text
    return answer


ADJUSTMENT = f"/v1/accounts/{BOB}/adjustments", {"delta": 250, "reason": "Sorry"}
ACTOR: dict[str, Any] = {"actor": {"user_id": BOB}, "module": "image_generator", "units": 7}


@pytest.mark.parametrize(
    ("path", "body"), [ADJUSTMENT, ("/v1/usage/record", ACTOR)], ids=["adjustment", "use"]
)
def test_a_repeated_answer_is_not_faster_than_the_disk(
    site: SiteDatabase, cuts: int, path: str, body: dict[str, Any]
) -> None:
    """InnoDB shows a commit before its redo is on disk; whoever tells of it waits as well."""
    use_once(site, path, body, "makes the rows")
    for number in range(cuts):
        again = post(path, body, f"once-{number}")

        answer = told_before_the_cut(site, again, again)

        assert (answer.status_code, answer.headers["Idempotency-Replayed"]) == (201, "true")
        assert answer.json is not None
        told = int(answer.json["entry_id"].removeprefix("led_"))
        assert site.rows("SELECT 1 FROM wp_aipkit_token_ledger WHERE id = %s", (told,)), number


def test_a_hold_that_is_said_to_be_committed_stays_so(site: SiteDatabase, cuts: int) -> None:
    for number in range(cuts):
        placed = use_once(site, "/v1/holds", ACTOR, f"hold-{number}")
        assert placed.json is not None
        path = f"/v1/holds/{placed.json['hold_id']}"

        def wait_until_committed(client: FlaskClient, path: str = path) -> str:
            while (state := state_of(client, path)) == "open":
                pass
            return state

        told = told_before_the_cut(
            site, post(f"{path}/commit", {"units": 5}), wait_until_committed
        )

        assert told == state_of(process_of(site), path) == "committed"


def state_of(client: FlaskClient, path: str) -> str:
    answer = client.get(path, headers=READER)
    assert answer.json is not None
    return str(answer.json["state"])
