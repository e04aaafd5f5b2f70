"""
What the server answers, read with less of Python's time than the driver takes for it.

The driver makes objects of each packet, and anew of each column's description: for the few rows
that a booking reads, with account rows locked, that takes longer than the server does. Here
columns that were described before are remembered by their description, and values are taken out
of a row's bytes directly. All that can go wrong is left to the driver: lost connections, errors
that the server tells, packets in parts.
"""

import struct
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any, TypeAlias

from pymysql.connections import MySQLResult
from pymysql.constants import FIELD_TYPE, SERVER_STATUS
from pymysql.converters import decoders, through
from pymysql.err import InternalError
from pymysql.protocol import FieldDescriptorPacket

_DONE, _NULL, _END = 0x00, 0xFB, 0xFE
_WIDTHS = {0xFC: 2, 0xFD: 3, 0xFE: 8}
"""How many bytes tell a length, by the byte before them."""
_MORE = SERVER_STATUS.SERVER_MORE_RESULTS_EXISTS
_BINARY = 63
"""The character set of bytes."""
_MAY_BE_BINARY = frozenset(
    {
        FIELD_TYPE.BIT,
        FIELD_TYPE.BLOB,
        FIELD_TYPE.LONG_BLOB,
        FIELD_TYPE.MEDIUM_BLOB,
        FIELD_TYPE.STRING,
        FIELD_TYPE.TINY_BLOB,
        FIELD_TYPE.VAR_STRING,
        FIELD_TYPE.VARCHAR,
        FIELD_TYPE.GEOMETRY,
    }
)
_COLUMNS_KEPT = 2048

Value: TypeAlias = Callable[[bytes], Any]
"""Makes a value of a column's bytes."""


class Result(MySQLResult):
    """What one statement has given: rows, as dictionaries, or what it did."""

    connection: Any  # the driver says nothing of what results may use of it

    def read(self) -> None:
        """Read all of it."""
        try:
            packet = self.connection._read_packet().get_all_data()
            if packet[0] == _DONE:
                self.affected_rows, at = _number(packet, 1)
                self.insert_id, at = _number(packet, at)
                self.server_status, self.warning_count = struct.unpack_from("<HH", packet, at)
                self.has_next = bool(self.server_status & _MORE)
            elif packet[0] == _NULL:
                raise InternalError("The server asks for a file of ours.")
            else:
                self._read_rows(_number(packet, 0)[0])
        finally:
            self.connection = None

    def _read_rows(self, columns: int) -> None:
        read = self.connection._read_packet
        self.fields = tuple(read(_column) for _ in range(columns))
        self.description, names, values = _reading(self.fields)
        read()  # the end of the columns
        rows = []
        packet = read().get_all_data()
        while packet[0] != _END or len(packet) > 8:
            row: dict[str, Any] = {}
            at = 0
            for name, value in zip(names, values, strict=True):
                length = packet[at]
                at += 1
                if length == _NULL:
                    row[name] = None
                    continue
                if length > _NULL:
                    length, at = _number(packet, at - 1)
                data = packet[at : at + length]
                at += length
                row[name] = data if value is None else value(data)
            rows.append(row)
            packet = read().get_all_data()
        self.warning_count, status = struct.unpack_from("<HH", packet, 1)
        self.has_next = bool(status & _MORE)
        self.affected_rows = len(rows)
        self.rows = tuple(rows)


_column = lru_cache(_COLUMNS_KEPT)(FieldDescriptorPacket)


@lru_cache(_COLUMNS_KEPT)
def _reading(
    columns: tuple[Any, ...],
) -> tuple[tuple[Any, ...], Sequence[str], Sequence[Value | None]]:
    """
    Return the description, the names, and what makes values of columns that were described.

    All as the driver has it, which takes digits apart as text; None: the bytes are the value.
    """
    names: list[str] = []
    values: list[Value | None] = []
    for column in columns:
        is_twice = column.name in names
        names.append(f"{column.table_name}.{column.name}" if is_twice else column.name)
        convert = decoders.get(column.type_code, through)
        if column.type_code in _MAY_BE_BINARY and column.charsetnr == _BINARY:
            values.append(None if convert is through else convert)
        elif convert is through:
            values.append(bytes.decode)
        elif convert in {int, float}:
            values.append(convert)
        else:
            values.append(partial(_of_text, convert))
    return tuple(column.description() for column in columns), names, values


def _of_text(convert: Callable[[str], Any], data: bytes) -> Any:
    return convert(data.decode())


def _number(packet: bytes, at: int) -> tuple[int, int]:
    """Return a number of variable length, and where it ends."""
    first = packet[at]
    if first < _NULL:
        return first, at + 1
    end = at + 1 + _WIDTHS[first]
    return int.from_bytes(packet[at + 1 : end], "little"), end
