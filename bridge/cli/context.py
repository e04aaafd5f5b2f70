"""What every command starts from: the configuration, read when it is needed."""

from functools import cached_property
from pathlib import Path
from threading import Event

import click
import structlog

from bridge.config import Settings, load_settings
from bridge.domain.errors import DatabaseRefusedError, DatabaseUnavailableError
from bridge.services.reports.view_status import check_ready
from bridge.wiring import Bridge, build

log = structlog.get_logger()

_ASK_AGAIN_S = 2.0


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
            check_ready(self._bridge.db)
        return self._bridge

    def wait_for_database(self, stop: Event) -> bool:
        """
        Wait until the database can be used; say no if *stop* was set before.

        Raises:
            DatabaseRefusedError: It does not let the bridge in.
            NotMigratedError: It does not fit this version.
        """
        while not stop.is_set():
            try:
                self.bridge()
            except DatabaseRefusedError:
                raise
            except DatabaseUnavailableError as error:
                log.warning("database_awaited", reason=str(error))
                stop.wait(_ASK_AGAIN_S)
            else:
                return True
        return False

    def close(self) -> None:
        """Close what was opened."""
        if self._bridge is not None:
            self._bridge.close()


pass_context = click.make_pass_decorator(Context)
