"""How long something takes, asked for one at a time."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import quantiles

_WARM_UP = 3


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of some times."""

    p50_ms: float
    p95_ms: float
    max_ms: float


def times_of(ask: Callable[[], object], asked: int) -> Sequence[float]:
    """Return how many milliseconds each time took, behind some to warm up."""
    took_ms = []
    for _ in range(_WARM_UP + asked):
        started = time.perf_counter()
        ask()
        took_ms.append(1000 * (time.perf_counter() - started))
    return took_ms[_WARM_UP:]


def percentiles(took_ms: Sequence[float]) -> Percentiles:
    """Return them."""
    cuts = quantiles(took_ms, n=20, method="inclusive")
    return Percentiles(cuts[9], cuts[18], max(took_ms))
