"""The rows of memory: `serve` with two workers and the worker, before and after requests."""

import time
from collections.abc import Sequence

from bench.fragment import fragments
from bench.load import ask
from bench.members import MEMBERS
from bench.processes import pss_mib, tree
from bench.results import Result
from bench.spending import RECORD, open_accounts
from bench.stage import Stage, running_stage

FIRST = 1000
"""Requests until it is called idle: by then all is imported and connected."""
FULL = 15_000
"""Requests until all that is remembered of visitors, which is bounded, is as much as it gets."""
MOST_MIB = 280
MOST_GROWTH_PERCENT = 3
MOST_CREEP_PERCENT = 1
_STEP_S = 5
_REST_S = 35
"""Threads that have nothing to do end after 30 seconds; each has some 85 KiB."""


def measure(requests: int) -> Sequence[Result]:
    """Ask for pages and book uses in turn; look at the memory when it rests."""
    with running_stage() as stage:
        open_accounts(stage)
        _ask_both(stage, FIRST, step_s=1)
        idle_mib = _rested_mib(stage)
        answers = _ask_both(stage, FULL, step_s=_STEP_S)
        full_mib = _rested_mib(stage)
        answers += _ask_both(stage, requests - FULL, step_s=_STEP_S)
        after_mib = _rested_mib(stage)
    growth, creep = (100 * (after_mib / before - 1) for before in (idle_mib, full_mib))
    what = f"PSS of all processes, idle → after {answers:,} requests"
    figure, baseline = f"{after_mib:.0f} MiB", f"{idle_mib:.0f} MiB"
    return [
        Result("memory", what, figure, baseline, figure, f"≤ {MOST_MIB} MiB",
               after_mib <= MOST_MIB, {"idle_mib": idle_mib, "after_mib": after_mib}),
        Result("growth", what, figure, baseline, f"{growth:+.1f} %", f"≤ {MOST_GROWTH_PERCENT} %",
               growth <= MOST_GROWTH_PERCENT, {"percent": growth}),
        Result("creep", f"the same, after {FULL:,} → after {answers:,} requests", figure,
               f"{full_mib:.0f} MiB", f"{creep:+.1f} %", f"≤ {MOST_CREEP_PERCENT} %",
               creep <= MOST_CREEP_PERCENT, {"percent": creep}),
    ]  # fmt: skip


def _ask_both(stage: Stage, requests: int, *, step_s: int) -> int:
    answers = 0
    while answers < requests:
        answers += ask(stage.url, fragments(stage, MEMBERS), step_s).answers
        answers += ask(stage.url, RECORD.load, step_s).answers
    return answers


def _rested_mib(stage: Stage) -> float:
    time.sleep(_REST_S)
    return pss_mib(tree(stage.process.pid))
