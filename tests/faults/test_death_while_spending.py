"""A process that dies, or loses its connection, at any statement of what spends."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import NamedTuple

import pytest
from cachetools import TTLCache
from werkzeug.test import TestResponse

from bridge.store import db as store_db
from tests.support.caller import BATCH, HOLDS, RECORD, Json
from tests.support.deaths import Died, cut_at, dying_at
from tests.support.site import SiteDatabase
from tests.support.spending import BOT, Desk, json_of

Request = Callable[[], TestResponse]
"""The same request each time, with the same key."""

NEW_EACH_TIME = {"entry_id", "hold_id", "expires_at", "request_id", "replayed"}
Entries = list[tuple[str, int]]
numbers = count()


def record(desk: Desk) -> Request:
    return keyed(desk, RECORD, desk.body(units=10))


def hold(desk: Desk) -> Request:
    return keyed(desk, HOLDS, desk.body(units=10))


def denial(desk: Desk) -> Request:
    return keyed(desk, HOLDS, desk.body(units=100_000))


def record_of_a_new_guest(desk: Desk) -> Request:
    return keyed(desk, RECORD, desk.body(actor=new_guest(), units=10))


def batch_of_a_user_and_a_guest(desk: Desk) -> Request:
    uses = [desk.body(units=10), desk.body(actor=new_guest(), units=10), desk.body(units=0)]
    events = [{**use, "idempotency_key": f"event-{next(numbers)}"} for use in uses]
    return keyed(desk, BATCH, {"events": events})


def commit(desk: Desk) -> Request:
    return settling(desk, desk.hold(units=10), "commit", {"units": 8})


def release(desk: Desk) -> Request:
    return settling(desk, desk.hold(units=10), "release")


def expiry(desk: Desk) -> Request:
    desk.hold(units=10, ttl_seconds=60)
    desk.advance(61)
    return keyed(desk, RECORD, desk.body(units=0))


def charge_by_expiry(desk: Desk) -> Request:
    desk.hold(units=10, ttl_seconds=60, on_expiry="charge")
    desk.advance(61)
    return keyed(desk, RECORD, desk.body(units=0))


def commit_at_expiry(desk: Desk) -> Request:
    held = desk.hold(units=10, ttl_seconds=60, on_expiry="charge")
    desk.advance(61)
    return settling(desk, held, "commit", {"units": 3})


def smaller_commit_after_a_charge(desk: Desk) -> Request:
    request = commit_at_expiry(desk)
    desk.record(units=0)
    return request


ACTS: dict[Callable[[Desk], Request], Entries] = {
    record: [("chat", -5)],
    hold: [],
    denial: [],
    record_of_a_new_guest: [("chat", 0)],
    batch_of_a_user_and_a_guest: [("chat", -5), ("chat", 0)],
    commit: [("chat", -5)],
    release: [],
    expiry: [],
    charge_by_expiry: [("hold_expired", -5)],
    commit_at_expiry: [("hold_expired", -5), ("hold_adjusted", 2)],
    smaller_commit_after_a_charge: [("hold_adjusted", 2)],
}
"""With 5 credits of balance, what each writes into the ledger."""


def new_guest() -> Json:
    return {"session_id": f"visitor-{next(numbers)}"}


def keyed(desk: Desk, path: str, body: Json) -> Request:
    key = f"death-{next(numbers)}"
    return lambda: desk.post(path, body, key=key)


def settling(desk: Desk, held: Json, how: str, body: Json | None = None) -> Request:
    return lambda: desk.post(f"{HOLDS}/{held['hold_id']}/{how}", body)


def dies(patch: pytest.MonkeyPatch, number: int, request: Request) -> bool:
    try:
        with dying_at(patch, number, after=True):
            request()
    except Died:
        return True
    return False


def is_cut(patch: pytest.MonkeyPatch, number: int, request: Request) -> bool:
    with cut_at(patch, number) as was_cut:
        answer = request()
    assert answer.status_code in (200, 201, 402, 503), answer.text
    return bool(was_cut)


@pytest.fixture
def desk(site: SiteDatabase, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Bob's and guests' desk, of a bridge that reads the site once: no statement is by chance."""
    desk = Desk(site)
    monkeypatch.setattr(desk.bridge.site, "_kept", TTLCache(1, float("inf")))
    desk.bridge.site.get()
    monkeypatch.setattr(store_db, "_LOST_PAUSE_S", 0)
    return desk


@pytest.mark.parametrize("act", ACTS)
def test_a_repeat_makes_it_as_if_nothing_had_happened(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, act: Callable[[Desk], Request]
) -> None:
    wanted, _ = what_comes_of(desk, act, lambda _: False)
    assert wanted.entries == ACTS[act]

    for fails in (dies, is_cut):
        for number in count(1):
            got, failed = what_comes_of(desk, act, partial(fails, monkeypatch, number))
            assert got == wanted, (fails, number)
            if not failed:
                break
        assert number > 9, "it is that many statements at least"


class Outcome(NamedTuple):
    """A request's answer, and what it changed."""

    status: int
    body: Json
    changes: Counter[str]
    entries: Entries


def what_comes_of(
    desk: Desk, act: Callable[[Desk], Request], fail: Callable[[Request], bool]
) -> tuple[Outcome, bool]:
    """Let a request fail, and repeat it; return what came of it, and whether it did fail."""
    desk.give(5)
    desk.record(units=0)
    request = act(desk)
    before, rows = figures(desk), len(desk.ledger())
    failed = fail(request)
    desk.assert_right()
    answer = request()
    desk.assert_right()
    changes = figures(desk)
    changes.subtract(before)
    entries = [(row["operation"], row["credits_delta"]) for row in desk.ledger()[rows:]]
    body = json_of(answer)
    if answer.status_code == 201 and "hold_id" in body:
        desk.post(f"{HOLDS}/{body['hold_id']}/release")
    return Outcome(answer.status_code, told(body), changes, entries), failed


def told(body: Json) -> Json:
    """Return an answer without what is new each time."""
    if "results" in body:
        return {"results": [told(result) for result in body["results"]]}
    return {name: value for name, value in body.items() if name not in NEW_EACH_TIME}


def figures(desk: Desk) -> Counter[str]:
    """Return what the database holds, in figures."""
    account, value = desk.account_row(), desk.site.value
    used = "SELECT meta_value FROM wp_usermeta WHERE user_id = %s AND meta_key = %s"
    totals = {
        "guests' use": "SELECT SUM(tokens_used) FROM wp_aipkit_guest_token_usage",
        "guests' holds": "SELECT SUM(open_holds) FROM wp_aipkit_bridge_guests",
        "keys": "SELECT COUNT(*) FROM wp_aipkit_bridge_idempotency",
    }
    states = "SELECT state, COUNT(*) AS holds FROM wp_aipkit_bridge_holds GROUP BY state"
    return Counter(
        {
            "balance": desk.site.balance(account["user_id"]),
            "held": account["held"],
            "open": account["open_holds"],
            "used": int(value(used, (account["user_id"], f"_aipkit_token_usage_{BOT}")) or 0),
            **{name: int(value(sql) or 0) for name, sql in totals.items()},
            **{row["state"]: row["holds"] for row in desk.site.rows(states)},
        }
    )
