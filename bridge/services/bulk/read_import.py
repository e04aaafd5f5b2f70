"""Records of a CSV file that is kept in parts: read on from any byte, a line in memory at once."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bridge.domain.errors import InvalidInputError
from bridge.domain.import_lines import Columns, read_heading
from bridge.domain.sentences import Sentence
from bridge.store import bulk_files
from bridge.store.bulk_files import PART_BYTES
from bridge.store.db import Database

MAX_LINE_BYTES = 64 * 1024
_BOM = b"\xef\xbb\xbf"


class UnreadableFileError(InvalidInputError):
    """The file is no CSV in UTF-8, or lacks a column; the text says where and what to do."""


@dataclass(frozen=True, slots=True)
class CsvRecord:
    """The cells of a record and the number of its last line; the heading is line 1."""

    line_no: int
    cells: Sequence[str]


class _StoredFile(io.RawIOBase):
    """A file that the database keeps in parts, as one stream of bytes."""

    def __init__(self, db: Database, bulk_id: int, offset: int) -> None:
        super().__init__()
        self._db, self._bulk_id = db, bulk_id
        self._number, self._skip = divmod(offset, PART_BYTES)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # no other buffer comes
        if not self._rest:
            with self._db.reading() as tx:
                part = bulk_files.read_part(tx, self._bulk_id, self._number)
            self._rest = (part or b"")[self._skip :]
            self._number, self._skip = self._number + 1, 0
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


class ImportFile:
    """The records behind ``offset`` bytes; ``offset`` and ``line_no`` move with those read."""

    def __init__(self, db: Database, bulk_id: int, *, offset: int, line_no: int) -> None:
        """Read nothing yet but, at its start, the heading."""
        self.columns = self._read_columns(db, bulk_id)
        self.offset, self.line_no = offset, line_no
        self._stream = io.BufferedReader(_StoredFile(db, bulk_id, offset))
        if not offset:
            next(self._lines())

    @classmethod
    def _read_columns(cls, db: Database, bulk_id: int) -> Columns:
        first = io.BufferedReader(_StoredFile(db, bulk_id, 0)).readline(MAX_LINE_BYTES)
        try:
            return read_heading(_decoded(first.removeprefix(_BOM), 1))
        except InvalidInputError as error:
            raise UnreadableFileError(error.sentence) from None

    def records(self) -> Iterator[CsvRecord]:
        """
        Yield the records, those without any cell left out.

        Raises:
            UnreadableFileError: From here on it cannot be read.
        """
        try:
            for cells in csv.reader(self._lines(), delimiter=self.columns.delimiter):
                if any(cell.strip() for cell in cells):
                    yield CsvRecord(self.line_no, cells)
        except csv.Error as error:
            raise UnreadableFileError(
                Sentence(
                    "Line {line_no} is no line of CSV: {error}.",
                    line_no=self.line_no,
                    error=str(error),
                )
            ) from None

    def _lines(self) -> Iterator[str]:
        while line := self._stream.readline(MAX_LINE_BYTES + 1):
            self.offset += len(line)
            self.line_no += 1
            if len(line) > MAX_LINE_BYTES:
                raise UnreadableFileError(
                    Sentence(
                        "Line {line_no} is longer than {most:,} bytes: is it CSV?",
                        line_no=self.line_no,
                        most=MAX_LINE_BYTES,
                    )
                )
            yield _decoded(line, self.line_no)


def _decoded(line: bytes, number: int) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise UnreadableFileError(
            Sentence(
                "Line {number} is no text in UTF-8: save the file as “CSV UTF-8”.", number=number
            )
        ) from None
