"""The client against the real bridge: what it asks, answers and settles."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
import requests
from werkzeug.test import run_wsgi_app

from bridge.client import (
    Action,
    ApiError,
    Booking,
    Client,
    Denied,
    Event,
    Hold,
    Notice,
    Place,
)
from tests.support.apps import create_app
from tests.support.client import API_KEY
from tests.support.serving import serve
from tests.support.site import USERS
from tests.support.spending import BOT, NOON, Desk

BOB = USERS["bob"]
CHAT: Place = {"user_id": BOB, "module": "chat", "context_id": BOT}
GUEST: Place = {"session_id": "visitor-1", "module": "chat", "context_id": BOT}
NOTICE = Notice(
    message="Nothing is left.",
    actions=(Action(label="Buy credits", url="http://127.0.0.1:8090/shop/", variant="primary"),),
)


class ProviderError(Exception):
    """What may go wrong inside a block."""


def test_a_hold_says_what_it_reserves_and_until_when(desk: Desk, bridge: Client) -> None:
    desk.give(100)

    hold = bridge.hold(**CHAT, units=150, ttl_seconds=60)

    assert (hold.credits, hold.from_balance, hold.from_quota) == (150, 100, 50)
    assert hold.expires_at == NOON + timedelta(seconds=60)
    assert desk.figures()["held"] == 100


def test_a_commit_books_what_was_really_used(desk: Desk, bridge: Client) -> None:
    desk.give(100)

    with bridge.hold(**CHAT, units=150) as hold:
        booking = hold.commit(units=120)

    assert booking == Booking(
        entry_id=f"led_{desk.ledger()[0]['id']}",
        billed_credits=120,
        from_balance=100,
        from_quota=20,
        uncovered=0,
        balance_after=0,
    )
    desk.assert_booked(-100)


def test_a_commit_takes_the_providers_own_usage(desk: Desk, bridge: Client) -> None:
    with bridge.hold(**CHAT, usage={"data": {"input_tokens": 400}}) as hold:
        booking = hold.commit(data={"input_tokens": 40, "output_tokens": 25, "cached": None})

    assert booking.billed_credits == 65


def test_a_block_left_by_an_exception_releases_and_lets_it_through(
    desk: Desk, bridge: Client
) -> None:
    with pytest.raises(ProviderError), bridge.hold(**CHAT, units=150) as hold:
        raise ProviderError

    assert bridge.get_hold(hold.id).state == "released"
    assert desk.figures()["held"] == 0
    desk.assert_booked(0)


def test_a_block_left_without_a_commit_releases(desk: Desk, bridge: Client) -> None:
    with bridge.hold(**CHAT, units=150):
        pass

    assert desk.figures()["held"] == 0


def test_an_exception_after_the_commit_takes_nothing_back(desk: Desk, bridge: Client) -> None:
    hold = bridge.hold(**CHAT, units=150)
    hold.commit(units=120)

    with pytest.raises(ProviderError), hold:
        raise ProviderError

    assert bridge.get_hold(hold.id).state == "committed"
    desk.assert_booked(-120)


def test_what_was_used_is_not_given_away_when_the_commit_fails(desk: Desk, bridge: Client) -> None:
    with pytest.raises(ApiError, match="units"), bridge.hold(**CHAT, units=150) as hold:
        hold.commit(units=-1)

    assert bridge.get_hold(hold.id).state == "open"
    assert bridge.commit_hold(hold.id, units=120).billed_credits == 120


def test_a_failure_to_release_is_logged_and_hides_nothing(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    def break_off() -> None:
        with serve(create_app(desk.bridge)) as url:
            client = Client(url, API_KEY, sleep=lambda _: None)
            hold = client.hold(**CHAT, units=150)
            holds.append(hold)
        with hold:
            client.close()
            raise ProviderError

    holds: list[Hold] = []
    with pytest.raises(ProviderError):
        break_off()

    assert f"Hold {holds[0].id} is not released" in caplog.text
    assert desk.figures()["held"] == 150


def test_a_hold_can_be_released_by_hand(desk: Desk, bridge: Client) -> None:
    with bridge.hold(**CHAT, units=150) as hold:
        state = hold.release()

        assert (state, desk.figures()["held"]) == ("released", 0)


def test_a_denied_hold_carries_the_sites_notice(desk: Desk, bridge: Client) -> None:
    desk.give(0)

    with pytest.raises(Denied, match="Neither balance") as caught, bridge.hold(**CHAT, units=1001):
        pytest.fail("the block of a denied hold does not run")

    assert (caught.value.status, caught.value.code) == (402, "quota_exceeded")
    assert caught.value.notice == NOTICE


def test_a_check_tells_a_denial_without_raising(desk: Desk, bridge: Client) -> None:
    desk.give(0)

    check = bridge.check(**CHAT, units=1001)

    assert (check.allowed, check.reason) == (False, "quota_exceeded")
    assert (check.required_credits, check.quota.remaining) == (1001, 1000)
    assert check.notice == NOTICE


def test_an_allowed_check_has_no_notice(bridge: Client) -> None:
    check = bridge.check(**CHAT, units=10)

    assert (check.allowed, check.reason, check.notice) == (True, "balance", None)
    assert check.quota.resets_at is not None
    assert check.quota.resets_at > NOON


def test_a_guest_spends_the_free_allowance(bridge: Client) -> None:
    with bridge.hold(**GUEST, units=150) as hold:
        hold.commit(units=120)
    bridge.record(**GUEST, units=5)

    guest = bridge.guest("visitor-1")
    chat = next(module for module in guest.modules if module.context_id == BOT)

    assert (guest.session_id, chat.used, chat.remaining) == ("visitor-1", 125, 875)
    assert bridge.get_hold(hold.id).actor.session_id == "visitor-1"


def test_a_record_is_booked_with_its_reference(desk: Desk, bridge: Client) -> None:
    booking = bridge.record(**CHAT, units=30, reference="chat 81", metadata={"turn": 4})

    assert (booking.billed_credits, booking.balance_after) == (30, 9970)
    assert desk.ledger()[0]["reference_id"] == "chat 81"
    desk.assert_booked(-30)


def test_nothing_used_is_booked_without_an_entry(bridge: Client) -> None:
    booking = bridge.record(**CHAT, units=0)

    assert (booking.entry_id, booking.billed_credits) == (None, 0)


def test_the_same_key_books_once(desk: Desk, bridge: Client) -> None:
    bookings = {bridge.record(**CHAT, units=30, idempotency_key="turn 4") for _ in range(2)}

    assert len(bookings) == 1
    desk.assert_booked(-30)


def test_a_batch_tells_of_each_event_what_became_of_it(desk: Desk, bridge: Client) -> None:
    events: list[Event] = [
        {
            "user_id": BOB,
            "module": "chat",
            "context_id": BOT,
            "units": units,
            "idempotency_key": f"turn {turn}",
        }
        for turn, units in enumerate((30, -1, 5))
    ]

    first, wrong, last = bridge.batch(events)

    assert isinstance(first, Booking)
    assert isinstance(wrong, ApiError)
    assert isinstance(last, Booking)
    assert (first.billed_credits, last.billed_credits) == (30, 5)
    assert (wrong.status, wrong.code) == (400, "invalid_input")
    assert wrong.detail.startswith("events.1.units")
    desk.assert_booked(-35)


def test_an_account_shows_balance_and_allowances(bridge: Client) -> None:
    bridge.hold(**CHAT, units=100)

    account = bridge.account(BOB)

    assert (account.balance, account.held, account.available) == (10_000, 100, 9900)
    assert "Support Bot" in {module.title for module in account.modules}


def test_a_hold_shows_who_holds_what_and_its_commit(bridge: Client) -> None:
    with bridge.hold(**CHAT, units=150, on_expiry="charge") as hold:
        open_status = bridge.get_hold(hold.id)
        booking = hold.commit(units=120)

    committed = bridge.get_hold(hold.id)

    assert (open_status.state, open_status.commit) == ("open", None)
    assert (committed.state, committed.commit) == ("committed", booking)
    assert (committed.actor.user_id, committed.on_expiry) == (BOB, "charge")


def test_a_commit_after_the_end_is_late(desk: Desk, bridge: Client) -> None:
    hold = bridge.hold(**CHAT, units=150, ttl_seconds=60)
    desk.advance(60)

    booking = hold.commit(units=120)

    assert (booking.late, booking.billed_credits) == (True, 120)


def test_a_refusal_names_code_and_request(bridge: Client) -> None:
    with pytest.raises(ApiError, match="There is no user 999") as caught:
        bridge.account(999)

    assert (caught.value.status, caught.value.code) == (404, "unknown_user")
    assert len(caught.value.request_id) == 32


def test_a_wrong_key_is_refused_and_told_to_nobody(address: str) -> None:
    client = Client(address, "a-wrong-key")
    with pytest.raises(ApiError) as caught:
        client.account(BOB)
    client.close()

    assert (caught.value.status, caught.value.code) == (401, "unauthorized")
    assert "a-wrong-key" not in str(caught.value) + repr(client)


class LosesAnswers:
    """A proxy that fails after the bridge has done the work, once for each address."""

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app
        self.lost: list[str] = []

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        body, status, headers = run_wsgi_app(self.app, environ, buffered=True)
        path = environ["PATH_INFO"]
        if path in self.lost:
            start(status, list(headers))
            return body
        self.lost.append(path)
        start("502 Bad Gateway", [("Content-Type", "text/html")])
        return [b"<h1>Bad Gateway</h1>"]


def test_a_lost_answer_books_and_holds_nothing_twice(desk: Desk) -> None:
    proxy = LosesAnswers(create_app(desk.bridge))
    with serve(proxy) as url:
        client = Client(url, API_KEY, sleep=lambda _: None)
        client.record(**CHAT, units=30)
        with client.hold(**CHAT, units=150) as hold:
            hold.commit(units=120)
        released = client.hold(**CHAT, units=10)
        released.release()
        client.close()

    assert len(proxy.lost) == 4
    assert len(desk.ledger()) == 2
    assert desk.figures()["held"] == 0
    desk.assert_booked(-150)


def test_threads_may_share_a_client(desk: Desk, bridge: Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        bookings = list(pool.map(lambda _: bridge.record(**CHAT, units=1), range(40)))

    assert len({booking.entry_id for booking in bookings}) == 40
    desk.assert_booked(-40)


def test_the_environment_changes_nothing(bridge: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    assert bridge.account(BOB).user_id == BOB


class WatchedSession(requests.Session):
    closed = False

    def close(self) -> None:
        self.closed = True
        super().close()


def test_a_session_of_ones_own_stays_open(address: str) -> None:
    with WatchedSession() as session:
        client = Client(address, API_KEY, session=session)
        client.account(BOB)
        client.close()

        assert not session.closed


def test_a_session_of_ones_own_sends_the_clients_key_to_the_bridge_only(
    address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with requests.Session() as session:
        account = Client(f"{address}/", API_KEY, session=session).account(BOB)

        assert account.user_id == BOB
        assert "Authorization" not in session.headers
