"""A backfill in parts, each with a place of its own where it is gone on with."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeAlias

from bridge.domain.backfills import BackfillReport
from bridge.services.orders.chunks import Json
from bridge.services.orders.teams import Team, Work
from bridge.store import state
from bridge.store.db import Database

_GO_ON_FOR = timedelta(days=1)
"""How long what is unfinished can be gone on with: later, products may be others."""


@dataclass(slots=True)
class Part:
    """Some of the orders, and how far they are done."""

    number: int
    position: Json | None  # what `PastOrders.chunks` takes; None: all of it is done
    passed: int = 0
    report: BackfillReport = field(default_factory=BackfillReport)


PartOfRun: TypeAlias = tuple[Part, str | None]
"""A part to do, and of which run; None: of one that only says what would be."""

DoPart: TypeAlias = Work[PartOfRun, Part]
PartTeam: TypeAlias = Team[PartOfRun, Part]


@dataclass(slots=True)
class KeptParts:
    """Where a run is, in the database: its parts, and beside them how far each is."""

    db: Database
    what: Sequence[str]
    """What must be the same for a run to go on where another was left."""

    run: str = ""
    """A name of the run that divided the orders: what another kept of its parts says nothing."""

    def parts(self, begins: Sequence[Json]) -> list[Part]:
        """Return the parts as a run of the same kind left them; else new ones from *begins*."""
        with self.db.reading() as tx:
            plan = state.get_json_since(tx, state.BACKFILL, _GO_ON_FOR)
        if plan.get("what") != list(self.what):
            run = secrets.token_hex(8)
            plan = {"what": list(self.what), "run": run, "begins": list(begins)}
            self.db.transaction(lambda tx: state.set_json(tx, state.BACKFILL, plan))
        self.run = plan["run"]
        return [self._left_at(number, begin) for number, begin in enumerate(plan["begins"])]

    def _left_at(self, number: int, begin: Json) -> Part:
        with self.db.reading() as tx:
            kept = state.get_json(tx, _name(number))
        if kept.get("run") != self.run:
            return Part(number, begin)
        report = BackfillReport.from_fields(kept["report"])
        return Part(number, kept["position"], kept["passed"], report)

    def keep(self, part: Part) -> None:
        """Keep how far a part is."""
        kept: dict[str, Any] = {
            "run": self.run,
            "position": part.position,
            "passed": part.passed,
            "report": part.report.to_fields(),
        }
        self.db.transaction(lambda tx: state.set_json(tx, _name(part.number), kept))

    def forget(self, parts: Sequence[Part]) -> None:
        """Forget a run that is done."""
        names = [state.BACKFILL, *(_name(part.number) for part in parts)]
        self.db.transaction(lambda tx: state.forget(tx, *names))


def _name(number: int) -> str:
    return f"{state.BACKFILL}.{number}"
