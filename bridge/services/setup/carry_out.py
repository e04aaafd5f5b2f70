"""Carrying a plan out, and taking it back."""

import subprocess
from collections.abc import Mapping, Sequence
from typing import Protocol

from bridge.domain.errors import BridgeError
from bridge.services.setup.config_step import WriteConfig
from bridge.services.setup.database_steps import MakeDatabaseUser, MakeTables
from bridge.services.setup.errors import StepFailedError
from bridge.services.setup.pair_step import PairWithSite
from bridge.services.setup.plan import Step, Undo, UndoContext
from bridge.services.setup.plugin_steps import ActivatePlugin, CopyPlugin, StoreSettings
from bridge.services.setup.record import Entry, Record
from bridge.services.setup.service_steps import MakeServiceUser, StartServices
from bridge.services.setup.shop_steps import MakeRestKey

UNDO: Mapping[str, tuple[str, Undo]] = {
    MakeDatabaseUser.name: ("database user", MakeDatabaseUser.undo),
    MakeRestKey.name: ("REST key", MakeRestKey.undo),
    WriteConfig.name: ("configuration", WriteConfig.undo),
    MakeTables.name: ("the bridge's tables", MakeTables.undo),
    CopyPlugin.name: ("plugin's files", CopyPlugin.undo),
    StoreSettings.name: ("plugin's settings", StoreSettings.undo),
    PairWithSite.name: ("pairing", PairWithSite.undo),
    ActivatePlugin.name: ("plugin's activation", ActivatePlugin.undo),
    MakeServiceUser.name: ("system user", MakeServiceUser.undo),
    StartServices.name: ("services", StartServices.undo),
}
"""Of each step what it made, and how it is taken back."""


_EXPECTED = (BridgeError, OSError, subprocess.CalledProcessError)


class Listener(Protocol):
    """Who looks on."""

    def begun(self, number: int, of: int, step: Step) -> None:
        """Hear that a step begins."""

    def done(self, remark: str) -> None:
        """Hear that it is done."""

    def failed(self) -> None:
        """Hear that it is not; what was done before is taken back now."""

    def undone(self, what: str, stays: str) -> None:
        """Hear that something was taken back, and what of it stays."""


def carry_out(
    steps: Sequence[Step], record: Record, context: UndoContext, listener: Listener
) -> None:
    """
    Do the steps one after another.

    Raises:
        StepFailedError: One failed. Whatever this run did before is taken back by then.
    """
    begun: list[Entry] = []
    for number, step in enumerate(steps, 1):
        listener.begun(number, len(steps), step)
        try:
            entry = record.begin(step.name)
            begun.append(entry)
            listener.done(step.do(lambda facts, entry=entry: record.note(entry, facts)))  # type: ignore[misc]  # a default cannot be told in the alias
        except BaseException as error:
            listener.failed()
            rest = _take_back_or_say(begun, record, context, listener)
            if isinstance(error, _EXPECTED):
                why = (
                    f"Step {number} of {len(steps)} failed ({step.says}): {_reason(error)} {rest}"
                )
                raise StepFailedError(why) from error
            raise


def take_back(
    entries: Sequence[Entry], record: Record, context: UndoContext, listener: Listener
) -> None:
    """Take steps back, the last one first; each is struck out of the record when it is done."""
    for entry in reversed(entries):
        what, undo = UNDO[entry.step]
        stays = undo(context, entry.facts)
        record.forget(entry)
        listener.undone(what, stays)


def _take_back_or_say(
    begun: Sequence[Entry], record: Record, context: UndoContext, listener: Listener
) -> str:
    """Take a run back, and say how that went: the record keeps what could not be."""
    try:
        take_back(begun, record, context, listener)
    except _EXPECTED as error:
        return (
            f"Not all of it could be taken back: {_reason(error)} When that is mended, run "
            "`init --undo`."
        )
    return "What this run had done is taken back; mend it and run the same command again."


def _reason(error: Exception) -> str:
    if isinstance(error, PermissionError):
        return f"{error.filename} may not be written: run it as root (sudo)."
    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename or ''}".rstrip(": ") + "."
    if isinstance(error, subprocess.CalledProcessError):
        said = str(error.stderr or error.stdout or "").strip().splitlines()
        return said[-1] if said else f"{error.cmd[0]} ended with {error.returncode}."
    return str(error)
