"""Pooled connections after the server has gone: found out together, not one by one."""

from bridge.store.db import Tx
from tests.support.site import SiteDatabase


def test_after_one_connection_was_lost_the_others_are_asked_before_they_are_used(
    site: SiteDatabase,
) -> None:
    db = site.bridge().db
    with db.reading() as first, db.reading() as second, db.reading() as third:
        ids = [int(tx.one("SELECT CONNECTION_ID() AS id")["id"]) for tx in (first, second, third)]  # type: ignore[index]  # it has a row
    for number in ids:
        site.run(f"KILL {number}")
    repeats = db.stats.repeats

    def look(tx: Tx) -> int:
        return tx.run("SELECT 1")

    assert [db.transaction(look) for _ in ids] == [1, 1, 1]
    assert db.stats.repeats == repeats + 1
