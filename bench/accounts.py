"""The rows of the list of accounts: pages, orders, searches and filters over HTTP."""

import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import requests
from rich.console import Console
from rich.table import Table

from bench.export import measure_export
from bench.many_accounts import FIRST_ID, FIRST_NAMES, LAST_NAMES, add_accounts
from bench.results import Result
from bench.stage import API_KEY, BenchError, Stage, running_stage
from bench.timing import Percentiles, percentiles, times_of
from bridge.domain.account_queries import SortKey
from bridge.domain.paging import Cursor

Query = Mapping[str, str]
Ask = Callable[[random.Random, int], Query]

MOST_MS = 150
MOST_MS_OF_SEARCH = 100
SEARCHED = 100_000
"""Accounts among which a search finds any part of a text."""

_TIMEOUT_S = 30


@dataclass(frozen=True, slots=True)
class Times(Percentiles):
    """How long the answers of one kind of question took."""

    kind: str
    is_search: bool


def _first(chance: random.Random, _: int) -> Query:
    return {"sort": chance.choice(list(SortKey)), "order": chance.choice(["asc", "desc"])}


def _deep(chance: random.Random, count: int) -> Query:
    """Return what the link to a page in the middle asks for."""
    user = FIRST_ID + chance.randrange(count)
    places: Mapping[str, str | int] = {
        "name": f"{chance.choice(FIRST_NAMES)} Miller",
        "email": chance.choice(FIRST_NAMES).lower(),
        "balance": chance.randrange(100_000),
        "last_activity_at": f"2026-0{chance.randint(1, 9)}-15T12:00:00",
    }
    sort = chance.choice(list(places))
    return {"sort": sort, "cursor": str(Cursor(places[sort], user, (sort, False)))}


def _sorted(sort: SortKey, chance: random.Random, _: int) -> Query:
    return {"sort": sort, "order": chance.choice(["asc", "desc"])}


def _search(text: Callable[[random.Random, int], str], chance: random.Random, count: int) -> Query:
    return {**_first(chance, count), "search": text(chance, count)}


def _filter(text: str, chance: random.Random, count: int) -> Query:
    return {**_first(chance, count), "filter": text}


def _first_name(chance: random.Random) -> str:
    return chance.choice(FIRST_NAMES)


def _full_name(chance: random.Random) -> str:
    return f"{_first_name(chance)} {chance.choice(LAST_NAMES)}"


_SEARCHES: Mapping[str, Callable[[random.Random, int], str]] = {
    "one login": lambda c, n: f"{_first_name(c).lower()}{c.randrange(n)}",
    "logins, some": lambda c, _: f"{_first_name(c).lower()}{c.randrange(10, 1000)}",
    "logins, many": lambda c, _: f"{_first_name(c).lower()}{c.randrange(1, 10)}",
    "one e-mail": lambda c, n: f"{_full_name(c).lower().replace(' ', '.')}{c.randrange(n)}@",
    "e-mails, many": lambda c, _: _full_name(c).lower().replace(" ", "."),
    "a first name": lambda c, _: _first_name(c),
    "a full name": lambda c, _: _full_name(c),
    "a letter": lambda c, _: _first_name(c)[0],
    "one id": lambda c, n: str(FIRST_ID + c.randrange(n)),
    "ids, some": lambda c, n: str(FIRST_ID + c.randrange(n))[:3],
    "a digit, of ids": lambda c, _: c.choice("1234"),
    "nobody": lambda *_: "nobody at all",
}
_FILTERS: Mapping[str, str] = {
    "a balance": "has_balance",
    "a common role": "role:customer",
    "a rare role": "role:editor",
    "used, many": "used_chat>=100",
    "used, few": "used_chat>=4990",
    "three, many": "has_balance,used_chat>=100,role:customer",
    "three, few": "used_image_generator>=50,used_chat>=4900,has_balance",
    "nobody": "used_ai_forms>=1",
}
KINDS: Mapping[str, Ask] = {
    "page: first": _first,
    "page: deep": _deep,
    **{f"by {sort}": partial(_sorted, sort) for sort in SortKey},
    **{f"search: {name}": partial(_search, text) for name, text in _SEARCHES.items()},
    **{f"filter: {name}": partial(_filter, text) for name, text in _FILTERS.items()},
    "search and filters": lambda chance, count: {
        **_search(lambda c, _: _first_name(c), chance, count),
        "filter": "role:customer,has_balance",
    },
}


def measure(count: int, asked: int) -> Sequence[Result]:
    """Ask each kind of question so often, one at a time, of a site of so many accounts."""
    started = time.monotonic()
    with running_stage(lambda server, bridge: add_accounts(server, bridge, count)) as stage:
        print(f"{count:,} accounts made in {time.monotonic() - started:.0f} s", file=sys.stderr)
        times = list(_all_kinds(stage, count, asked))
        export = measure_export(stage, count)
    _print(times)
    found = [
        _result("accounts", f"{count:,} accounts, {len(times)} kinds of lists", times, MOST_MS)
    ]
    if count <= SEARCHED:
        searches = [one for one in times if one.is_search]
        what = f"{count:,} accounts, any part of a text"
        found.append(_result("search", what, searches, MOST_MS_OF_SEARCH))
    return [*found, export]


def _all_kinds(stage: Stage, count: int, asked: int) -> Iterator[Times]:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {API_KEY}"
        for kind, ask in KINDS.items():
            chance = random.Random(kind)
            asks = partial(_get, session, stage.url, partial(ask, chance, count))
            took = percentiles(times_of(asks, asked))
            is_search = kind.startswith("search")
            yield Times(took.p50_ms, took.p95_ms, took.max_ms, kind, is_search)


def _get(session: requests.Session, url: str, make_query: Callable[[], Query]) -> None:
    query = make_query()
    answer = session.get(f"{url}/v1/accounts", params=query, timeout=_TIMEOUT_S)
    if answer.status_code != 200:
        raise BenchError(f"{query}: {answer.status_code} {answer.text[:200]}")


def _result(row: str, what: str, times: Sequence[Times], most_ms: int) -> Result:
    worst = max(times, key=lambda one: one.p95_ms)
    figure = f"{worst.p95_ms:.0f} ms"
    details = [asdict(one) for one in times]
    return Result(row, f"{what}: p95 of the slowest, “{worst.kind}”", figure, "–", figure,
                  f"≤ {most_ms} ms", worst.p95_ms <= most_ms, details)  # fmt: skip


def _print(times: Sequence[Times]) -> None:
    table = Table("kind", "p50 ms", "p95 ms", "max ms")
    for one in times:
        table.add_row(one.kind, *(f"{ms:.1f}" for ms in (one.p50_ms, one.p95_ms, one.max_ms)))
    Console(stderr=True).print(table)
