"""Changes of many accounts at once: what was asked, how far it is, and its lines."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bridge.domain.ids import Credits


class BulkKind(StrEnum):
    """Where the changes come from."""

    SELECTED = "selected"  # accounts that were ticked
    MATCHING = "matching"  # all that a filter finds
    IMPORT = "import"  # the lines of a file
    UNDO = "undo"  # what another change booked, taken back


class BulkState(StrEnum):
    """How far it is: read, looked at by a person, booked."""

    READING = "reading"
    READY = "ready"
    BOOKING = "booking"
    DONE = "done"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class Bulk:
    """
    One of them. ``credits`` is what each account gets, of an import 0.

    Lines are ready (to be booked), wrong, or the same (the balance is so already). ``position``
    of ``size``: bytes of a file that were read; of others the last user id.
    """

    bulk_id: int
    kind: BulkKind
    state: BulkState
    source: str
    reason: str
    credits: Credits
    size: int
    position: int
    line_no: int
    ready_lines: int
    wrong_lines: int
    same_lines: int
    added: Credits
    taken: Credits
    booked_lines: int
    refused_lines: int
    error: str
    made_by: str
    made_at: datetime
    started_by: str
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def settled_lines(self) -> int:
        """How many were booked or refused."""
        return self.booked_lines + self.refused_lines

    @property
    def may_start(self) -> bool:
        """Whether it can be booked: every line is good, and there is one."""
        is_good = not (self.wrong_lines or self.error)
        return self.state is BulkState.READY and self.ready_lines > 0 and is_good


class LineState(StrEnum):
    """What became of a line."""

    READY = "ready"
    WRONG = "wrong"
    SAME = "same"  # the balance was so already, or the line says 0; kept against a second one
    BOOKED = "booked"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class BulkLine:
    """A change of one account; ``expected``: the balance must still be this, if given."""

    line_no: int
    user_id: int  # 0 of a line that names nobody who exists
    delta: Credits = Credits(0)
    expected: Credits | None = None
    reason: str = ""
    problem: str = ""
    entry_id: int = 0  # the ledger row that booked it
    undoes: int = 0  # the ledger row that it takes back
    state: LineState = LineState.READY
