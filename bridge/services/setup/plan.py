"""The plan as data: steps in their order, each of which can be done and taken back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol, TypeAlias

from bridge.services.setup.config_text import ExistingConfig
from bridge.services.setup.found import FoundSite
from bridge.services.setup.login import Connect
from bridge.services.setup.record import Facts
from bridge.store.db import Database
from bridge.store.shop_keys import RestKey, has_key

Note: TypeAlias = Callable[[Facts], None]
"""Write down what taking a step back needs, before the deed."""


class Step(Protocol):
    """One step of the plan."""

    name: ClassVar[str]
    """What the record calls it."""

    @property
    def says(self) -> str:
        """What it does, in one line for the person who is asked."""

    def is_done(self) -> bool:
        """Say whether there is nothing left to do; changes nothing."""

    def do(self, note: Note) -> str:
        """Do it, and return a remark for the person who looks on, or ""."""


@dataclass(frozen=True, slots=True)
class UndoContext:
    """What taking back works with."""

    db: Database
    """Open with the rights that `init` was given."""


Undo: TypeAlias = Callable[[UndoContext, Facts], str]
"""Take a step back; return what stays and why, or "". Safe to repeat, and after half a step."""


@dataclass
class Draft:
    """What the steps hand on to each other; it begins with what is there already."""

    config_file: Path
    found: FoundSite
    db: Database
    """Open with the rights that were given."""
    connect: Connect
    existing: ExistingConfig | None
    given_url: str
    """By which `db` was opened."""
    database_url: str
    """By which the bridge opens it."""
    secret: str
    port: int
    bridge_address: str
    """Where WordPress reaches the bridge."""
    shop_url: str
    """Where the shop answers this machine."""
    rest_key: RestKey | None = None

    @property
    def is_key_known(self) -> bool:
        """Whether there is a REST key, and the shop has it."""
        key = self.rest_key
        if key is None:
            return False
        with self.db.reading() as tx:
            return has_key(tx, key)

    def open_own(self) -> Database:
        """Open the database as the bridge will."""
        prefixes = self.found.prefixes
        return self.connect(self.database_url, prefixes.site, prefixes.users)


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps, and which of them are left to do."""

    steps: Sequence[Step]

    def left(self) -> Sequence[Step]:
        """Return the steps that are not done."""
        return [step for step in self.steps if not step.is_done()]
