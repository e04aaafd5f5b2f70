"""Many accounts made for one test: users with credits and guests without, under free limits."""

from dataclasses import dataclass
from typing import NamedTuple

import phpserialize

from bridge.domain.quotas import Context, Module
from bridge.store.peer_plugin import SETTINGS_OPTION, counter_keys, guest_context
from tests.support.caller import Json
from tests.support.site import IDS, SiteDatabase

BOT = IDS["bots"]["Support Bot"]
PLACES: tuple[Json, ...] = (
    {"module": "chat", "context_id": BOT},
    {"module": "image_generator"},
    {"module": "ai_forms"},
)
FIRST_USER = 700_001


class Place(NamedTuple):
    """Whose counter: a user's id or a guest's session, and where."""

    owner: int | str
    context: Context


@dataclass
class Crowd:
    """Users with credits, guests without, and free limits that never turn, for both."""

    size: int
    balance: int
    limit: int

    @property
    def users(self) -> list[int]:
        """The users' ids."""
        return list(range(FIRST_USER, FIRST_USER + self.size))

    @property
    def actors(self) -> list[Json]:
        """As many users as guests."""
        users = [{"user_id": user_id} for user_id in self.users]
        return users + [{"session_id": f"visitor-{number}"} for number in range(self.size)]

    def start_balance(self, number: int) -> int:
        """Return what a user has at first; every fifth has no row of a balance."""
        return 0 if number % 5 == 4 else self.balance

    def limit_of(self, owner: int | str, module: Module) -> int:
        """Return a free limit; of AI Forms guests have none."""
        is_guest = isinstance(owner, str)
        return 0 if is_guest and module is Module.AI_FORMS else self.limit

    def move_into(self, site: SiteDatabase) -> None:
        """Put them, and their limits, into a site's database."""
        site.run("START TRANSACTION")  # one commit is enough
        for number, user_id in enumerate(self.users):
            site.run(
                "INSERT INTO wp_users (ID, user_login, user_email, user_registered)"
                " VALUES (%s, %s, '', '2020-01-01')",
                (user_id, f"member-{number}"),
            )
            if balance := self.start_balance(number):
                site.run(
                    "INSERT INTO wp_usermeta (user_id, meta_key, meta_value)"
                    " VALUES (%s, '_aipkit_token_balance', %s)",
                    (user_id, balance),
                )
                site.run(
                    "INSERT INTO wp_aipkit_token_ledger"
                    " (user_id, actor_type, module, operation, entry_type, credits_delta,"
                    " created_at)"
                    " VALUES (%s, 'user', 'woocommerce', 'purchase', 'purchase', %s,"
                    " UTC_TIMESTAMP())",
                    (user_id, balance),
                )
        site.limit_chatbot(BOT, self._limits(self.limit))
        for module, option in SETTINGS_OPTION.items():
            fields = self._limits(0 if module is Module.AI_FORMS else self.limit)
            settings = {"token_management": {f"token_{name}": v for name, v in fields.items()}}
            site.run(
                "REPLACE INTO wp_options (option_name, option_value) VALUES (%s, %s)",
                (option, phpserialize.dumps(settings).decode()),
            )
        site.run("COMMIT")

    def _limits(self, of_guests: int) -> Json:
        limits = {"user_limit": self.limit, "guest_limit": of_guests}
        return {**limits, "limit_mode": "general", "reset_period": "never"}

    def counters(self, site: SiteDatabase) -> dict[Place, int]:
        """Return what the database counts."""
        contexts = [Context(Module(place["module"]), place.get("context_id")) for place in PLACES]
        by_key = {counter_keys(context)[0]: context for context in contexts}
        by_number = {guest_context(context): context for context in contexts}
        users = site.rows(
            "SELECT user_id, meta_key, meta_value FROM wp_usermeta"
            " WHERE user_id >= %s AND meta_key IN %s",
            (self.users[0], tuple(by_key)),
        )
        guests = site.rows("SELECT * FROM wp_aipkit_guest_token_usage")
        counters = [(Place(r["user_id"], by_key[r["meta_key"]]), r["meta_value"]) for r in users]
        counters += [
            (Place(r["session_id"], by_number[r["bot_id"]]), r["tokens_used"])
            for r in guests
            if r["session_id"].startswith("visitor-")
        ]
        assert len(counters) == len(dict(counters)), "a counter has one row"
        return {place: int(used) for place, used in counters}


def place_of(fields: Json) -> Place:
    """Return where the use in a request's body is counted."""
    actor = fields["actor"]
    context = Context(Module(fields["module"]), fields.get("context_id"))
    return Place(actor.get("user_id") or actor["session_id"], context)
