"""The rows of fragments: the visitor's page over HTTP, against a handler with one query."""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread

import jwt

from bench.load import Answered, Load, ask
from bench.members import MEMBERS
from bench.results import Result, Round, rate
from bench.stage import SECRET, BenchError, Stage, running_beside, running_stage
from bridge.store.peer_plugin import BALANCE_KEY
from demo.site import DATABASE

CONNECTIONS = 32
REGULARS = MEMBERS[:1000]
"""Whose pages the service has rendered before; those of all members are more than it keeps."""
_WARM_UP_S = 5
_SHARE = 0.1
"""Of the visits, so many find a change."""
_ROOM = 0.015
"""In a longer turn more may come between the changes than in a try."""
_TRIES = 5
_TRY_S = 2
_PAUSE_S = 0.02
_CHANGE = """
    UPDATE wp_usermeta SET meta_value = meta_value - 1 WHERE user_id IN %s AND meta_key = %s
"""


def measure(rounds: int, seconds: int) -> Sequence[Result]:
    """Let the bare handler and the service take turns on one stage."""
    with (
        running_stage() as stage,
        running_beside(stage, "bench.bare", stage.database_url, f"/{MEMBERS[0]}") as bare_url,
    ):
        ask(bare_url, Load("bare", CONNECTIONS, REGULARS), _WARM_UP_S)
        ask(stage.url, fragments(stage, REGULARS), _WARM_UP_S)
        turns = [_turn(stage, bare_url, seconds) for _ in range(rounds)]
    what = f"pages, {CONNECTIONS} connections, 1,000 accounts, "
    unchanged, changing = zip(*turns, strict=True)
    return [
        rate("fragment", what + "nothing has changed", unchanged, reach_percent=60),
        rate("fragment", what + "one in ten has changed", changing, reach_percent=35),
    ]


def _turn(stage: Stage, bare_url: str, seconds: int) -> tuple[Round, Round]:
    bare = ask(bare_url, Load("bare", CONNECTIONS, REGULARS), seconds)
    # The others, at a turn's end, push the regulars' pages out of what is kept.
    ask(stage.url, fragments(stage, REGULARS), _WARM_UP_S)
    pages = ask(stage.url, fragments(stage, REGULARS), seconds)
    details = _times(pages)
    unchanged = Round(pages.per_second, bare.per_second, details)
    pages, seen = _visit(stage, _changes_a_second(stage, pages.per_second * _SHARE), seconds)
    others = ask(stage.url, fragments(stage, MEMBERS), seconds)
    details["of_10000_accounts_per_second"] = round(others.per_second, 1)
    if seen < _SHARE:
        raise BenchError(f"Only {seen:.1%} of the pages had changed.")
    details = {**_times(pages), "changed_percent": round(100 * seen, 1)}
    return unchanged, Round(pages.per_second, bare.per_second, details)


def _changes_a_second(stage: Stage, most: float) -> float:
    """Find out how often to change so that the share is met: fewer visits come the more change."""
    least = 0.0
    for _ in range(_TRIES):
        tried = (least + most) / 2
        _, seen = _visit(stage, tried, _TRY_S)
        is_too_few = seen < _SHARE + _ROOM
        least, most = (tried, most) if is_too_few else (least, tried)
    return most


def _visit(stage: Stage, changes_a_second: float, seconds: int) -> tuple[Answered, float]:
    """Let visitors come while balances change; return the share that found a change, too."""
    with _changes(stage, changes_a_second) as changed:
        pages = ask(stage.url, fragments(stage, REGULARS), seconds)
    return pages, changed[0] / (changed[0] + pages.answers)


def _times(answered: Answered) -> dict[str, float]:
    return {"p50_ms": answered.p50_ms, "p99_ms": answered.p99_ms}


@contextmanager
def _changes(stage: Stage, per_second: float) -> Iterator[list[int]]:
    """
    Change balances as other programs do, here and there; count the changes meanwhile.

    Of visits and changes that come to a thousand accounts at random, the share of visits that
    find a change is changes / (changes + visits).
    """
    done, ended = [0], Event()

    def change() -> None:
        started = time.monotonic()
        with stage.server.connect(database=DATABASE) as connection:
            while not ended.wait(_PAUSE_S):
                due = int((time.monotonic() - started) * per_second) - done[0]
                users = random.choices(REGULARS, k=max(1, due))  # no secret
                with connection.cursor() as cursor:
                    cursor.execute(_CHANGE, (tuple(users), BALANCE_KEY))
                done[0] += len({*users})

    thread = Thread(target=change)
    thread.start()
    try:
        yield done
    finally:
        ended.set()
        thread.join()


def fragments(stage: Stage, users: range) -> Load:
    """Return the load of visitors' pages, with tokens that are good for two minutes from now."""
    tokens = [make_token(stage, user) for user in users]
    path = stage.folder / "tokens"
    path.write_text("\n".join(tokens), "utf-8")
    return Load("fragment", CONNECTIONS, users, str(path))


def make_token(stage: Stage, user: int) -> str:
    """Return a visitor's token that is good for two minutes from now."""
    now = int(time.time())
    claims = {"iss": stage.site_url, "aud": "aipkit-bridge", "scope": "fragment", "sub": str(user),
              "iat": now, "exp": now + 120}  # fmt: skip
    return jwt.encode(claims, SECRET)
