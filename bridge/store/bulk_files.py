"""Files that are imported, in parts, until they are read."""

from bridge.store.tx import Tx

PART_BYTES = 256 * 1024
"""Small enough for any server's largest packet, and for memory."""

_ADD = """
    INSERT INTO {p}aipkit_bridge_bulk_files (bulk_id, part_no, content) VALUES (%s, %s, %s)
"""
_READ = """
    SELECT content FROM {p}aipkit_bridge_bulk_files WHERE bulk_id = %s AND part_no = %s
"""
_DELETE = "DELETE FROM {p}aipkit_bridge_bulk_files WHERE bulk_id = %s"


def add_part(tx: Tx, bulk_id: int, part_no: int, content: bytes) -> None:
    """Store one part; all but the last have `PART_BYTES`."""
    tx.run(_ADD, (bulk_id, part_no, content))


def read_part(tx: Tx, bulk_id: int, part_no: int) -> bytes | None:
    """Return one part, or None behind the last."""
    row = tx.one(_READ, (bulk_id, part_no))
    return row["content"] if row else None


def delete(tx: Tx, bulk_id: int) -> None:
    """Delete a file."""
    tx.run(_DELETE, (bulk_id,))
