"""Answers that go wrong, and the server that gives them."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC

import pytest
import requests
from werkzeug.http import parse_date
from woocommerce import API

from shop_stand_in.shop import RunningShop, create_shop, serve_shop
from shop_stand_in.state import Fault, SeenRequest, ShopState

from .support import Clock, ids


def test_faults_are_taken_in_turn_and_none_lets_one_through(state: ShopState, woo: API) -> None:
    state.faults = [Fault.server_error(), None, Fault.unauthorized(), Fault.too_many(7)]

    got = [woo.get("orders/26") for _ in range(5)]

    assert [one.status_code for one in got] == [500, 200, 401, 429, 200]
    assert got[3].headers["Retry-After"] == "7"
    assert got[2].json()["code"] == "woocommerce_rest_authentication_error"


def test_a_function_can_choose_the_fault(state: ShopState, woo: API) -> None:
    def for_refunds(seen: SeenRequest) -> Fault | None:
        return Fault.server_error(503) if seen.path.endswith("/refunds") else None

    state.faults = for_refunds

    assert woo.get("orders/26").status_code == 200
    assert woo.get("orders/26/refunds").status_code == 503


def test_html_with_status_200(state: ShopState, woo: API) -> None:
    state.faults = [Fault.html()]
    got = woo.get("orders")

    assert (got.status_code, got.headers["Content-Type"]) == (200, "text/html; charset=UTF-8")


def test_half_a_body_says_its_own_length(state: ShopState, woo: API) -> None:
    whole = woo.get("orders")
    state.faults = [Fault.truncated()]
    half = woo.get("orders")

    assert half.content == whole.content[: len(whole.content) // 2]
    assert half.headers["Content-Length"] == str(len(half.content))
    with pytest.raises(requests.JSONDecodeError):
        half.json()


def test_an_empty_body(state: ShopState, woo: API) -> None:
    state.faults = [Fault.empty()]

    assert woo.get("orders").content == b""


def test_a_cut_connection(state: ShopState, woo: API) -> None:
    state.faults = [Fault.cut()]

    with pytest.raises(requests.ConnectionError):
        woo.get("orders")
    assert woo.get("orders").status_code == 200


def test_a_write_can_take_effect_and_lose_its_answer(state: ShopState, woo: API) -> None:
    state.faults = [Fault.cut(after=True), Fault.server_error(after=True), Fault.server_error()]

    with pytest.raises(requests.ConnectionError):
        woo.post("orders/26/notes", {"note": "one"})
    assert woo.post("orders/26/notes", {"note": "two"}).status_code == 500
    assert woo.post("orders/26/notes", {"note": "three"}).status_code == 500

    assert [note["note"] for note in state.notes(26)] == ["two", "one"]


def test_a_hanging_answer_comes_when_released(state: ShopState, woo: API) -> None:
    fault = Fault.hang(30)
    state.faults = [fault]
    threading.Timer(0.1, fault.release.set).start()
    began = time.monotonic()

    assert woo.get("orders/26").status_code == 200
    assert 0.05 < time.monotonic() - began < 10


def test_hooks_run_before_the_answer_and_requests_are_counted(state: ShopState, woo: API) -> None:
    state.on_request(lambda seen: state.set_status(26, "cancelled"))

    assert woo.get("orders/26", params={"_fields": "status"}).json() == {"status": "cancelled"}
    assert state.counts == {"all": 1, "GET orders/<id>": 1}
    assert list(state.requests) == [SeenRequest(1, "GET", "orders/26", {"_fields": "status"})]


def test_answers_carry_the_shops_time(clock: Clock, woo: API) -> None:
    clock.pass_s(3600)

    assert parse_date(woo.get("orders/26").headers["Date"]) == clock.now.astimezone(UTC)


def test_connections_are_kept_alive(running: RunningShop) -> None:
    with requests.Session() as session:
        for _ in range(3):
            got = session.get(f"{running.url}/wp-json/wc/v3/orders", timeout=5)
            assert got.raw.version == 11
            assert "Connection" not in got.headers
        assert len(running._server.connections) == 1


def test_a_stopped_shop_is_gone_and_can_come_back_at_its_port(state: ShopState) -> None:
    running = serve_shop(state)
    with requests.Session() as session:
        session.get(running.url, timeout=5)
        running.stop()
        with pytest.raises(requests.ConnectionError):
            session.get(running.url, timeout=5)
        with serve_shop(state, int(running.url.rpartition(":")[2])) as again:
            assert again.url == running.url
            assert session.get(running.url, timeout=5).status_code == 404


def test_many_at_once_get_whole_answers(state: ShopState, woo: API) -> None:
    def work(number: int) -> list[int]:
        state.touch(26 + number % 3)
        return ids(woo.get("orders", params={"per_page": 100}))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(work, range(40)))

    assert all(sorted(answer) == sorted(answers[0]) for answer in answers)
    assert state.counts["all"] == 40


def test_the_pages_are_only_there_when_asked_for(state: ShopState) -> None:
    assert create_shop(state).test_client().get("/").status_code == 404
