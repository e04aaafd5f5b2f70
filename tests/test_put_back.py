"""What one test leaves behind in the site's database is not there for the next."""

from collections.abc import Callable

import pymysql
import pytest

from tests.support.site import SiteDatabase
from tests.support.snapshot import Snapshot

OPTIONS = "wp_options WHERE option_name = 'start_of_week'"


def tables(site: SiteDatabase) -> list[str]:
    return [str(next(iter(row.values()))) for row in site.rows("SHOW TABLES")]


def contents(site: SiteDatabase) -> dict[str, object]:
    """Return a checksum of each table's rows, and the id that comes next."""
    names = tables(site)
    sums = site.rows(f"CHECKSUM TABLE {', '.join(names)}")
    counters = site.rows(
        "SELECT table_name, auto_increment FROM information_schema.tables"
        " WHERE table_schema = DATABASE() ORDER BY 1"
    )
    return {name: (sums[number], counters[number]) for number, name in enumerate(names)}


def leave_a_row_in(site: SiteDatabase, table: str) -> None:
    site.run("SET SESSION sql_mode = ''")  # columns without a default get one
    site.run(f"INSERT INTO {table} () VALUES ()")


def test_rows_and_counters_of_every_table(kept_site: Snapshot, site: SiteDatabase) -> None:
    before = contents(site)
    for table in tables(site):
        leave_a_row_in(site, table)
    changed = contents(site)
    assert [table for table in before if before[table] == changed[table]] == []

    kept_site.put_back()

    site.reconnect()
    assert contents(site) == before


def test_rows_that_were_deleted_or_changed(kept_site: Snapshot, site: SiteDatabase) -> None:
    before = contents(site)
    filled = [table for table in tables(site) if site.value(f"SELECT COUNT(*) FROM {table}")]
    for table in filled:
        site.run(f"DELETE FROM {table}")
    site.run("INSERT INTO wp_options (option_name, option_value) VALUES ('start_of_week', '5')")
    assert "wp_usermeta" in filled

    kept_site.put_back()

    site.reconnect()
    assert contents(site) == before


LEFTOVERS: dict[str, Callable[[SiteDatabase], object]] = {
    "a table": lambda site: site.run("CREATE TABLE wp_left (id INT)"),
    "no table": lambda site: site.run("DROP TABLE wp_aipkit_bridge_jobs"),
    "a table of another name": lambda site: site.run("RENAME TABLE wp_posts TO wp_left"),
    "a column": lambda site: site.run("ALTER TABLE wp_posts ADD COLUMN left_over INT"),
    "another column": lambda site: site.run("ALTER TABLE wp_posts MODIFY post_title INT"),
    "an index": lambda site: site.run("CREATE INDEX left_over ON wp_posts (post_title(9))"),
    "a trigger": lambda site: site.run(
        "CREATE TRIGGER left_over BEFORE INSERT ON wp_posts FOR EACH ROW SET @left = 1"
    ),
}


@pytest.mark.parametrize("leave", LEFTOVERS.values(), ids=LEFTOVERS.keys())
def test_another_shape(
    leave: Callable[[SiteDatabase], object], kept_site: Snapshot, site: SiteDatabase
) -> None:
    before = shape(site)
    site.run("DELETE FROM wp_posts")
    leave(site)
    assert shape(site) != before

    kept_site.put_back()

    site.reconnect()
    assert shape(site) == before
    assert site.value("SELECT COUNT(*) FROM wp_posts") > 0


def shape(site: SiteDatabase) -> list[object]:
    texts: list[object] = [site.rows(f"SHOW CREATE TABLE {table}") for table in tables(site)]
    return [*texts, site.rows("SHOW TRIGGERS")]


def test_a_clock_of_the_whole_server(kept_site: Snapshot, site: SiteDatabase) -> None:
    site.run("SET GLOBAL init_connect = 'SET timestamp = 1000', time_zone = '+05:00'")

    kept_site.put_back()

    site.reconnect()
    assert site.value("SELECT CONCAT(@@global.init_connect, @@global.time_zone)") == "SYSTEM"


def test_a_session_that_still_holds_locks(kept_site: Snapshot, site: SiteDatabase) -> None:
    other = site.server.connect(database=site.name)
    other.begin()
    other.cursor().execute("UPDATE wp_options SET option_value = 'left'")

    kept_site.put_back()

    with pytest.raises(pymysql.OperationalError), other.cursor() as cursor:
        cursor.execute("SELECT 1")


def test_a_lease_and_a_bridge(kept_site: Snapshot, site: SiteDatabase) -> None:
    bridge = site.bridge()
    bridge.db.run(
        "INSERT INTO {p}aipkit_bridge_leases (name, owner, token, expires_at)"
        " VALUES ('worker', 'left', 7, UTC_TIMESTAMP(6) + INTERVAL 1 HOUR)"
    )

    kept_site.put_back()

    site.reconnect()
    assert site.rows("SELECT * FROM wp_aipkit_bridge_leases") == []
    assert site.rows("SELECT * FROM wp_aipkit_bridge_state") == []


def test_rows_of_a_table_that_was_emptied_at_once(kept_site: Snapshot, site: SiteDatabase) -> None:
    before = contents(site)
    site.run("TRUNCATE TABLE wp_posts")

    kept_site.put_back()

    site.reconnect()
    assert contents(site) == before


def test_rows_that_are_changed_again(kept_site: Snapshot, site: SiteDatabase) -> None:
    before = contents(site)
    for _ in range(3):
        site.run("UPDATE wp_posts SET post_title = 'left'")

        kept_site.put_back()

        site.reconnect()
        assert contents(site) == before


def test_what_nobody_counted_is_put_back(kept_site: Snapshot, site: SiteDatabase) -> None:
    """A server that was started anew has not counted what was changed before."""
    before = contents(site)
    site.run("SET GLOBAL userstat = 0")
    site.run("UPDATE wp_posts SET post_title = 'left'")

    kept_site.put_back()

    site.reconnect()
    assert contents(site) == before
    assert site.value("SELECT @@GLOBAL.userstat") == 1
