"""A disk without room: what was told stays, nothing is half written, and later all is booked."""

from itertools import count

from flask.testing import FlaskClient

from tests.support.apps import create_app
from tests.support.caller import BATCH, Json
from tests.support.client import API_KEY, api_key, bearer
from tests.support.crowd import Crowd
from tests.support.site import SiteDatabase, copy_template, load_template
from tests.support.small_disk import small_disk

USERS = 50
OWNERS = 40  # every fifth owns nothing
_numbers = count()


def uses_of(crowd: Crowd) -> list[Json]:
    """Return one credit's use of everybody."""
    return [
        {
            "actor": {"user_id": user_id}, "module": "image_generator", "units": 1,
            "metadata": {"note": "x" * 900}, "idempotency_key": f"event-{next(_numbers)}",
        }
        for user_id in crowd.users
    ]  # fmt: skip


def send(client: FlaskClient, events: list[Json]) -> list[int]:
    """Send a batch; return what became of each."""
    answer = client.post(BATCH, headers=bearer(API_KEY), json={"events": events})
    if answer.status_code == 503:
        assert "Retry-After" in answer.headers
        return [503] * len(events)
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    return [result["status"] for result in answer.json["results"]]


def test_a_full_disk_is_waited_for_and_nothing_is_lost_or_doubled() -> None:
    with small_disk() as disk:
        load_template(disk.server, "template", "wordpress.sql")
        copy_template(disk.server, "template", "full")
        with SiteDatabase(disk.server, "full") as site:
            crowd = Crowd(USERS, balance=10_000, limit=0)
            crowd.move_into(site)
            client = create_app(site.bridge(security=api_key("usage", "read"))).test_client()
            batches = [uses_of(crowd)]
            assert set(send(client, batches[0])) == {201}
            disk.fill()

            statuses: set[int] = set()
            while 503 not in statuses:
                assert len(batches) < 500, "the disk has room"
                batches.append(uses_of(crowd))
                statuses = {*send(client, batches[-1])}
            shown = client.get(f"/v1/accounts/{crowd.users[0]}", headers=bearer(API_KEY))
            disk.make_room()
            site.reconnect()
            again = [send(client, events) for events in batches]

            assert statuses <= {201, 503}
            assert shown.status_code == 200
            assert again == [[201] * USERS] * len(batches)
            assert spent(site) == OWNERS * len(batches)
            site.assert_balanced()


def spent(site: SiteDatabase) -> int:
    sql = "SELECT -SUM(credits_delta) FROM wp_aipkit_token_ledger WHERE entry_type = 'usage'"
    return int(site.value(f"{sql} AND user_id > 700000"))
