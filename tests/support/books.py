"""What callers were told, added up, against what the database says."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.support.caller import HOLDS, RECORD, Answer, Journal, Json
from tests.support.crowd import Crowd, Place, place_of
from tests.support.site import SiteDatabase


class Parts(NamedTuple):
    """What something cost in the end."""

    from_balance: int = 0
    from_quota: int = 0
    uncovered: int = 0


NOTHING = Parts()


@dataclass(frozen=True)
class Others:
    """Bookings that no spender asked for: by user, and how many of them have keys of their own."""

    given: Counter[int] = field(default_factory=Counter)
    keys: int = 0


NO_OTHERS = Others()


@dataclass(frozen=True)
class Hold:
    """A hold as it was answered, and all that was answered about it later."""

    place: Place
    answer: Json
    on_expiry: str
    commits: list[Answer]
    releases: list[Answer]


class Books:
    """The answers of a whole run, and the database after it."""

    def __init__(
        self, site: SiteDatabase, crowd: Crowd, journal: Journal, others: Others = NO_OTHERS
    ) -> None:
        """*others* is what else was booked for the crowd than what they spent."""
        self.site, self.crowd, self.journal, self.others = site, crowd, journal, others
        self.records = list(self._records())
        self.holds = self._holds()
        self.rows = {
            f"led_{row['id']}": {**row, "meta": json.loads(row["meta"])}
            for row in site.rows(
                "SELECT * FROM wp_aipkit_token_ledger WHERE entry_type = 'usage' ORDER BY id"
            )
        }
        self.stored_holds = {
            f"hold_{row['hold_id'].hex()}": row
            for row in site.rows("SELECT * FROM wp_aipkit_bridge_holds")
        }
        self._costs = self._add_up()

    def assert_right(self) -> None:
        """Assert that nothing is lost, given, doubled, or stuck."""
        self._assert_keys()
        self._assert_holds()
        self._assert_rows()
        self._assert_balances()
        self._assert_counters()
        self.site.assert_balanced()
        assert self.site.rows("SELECT * FROM wp_aipkit_bridge_findings") == []

    def _records(self) -> Iterator[tuple[Place, Answer]]:
        for made, answer in self.journal.first.items():
            if made.path == RECORD and answer.status == 201:
                yield place_of(made.fields), answer

    def _holds(self) -> dict[str, Hold]:
        about: dict[str, list[Answer]] = defaultdict(list)
        for made, answer in self.journal.first.items():
            about[made.path].append(answer)
        return {
            name: Hold(
                place_of(made.fields),
                answer.body,
                made.fields["on_expiry"],
                about[f"{HOLDS}/{name}/commit"],
                about[f"{HOLDS}/{name}/release"],
            )
            for made, answer in self.journal.first.items()
            if made.path == HOLDS and answer.status == 201
            for name in [answer.body["hold_id"]]
        }

    def _add_up(self) -> dict[Place, Parts]:
        costs: dict[Place, list[Parts]] = defaultdict(list)
        for place, answer in self.records:
            costs[place].append(_parts(answer.body))
        for name, hold in self.holds.items():
            costs[hold.place].append(self._cost(name))
        return {
            place: Parts(*(sum(figures) for figures in zip(*parts, strict=True)))
            for place, parts in costs.items()
        }

    def _cost(self, name: str) -> Parts:
        """
        Return what a hold cost: as its commit was answered, or as it was promised.

        Nobody else takes held balance. What is held of a free limit can be lost to uncovered use
        that came after: then balance pays it that has become free meanwhile.
        """
        hold, stored = self.holds[name], self.stored_holds[name]
        if stored["state"] == "committed":
            return next(_parts(answer.body) for answer in hold.commits if answer.status == 200)
        if stored["state"] != "charged":
            return NOTHING
        parts = Parts(*(stored[f"charged_{p}"] for p in ("balance", "quota", "uncovered")))
        assert parts.from_balance >= hold.answer["from_balance"]
        assert sum(parts) == hold.answer["credits"]
        return parts

    def _assert_keys(self) -> None:
        """A key has one first answer, whatever bodies it came with, and each is kept."""
        kept = Counter(
            (made.path, made.key)
            for made, answer in self.journal.first.items()
            if made.key and answer.status in (201, 402)
        )
        assert set(kept.values()) == {1}
        stored = self.site.value("SELECT COUNT(*) FROM wp_aipkit_bridge_idempotency")
        assert len(kept) + self.others.keys == stored

    def _assert_holds(self) -> None:
        assert self.holds.keys() == self.stored_holds.keys()
        for name, hold in self.holds.items():
            _assert_told(self.stored_holds[name]["state"], hold)
        reserved = "SELECT * FROM {} WHERE open_holds <> 0"
        assert self.site.rows(reserved.format("wp_aipkit_bridge_guests")) == []
        assert self.site.rows(f"{reserved.format('wp_aipkit_bridge_accounts')} OR held <> 0") == []

    def _assert_rows(self) -> None:
        """Each row is one booking's, and says what its answer said."""
        told = {answer.body["entry_id"]: (place, answer.body) for place, answer in self.records}
        told.pop(None, None)  # of nothing: no row
        of_holds = {name: row for name, row in self.rows.items() if "hold_id" in row["meta"]}
        assert told.keys() == self.rows.keys() - of_holds.keys()
        assert len(told) == sum(a.body["entry_id"] is not None for _, a in self.records)
        for entry_id, (place, body) in told.items():
            row = self.rows[entry_id]
            assert (row["user_id"] or row["session_id"]) == place.owner
            assert row["credits_delta"] == -body["from_balance"]
        self._assert_rows_of_holds(of_holds)

    def _assert_rows_of_holds(self, rows: dict[str, Json]) -> None:
        taken: Counter[str] = Counter()
        operations: dict[str, list[str]] = defaultdict(list)
        for row in rows.values():
            taken[row["meta"]["hold_id"]] -= row["credits_delta"]
            operations[row["meta"]["hold_id"]].append(row["operation"])
        assert taken.keys() <= self.holds.keys()
        for name, hold in self.holds.items():
            assert taken[name] == self._cost(name).from_balance
            named = {a.body["entry_id"] for a in hold.commits if a.status == 200} - {None}
            charged = bool(hold.answer["credits"]) and _was_charged(self.stored_holds[name])
            assert named <= rows.keys()
            assert len(operations[name]) == len(named) + charged
            assert operations[name].count("hold_expired") == charged

    def _assert_balances(self) -> None:
        spent: Counter[int | str] = Counter()
        for place, parts in self._costs.items():
            spent[place.owner] += parts.from_balance
        rows = rows_by_user(self.site)
        for number, user_id in enumerate(self.crowd.users):
            start = self.crowd.start_balance(number)
            end = last_balance(start, rows[user_id])
            assert self.site.balance(user_id) == end
            assert end == start - spent[user_id] + self.others.given[user_id]

    def _assert_counters(self) -> None:
        counters = self.crowd.counters(self.site)
        for place, parts in self._costs.items():
            limit = self.crowd.limit_of(place.owner, place.context.module)
            counted = parts.from_quota + parts.uncovered if limit else 0
            assert counters.pop(place, 0) == counted, place
            assert parts.from_quota <= limit, place
        assert set(counters.values()) <= {0}


