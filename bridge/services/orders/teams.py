"""
A team of processes that work through tasks, whoever is free taking the next.

They are forked, so that they share the memory of all that is imported, and end with the one that
forked them: by the next thing that they have to say.
"""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Generic, TypeVar

import structlog

from bridge.domain.errors import BridgeError

log = structlog.get_logger()

Task = TypeVar("Task")
Done = TypeVar("Done")
Hear = Callable[[int], None]
"""Is told how much more is done."""
Work = Callable[[Task, Hear], Done]
Begin = Callable[[], AbstractContextManager[Work[Task, Done]]]
"""Opens in a process of its own what it works with: nothing open may be shared."""

_FORK = multiprocessing.get_context("fork")


class TeamError(BridgeError):
    """A process of the team ended before its task."""

    code = "interrupted"


class Team(Generic[Task, Done]):
    """Some processes; begin them while this one has no other threads."""

    def __init__(self, size: int, begin: Begin[Task, Done]) -> None:
        """Fork them; they wait for tasks."""
        self._members: dict[Connection, BaseProcess] = {}
        for _ in range(size):
            ours, theirs = _FORK.Pipe()
            others = [*self._members, ours]
            member = _FORK.Process(target=_be_a_member, args=(theirs, others, begin), daemon=True)
            member.start()
            theirs.close()
            self._members[ours] = member

    @property
    def pids(self) -> list[int]:
        """Return the processes' ids."""
        return [member.pid for member in self._members.values() if member.pid is not None]

    def __enter__(self) -> "Team[Task, Done]":
        """Return the team."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End them, whatever they do."""
        for member in self._members.values():
            member.terminate()
        for ours, member in self._members.items():
            member.join()
            ours.close()

    def work(self, tasks: Sequence[Task], hear: Hear) -> Iterator[Done]:
        """
        Yield what comes of the tasks, in the order in which they end.

        Raises:
            BridgeError: What a member met; the others are left at work.
            TeamError: A member was killed, or met a defect, which its log tells.
        """
        waiting = list(reversed(tasks))
        busy = [*self._members][: len(tasks)]
        for member in busy:
            _send(member, waiting.pop())
        while busy:
            for ours in wait(busy):
                assert isinstance(ours, Connection)
                done, what = _receive(ours)
                if not done:
                    hear(what)
                    continue
                yield what
                if waiting:
                    _send(ours, waiting.pop())
                else:
                    busy.remove(ours)


def _send(ours: Connection, task: object) -> None:
    try:
        ours.send(task)
    except OSError:
        raise _ended() from None


def _receive(ours: Connection) -> tuple[bool, Any]:
    try:
        done, what = ours.recv()
    except (EOFError, OSError):
        raise _ended() from None
    if isinstance(what, BridgeError):
        raise what
    return done, what


def _ended() -> TeamError:
    return TeamError(
        "One of the processes ended before its work was done. What is done stays; the same"
        " command goes on from there."
    )


def _be_a_member(ours: Connection, others: Sequence[Connection], begin: Begin[Task, Done]) -> None:
    """Work until nobody listens any more; an interrupt is for the process that leads."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for other in others:
        other.close()  # while one of us holds it, nobody would see the leader's end
    with suppress(EOFError, BrokenPipeError):
        try:
            task = ours.recv()
            with begin() as work:
                while True:
                    ours.send((True, work(task, lambda more: ours.send((False, more)))))
                    task = ours.recv()
        except BridgeError as error:
            ours.send((True, _as_sent(error)))
        except (EOFError, BrokenPipeError):
            raise
        except Exception:  # the leader says that it ended, the log why
            log.exception("team_defect")


def _as_sent(error: BridgeError) -> BridgeError:
    """Return an error that another process can read: some are made of more than a text."""
    sent = BridgeError(str(error))
    sent.code = error.code
    return sent
