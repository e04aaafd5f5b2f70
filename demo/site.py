"""The demo's WordPress site: the few tables and rows that the bridge reads and writes."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import phpserialize

from demo.people import ADMIN, FEATURED, Person
from demo.private_server import PrivateServer

DATABASE = "demo"

CHATBOTS = (
    (22, "Support assistant", {"token_limit_mode": "general", "token_user_limit": "2000",
                               "token_guest_limit": "500", "token_reset_period": "daily"}),
    (23, "Sales assistant", {"token_limit_mode": "role_based", "token_reset_period": "monthly",
                             "token_role_limits": '{"customer":"5000","editor":""}'}),
)  # fmt: skip
COACH = (
    24, "Writing coach",
    {"token_limit_mode": "general", "token_user_limit": "0", "token_guest_limit": "0",
     "token_reset_period": "daily"},
)  # fmt: skip
_MODULE_LIMITS = {
    "aipkit_image_generator_settings": {
        "token_limit_mode": "general", "token_user_limit": "800", "token_guest_limit": "0",
        "token_reset_period": "monthly",
    },
    "aipkit_ai_forms_settings": {
        "token_limit_mode": "general", "token_user_limit": "1000", "token_guest_limit": "200",
        "token_reset_period": "weekly",
    },
}  # fmt: skip
PACKS = ((12, "10k Token Pack", "5.00", 10_000), (13, "100k Token Pack", "40.00", 100_000))
WORKSHOP = (14, "Workshop Pack", "12.00")
"""Somebody forgot to say how many tokens it grants."""
MUG = (15, "Mug", "12.00")

_OPTION = "INSERT INTO wp_options (option_name, option_value) VALUES (%s, %s)"


class DemoSite:
    """The site in its private database."""

    def __init__(self, server: PrivateServer) -> None:
        """Use *server*, which runs."""
        self._server = server

    @property
    def database_url(self) -> str:
        """The `database.url` for the bridge."""
        return self._server.url(DATABASE)

    def build(self, home: str) -> None:
        """Make the tables and fill them; *home* is the site's address."""
        with self._server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4")
            cursor.execute(f"USE {DATABASE}")
            script = (files("demo") / "wordpress.sql").read_text("utf-8")
            for statement in script.split(";\n"):
                if statement.strip():
                    cursor.execute(statement)
            self._fill(cursor, home)

    def _fill(self, cursor: Any, home: str) -> None:
        options = {
            "home": home,
            "siteurl": home,
            "blogname": "Demo shop",
            "timezone_string": "Europe/Berlin",
            "gmt_offset": "0",
            "start_of_week": "1",
            "active_plugins": 'a:1:{i:0;s:27:"woocommerce/woocommerce.php";}',
            "aipkit_token_shop_page_url": home,
            "wp_user_roles": _serialized_roles(),
        }
        cursor.executemany(_OPTION, list(options.items()))
        for person in (ADMIN, *FEATURED):
            self._add_person(cursor, person)
        for bot_id, title, limits in CHATBOTS:
            add_chatbot(cursor, bot_id, title, limits)
        for pack_id, name, _, credits in PACKS:
            _add_post(cursor, pack_id, "product", name)
            _mark_package(cursor, pack_id, str(credits))
        _add_post(cursor, MUG[0], "product", MUG[1])

    def furnish(self, people: Sequence[Person]) -> None:
        """Add what a site gathers in time: more people, limits of every feature, a mistake."""
        with self._server.connect(database=DATABASE) as connection, connection.cursor() as cursor:
            for person in people:
                self._add_person(cursor, person)
            add_chatbot(cursor, *COACH)
            limits = {
                name: phpserialize.dumps({"token_management": fields}).decode()
                for name, fields in _MODULE_LIMITS.items()
            }
            cursor.executemany(_OPTION, list(limits.items()))
            _add_post(cursor, WORKSHOP[0], "product", WORKSHOP[1])
            _mark_package(cursor, WORKSHOP[0], "")

    def set_amount(self, product_id: int, credits: int) -> None:
        """Say what one unit of a product grants, as the product's screen does."""
        with self._server.connect(database=DATABASE) as connection, connection.cursor() as cursor:
            cursor.execute(
                "UPDATE wp_postmeta SET meta_value = %s"
                " WHERE post_id = %s AND meta_key = '_aipkit_tokens_amount'",
                (str(credits), product_id),
            )

    @staticmethod
    def _add_person(cursor: Any, person: Person) -> None:
        cursor.execute(
            "INSERT INTO wp_users (ID, user_login, user_email, display_name, user_registered)"
            " VALUES (%s, %s, %s, %s, '2020-01-01')",
            (person.user_id, person.login, person.email, person.name),
        )
        value = f'a:1:{{s:{len(person.role)}:"{person.role}";b:1;}}'
        cursor.execute(
            "INSERT INTO wp_usermeta (user_id, meta_key, meta_value)"
            " VALUES (%s, 'wp_capabilities', %s)",
            (person.user_id, value),
        )


def add_chatbot(cursor: Any, bot_id: int, title: str, limits: Mapping[str, str]) -> None:
    """Put a chatbot into the site, with the limits as AI Puffer's fields name them."""
    _add_post(cursor, bot_id, "aipkit_chatbot", title)
    _add_metas(cursor, bot_id, [(f"_aipkit_{k}", v) for k, v in limits.items()])


def _mark_package(cursor: Any, product_id: int, amount: str) -> None:
    marks = [("_aipkit_is_token_package", "yes"), ("_aipkit_tokens_amount", amount)]
    _add_metas(cursor, product_id, marks)


def _add_post(cursor: Any, post_id: int, kind: str, title: str) -> None:
    cursor.execute(
        "INSERT INTO wp_posts (ID, post_type, post_status, post_title)"
        " VALUES (%s, %s, 'publish', %s)",
        (post_id, kind, title),
    )


def _add_metas(cursor: Any, post_id: int, metas: Sequence[tuple[str, str]]) -> None:
    cursor.executemany(
        "INSERT INTO wp_postmeta (post_id, meta_key, meta_value) VALUES (%s, %s, %s)",
        [(post_id, key, value) for key, value in metas],
    )


def _serialized_roles() -> str:
    """Return option `wp_user_roles` with the capabilities that the bridge asks for."""

    def text(value: str) -> str:
        return f's:{len(value)}:"{value}";'

    def role(slug: str, capability: str) -> str:
        granted = f"a:1:{{{text(capability)}b:1;}}"
        return f"{text(slug)}a:2:{{{text('name')}{text(slug)}{text('capabilities')}{granted}}}"

    roles = [role("administrator", "manage_options"), role("customer", "read")]
    roles.append(role("editor", "edit_posts"))
    return f"a:{len(roles)}:{{{''.join(roles)}}}"
