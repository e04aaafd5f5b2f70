"""What the lines of a CSV file ask of the accounts as they stand, each judged on its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from bridge.domain.bulks import BulkLine, LineState
from bridge.domain.errors import InvalidInputError
from bridge.domain.ids import Credits, UserId
from bridge.domain.import_lines import Columns, ImportLine
from bridge.domain.sentences import Sentence
from bridge.services.accounts.read_figures import read_balances
from bridge.services.bulk.read_import import CsvRecord
from bridge.store import bulk_lines, wp_users
from bridge.store.tx import Tx

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _People:
    """The users whom a chunk of lines may mean, with their balances."""

    by_login: dict[str, UserId]
    by_email: dict[str, list[UserId]]
    balances: dict[UserId, Credits]
    seen: dict[UserId, int]  # in which line they were named before; grows with those judged

    def find(self, line: ImportLine, number: int) -> UserId:
        """Return the user that a line names; raises InvalidInputError for none, or a repeat."""
        found = self._called(line)
        if len(found) > 1:
            raise InvalidInputError(
                Sentence("More than one user has the e-mail address {email}.", email=line.email)
            )
        if not found or found[0] not in self.balances:
            called = line.user_id or line.login or line.email
            raise InvalidInputError(Sentence("There is no user {called}.", called=called))
        first = self.seen.setdefault(found[0], number)
        if first != number:
            raise InvalidInputError(
                Sentence(
                    "User {user_id} is in line {first:,} already.", user_id=found[0], first=first
                )
            )
        return found[0]

    def _called(self, line: ImportLine) -> list[UserId]:
        if line.user_id is not None:
            return [line.user_id]
        if line.login:
            user = self.by_login.get(line.login.casefold())
            return [user] if user else []
        return self.by_email.get(line.email.casefold(), [])


def judge_lines(
    tx: Tx, bulk_id: int, columns: Columns, records: Sequence[CsvRecord]
) -> list[BulkLine]:
    """Return what each record asks; earlier lines of *bulk_id* tell which users repeat."""
    parsed = [(record.line_no, _parse(columns, record)) for record in records]
    people = _find_people(tx, bulk_id, [one for _, one in parsed if isinstance(one, ImportLine)])
    return [_line(number, one, people) for number, one in parsed]


def _parse(columns: Columns, record: CsvRecord) -> ImportLine | InvalidInputError:
    try:
        return columns.read(record.cells)
    except InvalidInputError as error:
        return error
    except Exception as error:  # noqa: BLE001  # it is listed, and the other lines are read
        return _defect(record.line_no, error)


def _find_people(tx: Tx, bulk_id: int, lines: Sequence[ImportLine]) -> _People:
    called = [line for line in lines if line.user_id is None]
    logins = wp_users.find_by_login(tx, {line.login for line in called if line.login})
    emails = wp_users.find_by_email(tx, {line.email for line in called if not line.login})
    users = {line.user_id for line in lines if line.user_id is not None}
    users |= {*logins.values(), *(user for found in emails.values() for user in found)}
    balances = read_balances(tx, users)
    seen = bulk_lines.first_lines_of(tx, bulk_id, balances.keys())
    return _People(logins, emails, balances, seen)


def _line(number: int, asked: ImportLine | InvalidInputError, people: _People) -> BulkLine:
    if isinstance(asked, InvalidInputError):
        return _wrong(number, asked)
    try:
        user = people.find(asked, number)
        balance = people.balances[user]
        delta = asked.delta_of(balance)
    except InvalidInputError as error:
        return _wrong(number, error)
    except Exception as error:  # noqa: BLE001  # it is listed, and the other lines are read
        return _wrong(number, _defect(number, error))
    expected = balance if asked.change is None else None
    state = LineState.READY if delta else LineState.SAME
    return BulkLine(number, user, delta, expected, asked.reason, state=state)


def _defect(number: int, error: Exception) -> InvalidInputError:
    log.error("set_aside", what="line_judged", item=f"line {number}", exc_info=error)
    return InvalidInputError(
        Sentence("It could not be judged ({kind}: see the log).", kind=type(error).__name__)
    )


def _wrong(number: int, error: InvalidInputError) -> BulkLine:
    return BulkLine(number, 0, problem=str(error), state=LineState.WRONG)
