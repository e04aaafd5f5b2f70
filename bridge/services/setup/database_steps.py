"""Steps in the database: a user of the bridge's own, and the bridge's tables."""

import secrets
from contextlib import closing
from typing import ClassVar

from bridge.domain.errors import NotMigratedError
from bridge.services.setup.login import DatabaseLogin
from bridge.services.setup.plan import Draft, Note, UndoContext
from bridge.services.setup.record import Facts, Record
from bridge.store import made_tables
from bridge.store.database_users import drop_user, make_user
from bridge.store.db import Database
from bridge.store.migrate import check_migrated, migrate


class MakeDatabaseUser:
    """A database user who may do no more than the bridge needs."""

    name: ClassVar[str] = "database_user"

    def __init__(self, draft: Draft, login: DatabaseLogin, record: Record) -> None:
        self._draft = draft
        self._login = login
        self._record = record

    @property
    def says(self) -> str:
        database = self._draft.found.database_user.database
        return f"make a database user who may read and write in {database}, and no more"

    def is_done(self) -> bool:
        existing = self._draft.existing
        return existing is not None and existing.database_url == self._draft.database_url

    def do(self, note: Note) -> str:
        draft, given = self._draft, self._draft.found.database_user
        for facts in self._record.facts_of(self.name):
            if facts:  # of a run that died: nobody knows the password
                drop(draft.db, facts)
        name, password = f"aipkit_bridge_{secrets.token_hex(3)}", _password()
        note({"user": name, "host": given.host})
        with draft.db.reading() as tx:
            make_user(tx, name, given.host, password, given.database)
        draft.database_url = self._login.with_user(draft.given_url, name, password)
        with closing(draft.open_own()) as db, db.reading():
            return f"{name}, who can log in"

    @staticmethod
    def undo(context: UndoContext, facts: Facts) -> str:
        """Take the user away."""
        if facts:
            drop(context.db, facts)
        return ""


def drop(db: Database, facts: Facts) -> None:
    """Take the user away that was noted."""
    with db.reading() as tx:
        drop_user(tx, str(facts["user"]), str(facts["host"]))


def _password() -> str:
    """Return a password of letters of all kinds, as some servers insist on."""
    return f"{secrets.token_urlsafe(24)}-aA1"


class MakeTables:
    """The bridge's own tables, and those it shares with AI Puffer where they are missing."""

    name: ClassVar[str] = "tables"

    def __init__(self, draft: Draft) -> None:
        self._draft = draft

    @property
    def says(self) -> str:
        return "make the bridge's own tables (aipkit_bridge_…), and the ledger if there is none"

    def is_done(self) -> bool:
        try:
            with self._draft.db.reading() as tx:
                check_migrated(tx)
        except NotMigratedError:
            return False
        return True

    def do(self, note: Note) -> str:
        with self._draft.db.reading() as tx:
            note({"existed": sorted(made_tables.list_made(tx))})
        with closing(self._draft.open_own()) as db:
            migrate(db)
        return ""

    @staticmethod
    def undo(context: UndoContext, facts: Facts) -> str:
        """Drop what was made, unless something was booked."""
        if "existed" not in facts:
            return ""
        existed = frozenset(facts["existed"])
        with context.db.reading() as tx:
            if made_tables.has_books(tx):
                return "they stay: credits were booked with them"
            for name in made_tables.list_droppable(tx, existed):
                tx.run(made_tables.drop_sql(name))
            left = sorted(made_tables.list_made(tx) - existed)
        return f"what holds something stays: {', '.join(left)}" if left else ""
