"""Sites whose tables are older than utf8mb4: what does not fit is marked, never an error."""

import pytest

from bridge.wiring import Bridge
from tests.support.apps import create_app
from tests.support.client import API_KEY, api_key, bearer
from tests.support.site import USERS, SiteDatabase, convert_tables

BOB = USERS["bob"]
SNOW = "gpt-é☃😀"


@pytest.fixture(params=[("latin1", "gpt-é??"), ("utf8mb3", "gpt-é☃?"), ("ascii", "gpt-???")])
def written(request: pytest.FixtureRequest, site: SiteDatabase) -> str:
    """A site of an old character set; gives what becomes of `SNOW` there."""
    charset, text = request.param
    with site.server.connect(database=site.name) as connection, connection.cursor() as cursor:
        convert_tables(cursor, charset)
    return str(text)


@pytest.fixture
def bridge(written: str, site: SiteDatabase) -> Bridge:
    assert written
    return site.bridge(security=api_key("usage", "admin", "read"))


def test_a_use_is_booked_with_what_fits_of_its_texts(
    bridge: Bridge, site: SiteDatabase, written: str
) -> None:
    client = create_app(bridge).test_client()
    usage = {"provider": SNOW, "model": SNOW, "operation": SNOW, "data": {"input_tokens": 7}}
    body = {"actor": {"user_id": BOB}, "module": "ai_forms", "usage": usage}
    body |= {"reference": SNOW, "metadata": {"note": SNOW}}

    answer = client.post(
        "/v1/usage/record", json=body, headers={**bearer(API_KEY), "Idempotency-Key": "a"}
    )

    assert answer.status_code == 201, answer.text
    row = site.ledger()[-1]
    assert [row[name] for name in ("provider", "model", "operation", "reference_id")] == (
        [written] * 4
    )
    path = f"/v1/accounts/{BOB}/ledger"
    shown = client.get(path, headers=bearer(API_KEY)).json
    assert shown is not None
    assert shown["items"][0]["model"] == written


def test_a_reason_is_kept_whole(bridge: Bridge) -> None:
    client = create_app(bridge).test_client()
    headers = {**bearer(API_KEY), "Idempotency-Key": "a"}
    path = f"/v1/accounts/{BOB}"

    answer = client.post(f"{path}/adjustments", json={"delta": 5, "reason": SNOW}, headers=headers)

    assert answer.status_code == 201, answer.text
    shown = client.get(f"{path}/ledger", headers=headers).json
    assert shown is not None
    assert shown["items"][0]["reason"] == SNOW


def test_what_no_name_can_hold_is_found_nowhere(bridge: Bridge) -> None:
    client = create_app(bridge).test_client()

    for search in (SNOW, "é", "☃", "😀"):
        answer = client.get(
            "/v1/accounts", query_string={"search": search}, headers=bearer(API_KEY)
        )
        assert answer.status_code == 200, answer.text
