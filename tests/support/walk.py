"""Random spending over HTTP, by many callers at once."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from threading import Lock

from tests.support.caller import HOLDS, RECORD, Call, Caller, Json, call
from tests.support.crowd import PLACES

SHORT_S, LONG_S = 1, 600
"""Seconds that a hold lives: those of the long ones must all be settled by somebody."""


class Steps:
    """How many steps all walkers have made together, of how many they are to make."""

    def __init__(self, total: int) -> None:
        self.total, self.made = total, 0
        self._lock = Lock()

    def end(self) -> None:
        """Hand no more steps out."""
        self.total = 0

    def __iter__(self) -> Iterator[int]:
        """Hand steps out until none is left."""
        while True:
            with self._lock:
                if self.made >= self.total:
                    return
                self.made += 1
            yield self.made


@dataclass
class Walker:
    """One caller who spends at random; holds are settled by any walker, some more than once."""

    name: str
    caller: Caller
    chance: random.Random
    actors: list[Json]
    holds: list[Json]  # of all walkers
    done: list[Call] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)
    _step: int = 0

    def walk(self, steps: Steps) -> None:
        """Make steps as long as there are any."""
        kinds = (self.record, self.batch, self.hold, self.settle, self.repeat, self.misuse)
        for self._step in steps:
            self.chance.choices(kinds, (28, 5, 35, 24, 5, 3))[0]()

    def record(self) -> None:
        """Book a use; some keys others use at this moment too: one body will be the first."""
        is_shared = self.chance.random() < 0.2
        key = f"shared-{self._step // 25}" if is_shared else self._new_key()
        self._keep(call(RECORD, self._use(), key))

    def batch(self) -> None:
        """Book some uses together."""
        calls = [call(RECORD, self._use(), self._new_key()) for _ in range(5)]
        self.done += calls
        self.caller.ask_together(calls)

    def hold(self) -> None:
        """Reserve, often for too short a time."""
        body = {
            **self._use(),
            "ttl_seconds": self.chance.choice((SHORT_S, SHORT_S, LONG_S)),
            "on_expiry": self.chance.choice(("release", "charge")),
        }
        status, answer = self._keep(call(HOLDS, body, self._new_key()))
        if status == 201:
            self.holds.append(answer)

    def settle(self) -> None:
        """Commit or release some hold, most often a new one, in time or late."""
        if not self.holds:
            return
        hold = self.chance.choice(self.holds[-30:])
        if self.chance.random() < 0.3:
            self.release(hold)
        else:
            units = self.chance.randrange(2 * hold["credits"] + 1)
            self.caller.ask(call(f"{HOLDS}/{hold['hold_id']}/commit", {"units": units}))

    def release(self, hold: Json) -> None:
        """Release a hold."""
        self.caller.ask(call(f"{HOLDS}/{hold['hold_id']}/release", {}))

    def repeat(self) -> None:
        """Send again what was answered long ago."""
        if self.done:
            self.caller.ask(self.chance.choice(self.done))

    def misuse(self) -> None:
        """Use a key of one's own for something else."""
        if self.done:
            self.caller.ask(other(self.chance.choice(self.done)))

    def _keep(self, made: Call) -> tuple[int, Json]:
        self.done.append(made)
        return self.caller.ask(made)

    def _use(self) -> Json:
        return {
            "actor": self.chance.choice(self.actors),
            **self.chance.choice(PLACES),
            "units": self.chance.choice((0, *[self.chance.randrange(1, 100)] * 9)),
        }

    def _new_key(self) -> str:
        return f"{self.name}-{next(self._numbers)}"


def other(made: Call) -> Call:
    """Return a call that misuses the key of another one."""
    fields = made.fields
    return call(made.path, {**fields, "units": fields["units"] + 1000}, made.key)
