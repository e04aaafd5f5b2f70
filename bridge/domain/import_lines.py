"""The lines of a CSV file that changes balances: which columns it has, and what a line asks."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.domain.csv_text import plain_text
from bridge.domain.errors import InvalidInputError
from bridge.domain.ids import MAX_BALANCE, Credits, UserId
from bridge.domain.ledger import MAX_REASON
from bridge.domain.sentences import Sentence

DELIMITERS = (",", ";", "\t")
_WHO = ("user_id", "login", "email")
_WHAT = ("change", "balance")
_REASON = "reason"
_NUMBER = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ImportLine:
    """
    What a line asks: to change a balance by ``change``, or to make it ``balance``.

    ``user_id`` None: whoever has this login, else this e-mail address. An empty reason: that of
    the whole file.
    """

    user_id: UserId | None
    login: str
    email: str
    change: Credits | None
    balance: Credits | None
    reason: str

    def delta_of(self, balance: Credits) -> Credits:
        """
        Return by how much it changes a balance as it stands.

        Raises:
            InvalidInputError: The balance would be below 0 for it, or beyond what can be stored.
        """
        if self.change is None:
            return self._delta_to(self.balance or Credits(0), balance)
        if self.change < 0 and balance + self.change < 0:
            raise InvalidInputError(
                Sentence(
                    "The balance is {balance:,}; {change:,} is too much.",
                    balance=balance,
                    change=-self.change,
                )
            )
        if balance + self.change > MAX_BALANCE:
            raise InvalidInputError(Sentence("The balance would be larger than can be stored."))
        return self.change

    @staticmethod
    def _delta_to(wanted: Credits, balance: Credits) -> Credits:
        # What is owed comes out of an export as it is; nobody can be given a debt.
        if wanted < 0 and wanted != balance:
            raise InvalidInputError(Sentence("A balance cannot be set below 0."))
        return Credits(wanted - balance)


@dataclass(frozen=True, slots=True)
class Columns:
    """Where in a line its cells stand; ``delimiter`` is what the file has between them."""

    delimiter: str
    places: Mapping[str, int]

    def read(self, cells: Sequence[str]) -> ImportLine:
        """
        Return what the cells of a line ask.

        Raises:
            InvalidInputError: Says what is wrong with it.
        """
        cell = {
            name: plain_text(cells[place].strip()) if place < len(cells) else ""
            for name, place in self.places.items()
        }
        user_id = cell.get("user_id", "")
        if not any(cell.get(name) for name in _WHO):
            raise InvalidInputError(Sentence("It names no user."))
        reason = cell.get(_REASON, "")
        if len(reason) > MAX_REASON:
            raise InvalidInputError(
                Sentence("The reason is longer than {most} characters.", most=MAX_REASON)
            )
        return ImportLine(
            user_id=UserId(_number("user_id", user_id, least=1)) if user_id else None,
            login=cell.get("login", ""),
            email=cell.get("email", ""),
            change=_credits("change", cell["change"] or "0") if "change" in cell else None,
            balance=_credits("balance", cell["balance"]) if "change" not in cell else None,
            reason=reason,
        )


def read_heading(line: str) -> Columns:
    """
    Return the columns that the first line of a file names; others than ours are left alone.

    Where there is a column `change`, one called `balance` is not looked at: the bridge's own
    export can be given one, which is left empty for those who are to stay as they are.

    Raises:
        InvalidInputError: Says which column is missing or is there twice.
    """
    delimiter = max(DELIMITERS, key=line.count)
    names = [cell.strip().lower() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    ours = [name for name in names if name in (*_WHO, *_WHAT, _REASON)]
    twice = next((name for name in ours if ours.count(name) > 1), None)
    if twice:
        raise InvalidInputError(
            Sentence("The first line names the column {twice} twice.", twice=twice)
        )
    if not set(_WHO) & set(ours):
        raise InvalidInputError(
            Sentence("The first line must name a column user_id, login or email.")
        )
    if not set(_WHAT) & set(ours):
        raise InvalidInputError(Sentence("The first line must name a column change or balance."))
    return Columns(delimiter, {name: names.index(name) for name in ours})


def _credits(column: str, text: str) -> Credits:
    return Credits(_number(column, text))


def _number(column: str, text: str, *, least: int = -MAX_BALANCE) -> int:
    if not _NUMBER.fullmatch(text) or not least <= int(text) <= MAX_BALANCE:
        raise InvalidInputError(
            Sentence("The {column} is no whole number: “{text}”.", column=column, text=text[:50])
        )
    return int(text)
