"""A user and a guest who spend over HTTP, and the same two as the oracle knows them."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from zoneinfo import ZoneInfo

import phpserialize
from werkzeug.test import TestResponse

from bridge.domain.ids import Credits, UserId
from bridge.domain.ledger import ContextType, EntryType, LedgerEntry, ReferenceType, apply_delta
from bridge.domain.quotas import Context, Module
from bridge.services.spending.load_accounts import load_users, save
from bridge.services.spending.open_accounts import open_accounts
from bridge.store.peer_plugin import SETTINGS_OPTION, counter_keys, guest_context
from bridge.store.tx import Tx
from tests.support import price_oracle
from tests.support.client import API_KEY, bearer
from tests.support.quota_oracle import Allowance, Calendar, limit_of
from tests.support.site import Clock, SiteDatabase
from tests.support.spending import BOT, Desk, Json, json_of
from tests.support.spending_oracle import Account, Hold

MODULES = ("chat", "ai_forms", "image_generator")
CONTEXTS = {
    "chat": Context(Module.CHAT, BOT),
    "ai_forms": Context(Module.AI_FORMS),
    "image_generator": Context(Module.IMAGE_GENERATOR),
}
_numbers = count(70_001)


@dataclass
class Setup:
    """What a site is like, and its user."""

    zone: str
    week_start: int
    start: datetime
    limits: dict[str, Json]  # by module: the `token_…` fields, as settings have them
    roles: list[str]
    balance: int | None  # None: a user who never owned anything
    rules: list[Json] = field(default_factory=list)


@dataclass
class Placed:
    """A hold as its caller knows it, and as the oracle does."""

    name: str
    who: str
    body: Json
    hold: Hold
    commit: tuple[Json, Json] | None = None  # the first one: its body and answer


class Stage:
    """Two accounts of a site, in the database and in the oracle."""

    def __init__(self, site: SiteDatabase, setup: Setup) -> None:
        self.site, self.setup = site, setup
        self.user_id = next(_numbers)
        self.session = f"guest-{self.user_id}"
        self.desk = Desk(site, {"user_id": self.user_id}, Clock(setup.start))
        assert self.desk.bridge
        self._set_site()
        self._set_user()
        self.accounts = {
            "user": self._account(setup.balance or 0, setup.roles),
            "guest": self._account(None, None),
        }

    @property
    def now(self) -> datetime:
        return self.desk.clock.now

    def close(self) -> None:
        """Close the bridge, and leave no account to other examples' checks."""
        self.desk.bridge.close()
        self.site.bridges.remove(self.desk.bridge)
        self.site.run("DELETE FROM wp_aipkit_bridge_accounts")
        self.site.run("DELETE FROM wp_aipkit_bridge_ledger_state")

    # Calls

    def body(self, who: str, module: str, use: Json) -> Json:
        actor = {"user_id": self.user_id} if who == "user" else {"session_id": self.session}
        place = {"context_id": BOT} if module == "chat" else {}
        return {"actor": actor, "module": module, **place, **use}

    def price(self, body: Json) -> int | None:
        """Return what a request costs; None if nobody can read how much was used."""
        rules = [{**rule, "id": n, "enabled": 1} for n, rule in enumerate(self.setup.rules)]
        try:
            return price_oracle.price(body["module"], body, rules)
        except price_oracle.UnreadableUsageError:
            return None

    def price_of_commit(self, placed: Placed, body: Json) -> int | None:
        """Return what a commit costs: how much is its own, for what is the hold's."""
        usage = {**placed.body.get("usage", {}), "data": body.get("usage", {}).get("data")}
        return self.price({**placed.body, "units": body.get("units"), "usage": usage})

    def post(self, path: str, body: Json | None = None, *, key: str = "") -> TestResponse:
        return self.desk.post(path, body, key=key)

    def get(self, path: str) -> Json:
        answer = self.desk.client.get(path, headers=bearer(API_KEY))
        assert answer.status_code == 200, answer.text
        return json_of(answer)

    # What others write

    def book(self, credits: int) -> None:
        """Book credits as an order does; below 0 as a clawback that may leave debt."""
        db, user_id = self.desk.bridge.db, UserId(self.user_id)
        open_accounts(db, [user_id])
        site = self.desk.bridge.site.get()

        def book(tx: Tx) -> None:
            rows, loaded = load_users(tx, site, [user_id])
            account = loaded[user_id].account
            account.funds = apply_delta(account.funds, Credits(credits))
            account.entries.append(_order_row(user_id, credits))
            save(tx, rows, loaded.values())

        db.transaction(book)

    def set_balance(self, credits: int) -> None:
        """Write the stored balance as another program does."""
        self._set_meta("_aipkit_token_balance", credits)

    def set_counter(self, who: str, module: str, used: int, stamp: int) -> None:
        """Write a counter as another program does."""
        context = CONTEXTS[module]
        if who == "user":
            for key, value in zip(counter_keys(context), (used, stamp), strict=True):
                self._set_meta(key, value)
            return
        self.site.run(
            "REPLACE INTO wp_aipkit_guest_token_usage"
            " (session_id, bot_id, tokens_used, last_reset_timestamp) VALUES (%s, %s, %s, %s)",
            (self.session.upper(), guest_context(context), used, stamp),
        )

    # Comparisons

    def assert_figures(self, who: str) -> None:
        """Assert that the account API says what the oracle says."""
        path = f"accounts/{self.user_id}" if who == "user" else f"guests/{self.session}"
        told, seen = self.get(f"/v1/{path}"), self.accounts[who].at(self.now)
        if who == "user":
            figures = told["balance"], told["held"], told["available"]
            assert figures == (seen.balance, seen.held(self.now), seen.available(self.now))
        quotas = {m["module"]: m for m in told["modules"] if m["context_id"] in (None, BOT)}
        if "chat" not in quotas:  # left out where there is neither limit nor usage
            chat = seen.modules["chat"]
            assert (chat.limit, chat.used(self.now)) == (None, 0)
        for module, quota in quotas.items():
            self.assert_quota(quota, who, module)

    def assert_quota(self, told: Json, who: str, module: str) -> None:
        account = self.accounts[who].at(self.now)
        mine = account.modules[module]
        assert (told["limit"], told["period"]) == (mine.limit, mine.period)
        assert told["used"] == mine.used(self.now)
        assert told["remaining"] == account.room(module, self.now)
        assert as_instant(told["resets_at"]) == mine.next_turn(self.now)

    def assert_books(self, taken: int) -> None:
        """Assert that balance, holds and ledger go together; *taken* is what answers told."""
        user, row = self.accounts["user"], self._row()
        waiting = [hold for hold in user.holds if hold.state == "open"]
        charged = [hold.charge["from_balance"] for hold in user.holds if hold.state == "charged"]
        assert self.site.balance(self.user_id) - row["debt"] == user.balance
        assert row["held"] == sum(hold.from_balance for hold in waiting)
        assert row["open_holds"] == len(waiting)
        assert row["spent"] == taken + sum(charged)

    def assert_shown(self, placed: Placed) -> None:
        """Assert that a hold is shown as it stands."""
        told = self.get(f"/v1/holds/{placed.name}")
        account = self.accounts[placed.who]
        seen = account.at(self.now).holds[account.holds.index(placed.hold)]
        assert told["state"] == seen.state
        assert told["commit"] == (placed.commit[1] if placed.commit else None)

    def _row(self) -> Json:
        row = self.site.rows(
            "SELECT COALESCE(MAX(held), 0) AS held, COALESCE(MAX(open_holds), 0) AS open_holds,"
            " COALESCE(MAX(debt), 0) AS debt,"
            " (SELECT COALESCE(SUM(-credits_delta), 0) FROM wp_aipkit_token_ledger"
            " WHERE user_id = %(id)s AND entry_type = 'usage') AS spent"
            " FROM wp_aipkit_bridge_accounts WHERE user_id = %(id)s",
            {"id": self.user_id},
        )[0]
        return {name: int(value) for name, value in row.items()}

    # Setting up

    def _account(self, stored: int | None, roles: list[str] | None) -> Account:
        calendar = Calendar(ZoneInfo(self.setup.zone), self.setup.week_start)
        modules = {
            module: Allowance(calendar, limit_of(settings, roles), settings["token_reset_period"])
            for module, settings in self.setup.limits.items()
        }
        return Account(modules, stored)

    def _set_site(self) -> None:
        self._set_option("timezone_string", self.setup.zone)
        self._set_option("start_of_week", str(self.setup.week_start))
        for module, settings in self.setup.limits.items():
            if module == "chat":
                self._set_bot(settings)
            else:
                value = phpserialize.dumps({"token_management": settings}).decode()
                self._set_option(SETTINGS_OPTION[Module(module)], value)
        self.site.run("DELETE FROM wp_aipkit_pricing_rules")
        for rule in self.setup.rules:
            columns, values = ", ".join(rule), ", ".join(["%s"] * len(rule))
            sql = f"INSERT INTO wp_aipkit_pricing_rules ({columns}) VALUES ({values})"
            self.site.run(sql, tuple(rule.values()))

    def _set_bot(self, settings: Json) -> None:
        for name, value in settings.items():
            row = (BOT, f"_aipkit_{name}", json.dumps(value) if isinstance(value, dict) else value)
            self.site.run("DELETE FROM wp_postmeta WHERE post_id = %s AND meta_key = %s", row[:2])
            self.site.run(
                "INSERT INTO wp_postmeta (post_id, meta_key, meta_value) VALUES (%s, %s, %s)", row
            )

    def _set_user(self) -> None:
        self.site.run(
            "INSERT INTO wp_users (ID, user_login, user_registered) VALUES (%s, %s, '2020-01-01')",
            (self.user_id, f"user-{self.user_id}"),
        )
        roles = dict.fromkeys(self.setup.roles, True)
        self._set_meta("wp_capabilities", phpserialize.dumps(roles).decode())
        if self.setup.balance is not None:
            self.set_balance(self.setup.balance)

    def _set_option(self, name: str, value: str) -> None:
        self.site.run(
            "REPLACE INTO wp_options (option_name, option_value) VALUES (%s, %s)", (name, value)
        )

    def _set_meta(self, key: str, value: object) -> None:
        where = (self.user_id, key)
        self.site.run("DELETE FROM wp_usermeta WHERE user_id = %s AND meta_key = %s", where)
        self.site.run(
            "INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES (%s, %s, %s)",
            (*where, str(value)),
        )


def as_instant(text: str | None) -> datetime | None:
    """Return an instant that the API told."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def _order_row(user_id: UserId, credits: int) -> LedgerEntry:
    return LedgerEntry(
        user_id=user_id,
        entry_type=EntryType.PURCHASE if credits > 0 else EntryType.REFUND,
        operation="purchase" if credits > 0 else "clawback",
        module="woocommerce",
        context_type=ContextType.ORDER,
        context_id=1,
        credits_delta=Credits(credits),
        usage_total_units=abs(credits),
        reference_type=ReferenceType.ORDER,
        reference_id="1",
        idempotency_key=None,
        meta={},
    )
