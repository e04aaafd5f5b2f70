"""
The rows of the plain way: what a user would otherwise get, by the same requests in the same run.

The plain way reads a balance and writes it back. How many deductions that loses is told by the
balance itself: what is missing between the answers and what was taken.
"""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median

from bench.load import ask
from bench.processes import tree
from bench.results import Result
from bench.spending import HOT, RECORD, Spending, open_accounts, wait_until_idle
from bench.stage import LOOP_DATABASE, Stage, running_beside, running_stage
from bridge.store.peer_plugin import BALANCE_KEY
from demo.site import DATABASE

_WARM_UP_S = 2
_BALANCES = """
    SELECT SUM(CAST(meta_value AS SIGNED)) FROM {database}.wp_usermeta WHERE meta_key = %s
"""
_BOOKED = "SELECT COUNT(*) FROM {database}.wp_aipkit_token_ledger WHERE entry_type = 'usage'"
_CREDITS = _BOOKED.replace("COUNT(*)", "-SUM(credits_delta)")


@dataclass(frozen=True, slots=True)
class Spent:
    """What a service booked, and how many of these deductions its balances have not kept."""

    per_second: float
    booked: int
    lost: int


def measure(rounds: int, seconds: int) -> Sequence[Result]:
    """Let the plain way and the service take turns, on copies of the same tables."""
    with (
        running_stage() as stage,
        running_beside(stage, "bench.plain_app", stage.loop_url, "/readyz") as plain_url,
    ):
        open_accounts(stage)
        ask(plain_url, RECORD.load, _WARM_UP_S)
        ask(stage.url, RECORD.load, _WARM_UP_S)
        return [_compare(stage, plain_url, row, rounds, seconds) for row in (RECORD, HOT)]


def _compare(stage: Stage, plain_url: str, row: Spending, rounds: int, seconds: int) -> Result:
    pairs = [
        (
            _spend(stage, stage.url, DATABASE, row, seconds),
            _spend(stage, plain_url, LOOP_DATABASE, row, seconds),
        )
        for _ in range(rounds)
    ]
    ours, theirs = zip(*pairs, strict=True)
    lost, booked = (sum(getattr(one, name) for one in theirs) for name in ("lost", "booked"))
    our_lost = sum(one.lost for one in ours)
    percent = median(100 * one.per_second / other.per_second for one, other in pairs)
    return Result(
        "plain",
        f"{row.what}, against Flask with an ORM that reads and then writes:"
        f" that lost {lost:,} of {booked:,} deductions, the service {our_lost:,}",
        f"{median(one.per_second for one in ours):,.0f}/s",
        f"{median(one.per_second for one in theirs):,.0f}/s",
        f"{percent:.0f} %",
        "none lost",
        our_lost == 0,
        [{"service": asdict(one), "plain": asdict(other)} for one, other in pairs],
    )


def _spend(stage: Stage, url: str, database: str, row: Spending, seconds: int) -> Spent:
    before = _books(stage, database)
    answered = ask(url, row.load, seconds)
    wait_until_idle([*tree(os.getpid()), stage.database_pid])
    booked, credits, balances = (
        now - then for now, then in zip(_books(stage, database), before, strict=True)
    )
    kept = round(booked * -balances / credits)
    return Spent(answered.per_second, booked, booked - kept)


def _books(stage: Stage, database: str) -> tuple[int, int, int]:
    """Return uses and their credits by the ledger, and the sum of balances."""
    uses, credits, balances = (
        int(stage.value(sql.replace("{database}", database), *args) or 0)
        for sql, args in ((_BOOKED, ()), (_CREDITS, ()), (_BALANCES, (BALANCE_KEY,)))
    )
    return uses, credits, balances
