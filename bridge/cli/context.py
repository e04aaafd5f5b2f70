"""What every command starts from: the configuration, read when it is needed."""

from functools import cached_property
from pathlib import Path

import click

from bridge.config import Settings, load_settings
from bridge.store.migrate import check_migrated
from bridge.wiring import Bridge, build


class Context:
    """One run of the command line."""

    def __init__(self, config_file: Path, *, debug: bool) -> None:
        """Read nothing yet: `--help` needs no configuration."""
        self.config_file = config_file
        self.debug = debug
        self._bridge: Bridge | None = None

    @cached_property
    def settings(self) -> Settings:
        """The configuration; a wrong one ends the command with the key's name."""
        return load_settings(self.config_file)

    def bridge(self, *, migrated: bool = True) -> Bridge:
        """Return the bridge; with *migrated* the database must fit this version."""
        if self._bridge is None:
            self._bridge = build(self.settings)
        if migrated:
            with self._bridge.db.reading() as tx:
                check_migrated(tx)
        return self._bridge

    def close(self) -> None:
        """Close what was opened."""
        if self._bridge is not None:
            self._bridge.close()


pass_context = click.make_pass_decorator(Context)
