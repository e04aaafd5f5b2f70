"""
Forward-only, recorded migrations of the bridge's own tables.

Each file's statements can be repeated, because DDL commits at once: a migration that died
half-way, or that two processes run at the same time, or two sites that share users' tables, is
simply run again. Tables are made `IF NOT EXISTS`; a column or key that is there already counts as
added, since only MariaDB can say that in SQL.

This is the runner of migrations, not a part of anybody's transaction: alone in the store it opens
transactions itself, between statements that commit at once.
"""

from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

import pymysql

from bridge.domain.errors import NotMigratedError
from bridge.domain.sentences import Sentence
from bridge.store import ledger, order_sums, state
from bridge.store.db import Database
from bridge.store.db_errors import adds_what_exists
from bridge.store.tx import Tx

_CREATE = """
    CREATE TABLE IF NOT EXISTS {p}aipkit_bridge_migrations (
      name VARCHAR(80) NOT NULL,
      checksum CHAR(64) NOT NULL,
      applied_at DATETIME(6) NOT NULL,
      PRIMARY KEY (name)
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
"""
_APPLIED = "SELECT name, checksum FROM {p}aipkit_bridge_migrations"
_RECORD = """
    INSERT IGNORE INTO {p}aipkit_bridge_migrations (name, checksum, applied_at)
    VALUES (%s, %s, UTC_TIMESTAMP(6))
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file; the name orders it."""

    name: str
    statements: tuple[str, ...]
    checksum: str


def known_migrations() -> list[Migration]:
    """Return this version's migrations in their order."""
    folder = files("bridge.store") / "migrations"
    found = [_read(f.name, f.read_text("utf-8")) for f in folder.iterdir() if f.name[:1].isdigit()]
    return sorted(found, key=lambda migration: migration.name)


def _read(name: str, text: str) -> Migration:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    statements = tuple(s.strip() for s in "\n".join(lines).split(";\n") if s.strip(" \n;"))
    return Migration(name.removesuffix(".sql"), statements, sha256(text.encode()).hexdigest())


def migrate(db: Database) -> list[str]:
    """Apply what is missing; return the names. The first run also fixes the site's epochs."""
    db.define(_CREATE)
    with db.reading() as tx:
        applied = _applied(tx)
    done = []
    for migration in known_migrations():
        if migration.name in applied:
            _check_unchanged(migration, applied[migration.name])
            continue
        for statement in migration.statements:
            _run_repeatable(db, statement)
        db.run(_RECORD, (migration.name, migration.checksum))
        done.append(migration.name)
    db.transaction(_fix_epochs)
    db.transaction(order_sums.correct)
    return done


def _run_repeatable(db: Database, statement: str) -> None:
    try:
        db.define(statement)
    except pymysql.OperationalError as error:
        if not adds_what_exists(error):
            raise


def check_migrated(tx: Tx) -> None:
    """
    Do nothing if the database fits this version.

    Raises:
        NotMigratedError: Tables are missing, or a newer bridge has been here.
    """
    applied, known = set(_applied(tx)), {m.name for m in known_migrations()}
    if known - applied:
        raise NotMigratedError(
            Sentence("The bridge's tables are not up to date: run aipkit-bridge migrate")
        )
    if applied - known:
        raise NotMigratedError(
            Sentence("A newer bridge has migrated this database: update this one.")
        )


def _applied(tx: Tx) -> dict[str, str]:
    return {row["name"]: row["checksum"] for row in tx.all(_APPLIED)}


def _check_unchanged(migration: Migration, checksum: str) -> None:
    if migration.checksum != checksum:
        raise NotMigratedError(
            Sentence(
                "Migration {name} is not the one that was applied here: this bridge and the "
                "database do not belong together.",
                name=migration.name,
            )
        )


def _fix_epochs(tx: Tx) -> None:
    """Store, once, when the bridge came and where the ledger began (R11)."""
    now = tx.now()
    state.set_instant_once(tx, state.FIRST_MIGRATE, now)
    state.set_instant_once(tx, state.LEDGER_EPOCH, ledger.oldest_entry_at(tx) or now)
