"""What the bridge reads of the server's answers is what the driver itself reads of them."""

from collections.abc import Iterator
from typing import Any

import pytest
from pymysql.cursors import DictCursor
from pymysql.err import OperationalError

from bridge.store.connections import Connector
from tests.support.site import SiteDatabase

LONG_TEXTS = (0, 1, 250, 251, 252, 65_535, 65_536, 16_777_210, 16_777_216, 17_000_000)
"""About where a length, and a packet, is written another way."""
_ALL_KINDS = """
    SELECT CAST(-7 AS SIGNED) AS whole, CAST(2 AS DECIMAL(10, 2)) AS money, 1.5e0 AS part,
           NULL AS nothing, '' AS empty, 'Zoë 🙂' AS text, x'00ff27' AS bytes, b'101' AS bits,
           TIMESTAMP '2026-11-28 16:00:00.000001' AS instant, DATE '2026-11-28' AS day,
           CAST('-12:30:00' AS TIME) AS duration, JSON_OBJECT('a', 1) AS json, 3 AS whole
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, 'a', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
"""


@pytest.fixture
def cursor(site: SiteDatabase) -> Iterator[DictCursor]:
    site.run("SET GLOBAL max_allowed_packet = 64 * 1024 * 1024")
    arguments = {"user": "root", "unix_socket": site.server.socket, "database": site.name}
    connection = Connector([{**arguments, "ssl_disabled": True}], "wp_usermeta").connect()
    yield connection.cursor()
    connection.close()


def test_values_of_all_kinds_are_those_of_the_driver(
    site: SiteDatabase, cursor: DictCursor
) -> None:
    cursor.execute("SELECT * FROM (SELECT 1 AS id, 2 AS other) a JOIN (SELECT 1 AS id) b")
    twice = cursor.fetchall()
    for _ in range(2):  # of columns that are new, and of those that were described before
        cursor.execute(_ALL_KINDS)

        assert list(cursor.fetchall()) == site.rows(_ALL_KINDS)
    assert list(twice) == site.rows(
        "SELECT * FROM (SELECT 1 AS id, 2 AS other) a JOIN (SELECT 1 AS id) b"
    )


@pytest.mark.parametrize("length", LONG_TEXTS)
def test_a_text_of_any_length_is_read(site: SiteDatabase, cursor: DictCursor, length: int) -> None:
    cursor.execute("SELECT REPEAT('x', %s) AS text, 1 AS behind", (length,))

    assert cursor.fetchone() == {"text": "x" * length, "behind": 1}


def test_several_answers_of_one_packet_follow_each_other(cursor: DictCursor) -> None:
    cursor.execute(
        "CREATE TEMPORARY TABLE some (id BIGINT AUTO_INCREMENT PRIMARY KEY, n INT);"
        "INSERT INTO some (n) VALUES (5), (6), (7); SELECT n FROM some WHERE n > 9;"
        "UPDATE some SET n = 8 WHERE n > 5; SELECT id, n FROM some"
    )
    answers: list[tuple[int, Any, list[dict[str, Any]]]] = []
    while True:
        answers.append((cursor.rowcount, cursor.lastrowid, list(cursor.fetchall())))
        if not cursor.nextset():
            break

    assert [rows for _, _, rows in answers] == [
        [], [], [], [], [{"id": 1, "n": 5}, {"id": 2, "n": 8}, {"id": 3, "n": 8}]
    ]  # fmt: skip
    assert [count for count, _, _ in answers] == [0, 3, 0, 2, 3]
    assert answers[1][1] == 1


def test_an_error_between_answers_is_raised_where_it_stands(cursor: DictCursor) -> None:
    cursor.execute("SELECT 1 AS one; SELECT nowhere; SELECT 2")

    assert cursor.fetchone() == {"one": 1}
    with pytest.raises(OperationalError, match="nowhere"):
        cursor.nextset()
    cursor.execute("SELECT 3 AS three")
    assert cursor.fetchone() == {"three": 3}
