"""The rows of spending: over HTTP, against loops without HTTP."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import requests

from bench.load import Load, ask
from bench.loops import run_loops
from bench.members import MEMBERS
from bench.processes import CpuMeter, cpu_seconds, tree
from bench.results import Result, Round, rate
from bench.stage import API_KEY, BenchError, Stage, running_stage

MANY, ONE = MEMBERS[:1000], MEMBERS[:1]
EVENTS = 1000
"""Events a batch, as in requests.lua."""
_WARM_UP_S = 2
_LOOK_EVERY_S = 0.5
_IDLE_SHARE = 0.1  # of a core: the worker looks for orders once a second
_BOOKED = "SELECT COUNT(*) FROM wp_aipkit_token_ledger WHERE id > %s AND entry_type = 'usage'"


@dataclass(frozen=True, slots=True)
class Spending:
    """What is asked, how many uses one answer books, and the share of the loops to reach."""

    row: str
    what: str
    load: Load
    reach_percent: int
    uses: int = 1
    calls: int = 1  # until these are booked

    def measure(self, rounds: int, seconds: int) -> Sequence[Result]:
        """Let loops and service take turns on a stage of their own."""
        with running_stage() as stage:
            open_accounts(stage)
            self.spend(stage, _WARM_UP_S)
            turns = [self._turn(stage, seconds) for _ in range(rounds)]
        return [rate(self.row, self.what, turns, reach_percent=self.reach_percent)]

    def _turn(self, stage: Stage, seconds: int) -> Round:
        baseline, costs = self._loop(stage, seconds)
        figure, details = self.spend(stage, seconds)
        return Round(figure, baseline, {**details, **costs})

    def _loop(self, stage: Stage, seconds: int) -> tuple[float, dict[str, float]]:
        """Return uses that the loops book a second, and what they cost."""
        database = CpuMeter([stage.database_pid])
        looped = run_loops(stage.loop_url, self.load.users, seconds)
        return looped.uses / seconds, {
            "loop_cpu_ms": round(1000 * looped.cpu_s / looped.uses, 3),
            "loop_database_cpu_ms": database.ms_each(looped.uses),
        }

    def spend(self, stage: Stage, seconds: int) -> tuple[float, dict[str, float]]:
        """Return uses that the service books a second, and what they cost."""
        newest = stage.value("SELECT MAX(id) FROM wp_aipkit_token_ledger")
        pids = tree(stage.process.pid)
        service, database = CpuMeter(pids), CpuMeter([stage.database_pid])
        answered = ask(stage.url, self.load, seconds)
        in_time = stage.value(_BOOKED, newest)
        wait_until_idle([*pids, stage.database_pid])
        booked = stage.value(_BOOKED, newest)
        self._check(answered.answers, booked)
        return in_time / answered.seconds, {
            "answers": answered.answers,
            "p50_ms": answered.p50_ms,
            "p99_ms": answered.p99_ms,
            "service_cpu_ms": service.ms_each(booked),
            "database_cpu_ms": database.ms_each(booked),
        }

    def _check(self, answers: int, booked: int) -> None:
        """Fail unless the ledger has a row of each use: of those answered, and under way."""
        begun = self.load.connections  # as many calls may be under way, and uses half done
        least, most = answers, answers + begun
        if self.calls > 1:
            least, most = (answers - begun) // self.calls, (answers + begun) // self.calls + 1
        if not least * self.uses <= booked <= most * self.uses:
            raise BenchError(
                f"{answers} answers, {self.calls} of them for {self.uses} uses,"
                f" but {booked} rows in the ledger."
            )


RECORD = Spending(
    "record", "records, 32 connections, 1,000 accounts", Load("record", 32, MANY, API_KEY), 120
)
HOT = Spending(
    "hot", "records, 32 connections, one account", Load("record", 32, ONE, API_KEY), 200
)
BATCH = Spending(
    "batch", "events, 1,000 a call, 1,000 accounts", Load("batch", 4, MANY, API_KEY), 400, EVENTS
)
HOLDS = Spending(
    "holds", "holds and their commits, 32 connections, 1,000 accounts, counted in pairs",
    Load("holds", 32, MANY, API_KEY), 50, calls=2,
)  # fmt: skip


def open_accounts(stage: Stage) -> None:
    """Let every account be used once: the first use of one makes its rows."""
    events = [
        {"idempotency_key": f"open-{user}", "actor": {"user_id": user}, "module": "chat",
         "context_id": 22, "units": 1}
        for user in MANY
    ]  # fmt: skip
    headers = {"Authorization": f"Bearer {API_KEY}"}
    answer = requests.post(
        f"{stage.url}/v1/usage/batch", json={"events": events}, headers=headers, timeout=60
    )
    answer.raise_for_status()
    refused = [one for one in answer.json()["results"] if one["status"] != 201]
    if refused:
        raise BenchError(f"An account could not be used: {refused[0]}")


def wait_until_idle(pids: Sequence[int]) -> None:
    """Wait until what was under way as the load ended is done, too."""
    used, last = cpu_seconds(pids), 0.0
    while used - last > _IDLE_SHARE * _LOOK_EVERY_S:
        time.sleep(_LOOK_EVERY_S)
        used, last = cpu_seconds(pids), used
