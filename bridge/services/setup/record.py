"""
What `init` has done, in a file beside the configuration: what `init --undo` reads.

Each fact is on the disk before the deed, so that a run that dies leaves nothing unknown.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from bridge.services.setup.errors import SetupError
from bridge.services.setup.files import write_privately

Facts: TypeAlias = Mapping[str, Any]

_VERSION = 1


@dataclass
class Entry:
    """One step that was begun, and what taking it back needs to know."""

    step: str
    facts: dict[str, Any] = field(default_factory=dict)


class Record:
    """The file; it holds the database's password, as the configuration does."""

    def __init__(self, path: Path) -> None:
        """
        Read what is there.

        Raises:
            SetupError: It cannot be read.
        """
        self.path = path
        self.origin: dict[str, Any] = {}
        """How the site is reached: what undoing needs besides."""
        self.entries: list[Entry] = []
        if path.exists():
            self._read()

    @classmethod
    def beside(cls, config_file: Path) -> "Record":
        """Return the record of a configuration file."""
        return cls(config_file.with_name(f"{config_file.name}.init.json"))

    def begin_run(self, origin: Facts) -> None:
        """Note how the site is reached; the file's folder is made if need be."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.origin = {**self.origin, **origin}

    def begin(self, step: str) -> Entry:
        """Note that a step begins."""
        entry = Entry(step)
        self.entries.append(entry)
        self.save()
        return entry

    def note(self, entry: Entry, facts: Facts) -> None:
        """Add facts to a step that has begun."""
        entry.facts.update(facts)
        self.save()

    def forget(self, entry: Entry) -> None:
        """Strike a step out: it was taken back. Behind the last one the file goes."""
        self.entries.remove(entry)
        if self.entries:
            self.save()
        else:
            self.path.unlink(missing_ok=True)

    def facts_of(self, step: str) -> Iterator[Facts]:
        """Yield what was noted for a step, in all runs."""
        yield from (entry.facts for entry in self.entries if entry.step == step)

    def save(self) -> None:
        """Write the file anew."""
        steps = [{"step": entry.step, "facts": entry.facts} for entry in self.entries]
        content = {"version": _VERSION, "origin": self.origin, "steps": steps}
        write_privately(self.path, json.dumps(content, indent=1))

    def _read(self) -> None:
        try:
            content = json.loads(self.path.read_text("utf-8"))
            if content["version"] != _VERSION:
                raise ValueError(content["version"])  # noqa: TRY301  # as any other damage
            self.origin = dict(content["origin"])
            self.entries = [Entry(one["step"], dict(one["facts"])) for one in content["steps"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SetupError(
                f"{self.path} cannot be read ({type(error).__name__}): it says what `init` did."
            ) from None
