"""Work on many items, each on its own: one that fails is noted, and the others go on."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from bridge.domain.errors import (
    BridgeError,
    DatabaseBusyError,
    DatabaseUnavailableError,
    LeaseLostError,
    NotMigratedError,
)
from bridge.domain.sentences import Sentence

log = structlog.get_logger()


class SetAsideError(BridgeError):
    """Some items failed; all others are done."""

    code = "set_aside"


class Failures:
    """The items that failed in a run."""

    def __init__(self, what: str) -> None:
        """*what* was done to them, as a log line is named: `balance_compared`."""
        self._what = what
        self.items: list[str] = []

    @contextmanager
    def guard(self, item: object) -> Iterator[None]:
        """
        Work on one item; what goes wrong with it ends here.

        Raises:
            DatabaseUnavailableError: No item can be worked on now. A busy one is left alone.
        """
        try:
            yield
        except DatabaseBusyError as error:
            log.info("left_for_the_next_run", what=self._what, item=str(item), reason=str(error))
        except (DatabaseUnavailableError, NotMigratedError, LeaseLostError):
            raise
        except Exception:  # a defect with one item must not stop the others
            log.exception("set_aside", what=self._what, item=str(item))
            if str(item) not in self.items:
                self.items.append(str(item))

    def is_done(self, item: object, error: Exception | None) -> bool:
        """Note the failure of an item that others worked on; return whether it is done."""
        with self.guard(item):
            if error is not None:
                raise error
        return error is None

    def report(self) -> None:
        """
        Say what failed, when all others are done.

        Raises:
            SetAsideError: Something did.
        """
        if self.items:
            raise SetAsideError(
                Sentence(
                    "{count} could not be done ({names}); all others were. The log says why, "
                    "under set_aside: report it.",
                    count=len(self.items),
                    names=", ".join(self.items[:5]),
                )
            )