def rows_by_user(site: SiteDatabase) -> dict[int, list[Json]]:
    """Return the ledger rows that the bridge wrote, each with its meta, oldest first."""
    rows: dict[int, list[Json]] = defaultdict(list)
    for row in site.rows(
        "SELECT user_id, credits_delta, meta FROM wp_aipkit_token_ledger"
        " WHERE meta LIKE '%balance_after%' ORDER BY id"
    ):
        rows[row["user_id"]].append({**row, "meta": json.loads(row["meta"])})
    return rows


def last_balance(start: int, rows: Iterable[Json]) -> int:
    """Return what an account's rows end with; each saw what the one before it had left."""
    balance = start
    for row in rows:
        assert row["meta"]["balance_before"] == balance
        balance = int(row["meta"]["balance_after"])
        assert row["credits_delta"] == balance - row["meta"]["balance_before"]
    return balance


def _assert_told(state: str, hold: Hold) -> None:
    """Assert that a hold ended as somebody was told, or by its time as it was asked for."""
    committed = [answer for answer in hold.commits if answer.status == 200]
    released = [a for a in hold.releases if a.body.get("state") == "released"]
    assert len(committed) == (state == "committed"), hold
    assert all(answer.body["late"] for answer in committed if released), hold
    if state == "released":
        assert released, hold
    if state in ("expired", "charged"):
        assert not released, hold
        assert hold.on_expiry == ("charge" if state == "charged" else "release"), hold
    assert state != "open", hold


def _was_charged(stored: Json) -> bool:
    return stored["charged_balance"] is not None


def _parts(body: Json) -> Parts:
    parts = Parts(body["from_balance"], body["from_quota"], body["uncovered"])
    assert sum(parts) == body["billed_credits"]
    return parts
