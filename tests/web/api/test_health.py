"""For monitors: alive, ready, and figures."""

import re

from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from bridge.wiring import build
from tests.support.apps import create_app
from tests.support.client import API_KEY, bearer
from tests.support.folders import DOCS
from tests.support.site import SiteDatabase, make_settings

OPERATE = DOCS / "operate.md"
COUNTERS = {f"aipkit_bridge_database_{name}" for name in ("transactions", "repeats", "failures")}
ELSEWHERE = {"REMOTE_ADDR": "203.0.113.9"}


def test_healthz_tells_time_and_version_without_a_database() -> None:
    bridge = build(make_settings("mysql://root@127.0.0.1:9/none", "http://127.0.0.1:9"))
    answer = create_app(bridge).test_client().get("/healthz")

    assert answer.status_code == 200
    assert answer.json is not None
    assert set(answer.json) == {"status", "time", "version"}


def test_readyz_is_503_without_a_database_and_before_migrate(new_site: SiteDatabase) -> None:
    down = build(make_settings("mysql://root@127.0.0.1:9/none", "http://127.0.0.1:9"))
    fresh = build(make_settings(new_site.server.url(new_site.name), "http://127.0.0.1:9"))

    for bridge, code in ((down, "database_unavailable"), (fresh, "not_migrated")):
        answer = create_app(bridge).test_client().get("/readyz")
        assert answer.status_code == 503
        assert answer.json is not None
        assert answer.json["code"] == code
    fresh.close()


def test_readyz_does_not_care_for_the_shop(client: FlaskClient) -> None:
    assert client.get("/readyz").status_code == 200


def test_metrics_are_for_this_machine_and_for_readers(client: FlaskClient) -> None:
    here = client.get("/metrics")
    proxied = client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
    elsewhere = client.get("/metrics", environ_base=ELSEWHERE)
    reader = client.get("/metrics", headers=bearer(API_KEY), environ_base=ELSEWHERE)

    codes = [answer.status_code for answer in (here, proxied, elsewhere, reader)]
    assert codes == [200, 401, 401, 200]
    assert "aipkit_bridge_orders{" in here.text


def test_metrics_are_those_that_are_documented(client: FlaskClient) -> None:
    text = client.get("/metrics").text
    families = {one.name: one for one in text_string_to_metric_families(text)}

    rows = [line for line in OPERATE.read_text("utf-8").splitlines() if line.startswith("| `")]
    documented = set(re.findall(r"`(aipkit_bridge_[a-z_]+)[`{]", "".join(rows)))
    exposed = {sample.name for one in families.values() for sample in one.samples}
    assert exposed | {"aipkit_bridge_poll_lag_seconds"} == documented, "no lag before a poll"
    assert {name for name, one in families.items() if one.type == "counter"} == COUNTERS
    assert {one.type for one in families.values()} == {"counter", "gauge"}


def test_counters_count_on(site: SiteDatabase) -> None:
    bridge = site.bridge()
    client = create_app(bridge).test_client()

    def counted() -> float:
        families = text_string_to_metric_families(client.get("/metrics").text)
        return sum(
            sample.value
            for one in families
            for sample in one.samples
            if sample.name == "aipkit_bridge_database_transactions_total"
        )

    before = counted()
    for _ in range(3):
        bridge.db.transaction(lambda tx: tx.now())

    assert counted() == before + 3


def test_metrics_say_what_is_wrong_with_the_database() -> None:
    down = build(make_settings("mysql://root@127.0.0.1:9/none", "http://127.0.0.1:9"))
    answer = create_app(down).test_client().get("/metrics")

    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["code"] == "database_unavailable"


def test_unknown_addresses_and_methods_are_problems(client: FlaskClient) -> None:
    missing, wrong = client.get("/nowhere"), client.delete("/healthz")

    assert (missing.status_code, wrong.status_code) == (404, 405)
    assert missing.json is not None
    assert missing.json["code"] == "not_found"
