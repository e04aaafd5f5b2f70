"""The configuration: what loads, and one line that names the key where something does not."""

import hashlib
import re
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridge.config import (
    CONFIG_VARIABLE,
    DatabaseAddress,
    Settings,
    config_path,
    load_settings,
    parse_database_url,
    same_address,
)
from bridge.domain.errors import ConfigError
from bridge.domain.quotas import Module
from tests.support.folders import ROOT

EXAMPLE = ROOT / "config.example.toml"
PRIVATE = "value-that-no-message-may-show"
SECRET = "0123456789abcdef" * 2
BASE = {
    "site": {"url": '"https://shop.example"'},
    "database": {"url": '"mysql://user:password@127.0.0.1/wordpress"'},
    "woocommerce": {"consumer_key": '"ck_1"', "consumer_secret": '"cs_1"'},
    "security": {"shared_secret": f'"{SECRET}"'},
}


def toml(sections: Mapping[str, Mapping[str, str]]) -> str:
    """Write a file out of sections, keys and values as TOML writes them."""
    lines = []
    for name, keys in sections.items():
        lines += [f"[{name}]", *(f"{key} = {value}" for key, value in keys.items())]
    return "\n".join(lines) + "\n"


def with_key(section: str, line: str) -> str:
    """Return what is needed with one `key = value` in it."""
    key, _, value = line.partition(" = ")
    return toml({**BASE, section: {**BASE.get(section, {}), key: value}})


def without(section: str, key: str) -> str:
    """Return what is needed, less one key."""
    return toml({**BASE, section: {k: v for k, v in BASE[section].items() if k != key}})


NEEDED = toml(BASE)


def load(tmp_path: Path, text: str = NEEDED, environ: Mapping[str, str] | None = None) -> Settings:
    path = tmp_path / "config.toml"
    path.write_text(text, "utf-8")
    return load_settings(path, environ=environ or {})


def complaint(tmp_path: Path, text: str = NEEDED, environ: Mapping[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as error:
        load(tmp_path, text, environ)
    message = str(error.value)
    assert "\n" not in message, "errors are one line"
    assert PRIVATE not in message
    return message


def test_the_example_loads_as_it_is() -> None:
    settings = load_settings(EXAMPLE, environ={})

    assert settings.site.url == "https://shop.example"
    assert settings.grants.since is None


def test_the_example_shows_every_key_with_its_default(tmp_path: Path) -> None:
    example, bare = load_settings(EXAMPLE, environ={}), load(tmp_path)

    for section in ("grants", "modules", "server"):
        assert getattr(example, section) == getattr(bare, section), section
    for name, field in Settings.model_fields.items():
        text = EXAMPLE.read_text("utf-8")
        assert f"[{name}]" in text
        keys = getattr(field.annotation, "model_fields", {})
        for key in keys:
            assert re.search(rf"(?m)^#? ?(\[\[{name}\.)?{key}\b", text), f"{name}.{key}"


def test_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path)

    assert (settings.site.table_prefix, settings.site.users) == ("wp_", "wp_")
    assert settings.shop_url == "https://shop.example"
    assert settings.database.pool_size == 8
    assert settings.woocommerce.poll_seconds == 30
    assert settings.grants.statuses == ["completed"]
    assert settings.grants.reverse_on == ["cancelled", "refunded", "failed", "trash"]
    assert settings.modules.enabled == list(Module)
    assert settings.security.secrets == [SECRET]


WRONG = [
    # section, line, key that the message names
    ("site", f'url = "ftp://{PRIVATE}"', "site.url"),
    ("site", f'url = "{PRIVATE}"', "site.url"),
    ("site", f'url = "https://user:{PRIVATE}@shop.example"', "site.url"),
    ("site", "url = 5", "site.url"),
    ("site", f'table_prefix = "wp-{PRIVATE}"', "site.table_prefix"),
    ("site", 'table_prefix = ""', "site.table_prefix"),
    ("site", 'table_prefix = "wp_\\n"', "site.table_prefix"),
    ("site", f'users_prefix = "`{PRIVATE}"', "site.users_prefix"),
    ("site", f'nope = "{PRIVATE}"', "site.nope"),
    ("database", f'url = "postgres://u:{PRIVATE}@h/db"', "database.url"),
    ("database", f'url = "mysql://u:{PRIVATE}@h"', "database.url"),
    ("database", f'url = "mysql://u:{PRIVATE}@/db"', "database.url"),
    ("database", f'url = "mysql://u:{PRIVATE}@h:99999/db"', "database.url"),
    ("database", f'url = "mysql://u:{PRIVATE}@h:port/db"', "database.url"),
    ("database", f'url = "mysql://:{PRIVATE}@h/db"', "database.url"),
    ("database", f'url = "mysql://u:{PRIVATE}#x@h/db"', "database.url"),
    ("database", f'url = "mysql://u:[{PRIVATE}@h/db"', "database.url"),
    ("database", "pool_size = 1", "database.pool_size"),
    ("database", "pool_size = 65", "database.pool_size"),
    ("database", f'pool_size = "{PRIVATE}"', "database.pool_size"),
    ("woocommerce", "consumer_key = 5", "woocommerce.consumer_key"),
    ("woocommerce", f'consumer_secret = ["{PRIVATE}"]', "woocommerce.consumer_secret"),
    ("woocommerce", f'url = "shop {PRIVATE}"', "woocommerce.url"),
    ("woocommerce", "poll_seconds = 0", "woocommerce.poll_seconds"),
    ("woocommerce", "poll_seconds = 3601", "woocommerce.poll_seconds"),
    ("woocommerce", "poll_seconds = 1.5", "woocommerce.poll_seconds"),
    ("woocommerce", "webhook_secret = 5", "woocommerce.webhook_secret"),
    ("grants", f'since = "{PRIVATE}"', "grants.since"),
    ("grants", "since = 2026-01-01T00:00:00", "grants.since"),
    ("grants", "since = 2026-01-01", "grants.since"),
    ("grants", f'statuses = "{PRIVATE}"', "grants.statuses"),
    ("grants", "statuses = []", "grants"),
    ("grants", 'statuses = [""]', "grants.statuses[0]"),
    ("grants", 'statuses = ["completed", 5]', "grants.statuses[1]"),
    ("grants", 'reverse_on = ["wc-"]', "grants.reverse_on[0]"),
    ("grants", 'statuses = ["wc-refunded"]', "grants"),
    ("grants", f'refunds = "{PRIVATE}"', "grants.refunds"),
    ("grants", f'allow_negative = "{PRIVATE}"', "grants.allow_negative"),
    ("grants", f'claim_by_email = ["{PRIVATE}"]', "grants.claim_by_email"),
    ("modules", f'enabled = ["chat", "{PRIVATE}"]', "modules.enabled[1]"),
    ("modules", 'enabled = "chat"', "modules.enabled"),
    ("server", "port = 65536", "server.port"),
    ("server", f'port = "{PRIVATE}"', "server.port"),
    ("server", "host = 5", "server.host"),
    ("server", f'public_url = "{PRIVATE}"', "server.public_url"),
    ("security", f'shared_secret = "{PRIVATE[:20]}"', "security.shared_secret"),
    ("security", "shared_secret = []", "security.shared_secret"),
    ("security", f'shared_secret = ["{SECRET}", "short"]', "security.shared_secret"),
    ("security", "shared_secret = 5", "security.shared_secret"),
    (
        "security",
        f'api_keys = [{{name = "a", sha256 = "{PRIVATE}", scopes = ["usage"]}}]',
        "security.api_keys[0].sha256",
    ),
    (
        "security",
        f'api_keys = [{{name = "a", sha256 = "{"0" * 64}", scopes = ["{PRIVATE}"]}}]',
        "security.api_keys[0].scopes[0]",
    ),
    (
        "security",
        f'api_keys = [{{name = "", sha256 = "{"0" * 64}", scopes = []}}]',
        "security.api_keys[0].name",
    ),
]


@pytest.mark.parametrize(("section", "line", "key"), WRONG, ids=str)
def test_what_is_wrong_is_named_and_never_shown(
    tmp_path: Path, section: str, line: str, key: str
) -> None:
    message = complaint(tmp_path, with_key(section, line))

    assert re.search(rf"(^|: ){re.escape(key)}: ", message)


@pytest.mark.parametrize(
    ("section", "line", "key"),
    [
        ("grants", "since = 2026", "grants.since"),  # would be 1970, and grant all history
        ("grants", "allow_negative = 1", "grants.allow_negative"),
        ("woocommerce", "poll_seconds = true", "woocommerce.poll_seconds"),
    ],
    ids=str,
)
def test_a_wrong_type_stops_the_start_though_it_could_be_converted(
    tmp_path: Path, section: str, line: str, key: str
) -> None:
    """What is asked: "Unknown keys, wrong types and missing secrets stop the start"."""
    assert key in complaint(tmp_path, with_key(section, line))


@pytest.mark.parametrize("name", BASE)
def test_a_missing_section_is_named(tmp_path: Path, name: str) -> None:
    text = toml({section: keys for section, keys in BASE.items() if section != name})

    assert f"{name}: is missing" in complaint(tmp_path, text)


@pytest.mark.parametrize(
    ("section", "key"), [(section, key) for section, keys in BASE.items() for key in keys]
)
def test_a_missing_key_is_named_with_its_variable(tmp_path: Path, section: str, key: str) -> None:
    message = complaint(tmp_path, without(section, key))

    assert f"{section}.{key}: is missing" in message
    assert f"AIPKIT_BRIDGE__{section.upper()}__{key.upper()}" in message


def test_an_unknown_section_is_named(tmp_path: Path) -> None:
    assert "nope: is not a known key" in complaint(tmp_path, f'{NEEDED}[nope]\nx = "{PRIVATE}"\n')


@pytest.mark.parametrize("text", [f"[site\n{PRIVATE}", f"{PRIVATE} =", "a = 1\na = 2"])
def test_a_file_that_is_no_toml_says_so(tmp_path: Path, text: str) -> None:
    assert "is not valid TOML" in complaint(tmp_path, text)


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(tmp_path / "config.toml", environ={})
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(tmp_path, environ={})


def test_a_section_that_is_a_value_is_named(tmp_path: Path) -> None:
    assert "site: " in complaint(tmp_path, 'site = "x"')
    variables = {"AIPKIT_BRIDGE__SITE__URL": "https://shop.example"}
    assert "[site]" in complaint(tmp_path, 'site = "x"', variables)


# Statuses


def test_statuses_may_have_their_prefix(tmp_path: Path) -> None:
    grants = {"statuses": '["wc-completed", " Processing "]', "reverse_on": '["wc-trash"]'}
    settings = load(tmp_path, toml({**BASE, "grants": grants}))

    assert settings.grants.statuses == ["completed", "processing"]
    assert settings.grants.reverse_on == ["trash"]


@pytest.mark.parametrize("status", ["refunded", "wc-refunded", "REFUNDED"])
def test_a_status_in_both_lists_is_refused(tmp_path: Path, status: str) -> None:
    text = with_key("grants", f'statuses = ["completed", "{status}"]')

    message = complaint(tmp_path, text)

    assert "grants: statuses and reverse_on both name refunded" in message


def test_the_policy_of_the_rules(tmp_path: Path) -> None:
    text = with_key("grants", "since = 2026-01-01T03:00:00+03:00")
    first_migrate = datetime(2026, 5, 5, tzinfo=UTC)

    assert load(tmp_path, text).grants.policy(first_migrate).since == datetime(
        2026, 1, 1, tzinfo=UTC
    )
    default = load(tmp_path).grants.policy(first_migrate)
    assert default.since == first_migrate
    assert default.statuses == {"completed"}
    assert default.claw_back
    ignoring = load(tmp_path, with_key("grants", 'refunds = "ignore"'))
    assert not ignoring.grants.policy(first_migrate).claw_back


# The environment


def variables(**more: str) -> dict[str, str]:
    return {f"AIPKIT_BRIDGE__{name}": text for name, text in more.items()}


def test_the_environment_lies_over_the_file(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        environ=variables(
            SITE__URL="https://other.example/",
            WOOCOMMERCE__POLL_SECONDS="60",
            GRANTS__ALLOW_NEGATIVE="true",
            GRANTS__STATUSES='["processing", "wc-completed"]',
            GRANTS__SINCE="2026-01-01T00:00:00Z",
            MODULES__ENABLED='["chat"]',
        )
        | {"AIPKIT_BRIDGE_CONFIG": "x", "HOME": "/"},
    )

    assert settings.site.url == "https://other.example"
    assert settings.woocommerce.poll_seconds == 60
    assert settings.grants.allow_negative
    assert settings.grants.statuses == ["processing", "completed"]
    assert settings.grants.since == datetime(2026, 1, 1, tzinfo=UTC)
    assert settings.modules.enabled == [Module.CHAT]


def test_the_environment_alone_is_enough(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"key").hexdigest()
    settings = load_settings(
        tmp_path / "none.toml",
        environ=variables(
            SITE__URL="https://shop.example",
            DATABASE__URL="mysql://u:p@h/db",
            WOOCOMMERCE__CONSUMER_KEY="ck_1",
            WOOCOMMERCE__CONSUMER_SECRET="cs_1",
            SECURITY__SHARED_SECRET=SECRET,
            SECURITY__API_KEYS=f'[{{"name": "a", "sha256": "{digest}", "scopes": ["usage"]}}]',
        ),
    )

    assert settings.woocommerce.consumer_key.get_secret_value() == "ck_1"
    assert settings.security.api_keys[0].sha256 == digest


def test_a_secret_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}{SECRET}\n")

    settings = load(tmp_path, environ=variables(SECURITY__SHARED_SECRET_FILE=str(secret)))

    assert settings.security.secrets == [SECRET * 2]


def test_secrets_may_be_a_list_of_which_the_first_signs(tmp_path: Path) -> None:
    other = "f" * 32
    text = NEEDED.replace(f'"{SECRET}"', f'["{other}", "{SECRET}"]')

    assert load(tmp_path, text).security.secrets == [other, SECRET]
    listed = variables(SECURITY__SHARED_SECRET=f'["{other}", "{SECRET}"]')
    assert load(tmp_path, environ=listed).security.secrets == [other, SECRET]


@pytest.mark.parametrize(
    ("name", "text", "named"),
    [
        ("NOPE__KEY", PRIVATE, "AIPKIT_BRIDGE__NOPE__KEY"),
        ("SITE", PRIVATE, "AIPKIT_BRIDGE__SITE"),
        ("SITE__", PRIVATE, "AIPKIT_BRIDGE__SITE__"),
        ("SITE__NOPE", PRIVATE, "site.nope"),
        ("DATABASE__POOL_SIZE", PRIVATE, "database.pool_size"),
        ("GRANTS__STATUSES", f'["{PRIVATE}"', "AIPKIT_BRIDGE__GRANTS__STATUSES"),
        ("GRANTS__STATUSES", PRIVATE, "grants.statuses"),
        ("SECURITY__SHARED_SECRET", PRIVATE[:9], "security.shared_secret"),
        (
            "SECURITY__SHARED_SECRET_FILE",
            "/none/of/these",
            "AIPKIT_BRIDGE__SECURITY__SHARED_SECRET_FILE",
        ),
    ],
)
def test_what_is_wrong_in_the_environment_is_named_and_never_shown(
    tmp_path: Path, name: str, text: str, named: str
) -> None:
    assert named in complaint(tmp_path, environ=variables(**{name: text}))


def test_secrets_do_not_show_when_settings_are_printed(tmp_path: Path) -> None:
    text = (
        NEEDED.replace("cs_1", PRIVATE).replace("password", PRIVATE).replace(SECRET, PRIVATE * 2)
    )

    assert PRIVATE not in repr(load(tmp_path, text))


def test_which_file_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CONFIG_VARIABLE, raising=False)
    assert config_path(None) == Path("config.toml")
    monkeypatch.setenv(CONFIG_VARIABLE, "other.toml")
    assert config_path(None) == Path("other.toml")
    assert config_path("given.toml") == Path("given.toml")


# Addresses


@pytest.mark.parametrize(
    ("url", "address"),
    [
        (
            "mysql://user:password@127.0.0.1:3307/wordpress",
            DatabaseAddress("user", "password", "wordpress", (("127.0.0.1", 3307),)),
        ),
        ("mysql://user@db.example/wp", DatabaseAddress("user", "", "wp", (("db.example", 3306),))),
        ("mariadb://u:p@[::1]:3307/wp", DatabaseAddress("u", "p", "wp", (("::1", 3307),))),
        (
            "mysql://u%40x:p%2F%3A%5B@h/wp%20x",
            DatabaseAddress("u@x", "p/:[", "wp x", (("h", 3306),)),
        ),
        (
            "mysql://u:p,w@one,[::1]:3307,three:3308/wp",
            DatabaseAddress("u", "p,w", "wp", (("one", 3306), ("::1", 3307), ("three", 3308))),
        ),
        (
            "mysql://u:p@/wp?unix_socket=/run/mysqld/mysqld.sock",
            DatabaseAddress("u", "p", "wp", unix_socket="/run/mysqld/mysqld.sock"),
        ),
        (
            "mysql://u:p@localhost/wp?unix_socket=%2Frun%2Fa%20b.sock",
            DatabaseAddress("u", "p", "wp", unix_socket="/run/a b.sock"),
        ),
    ],
)
def test_database_addresses(url: str, address: DatabaseAddress) -> None:
    assert parse_database_url(url) == address


def test_a_socket_is_connected_to_instead_of_a_host() -> None:
    by_socket = parse_database_url("mysql://u:p@localhost/wp?unix_socket=/s").connect_arguments()
    by_host = parse_database_url("mysql://u:p@h:3307/wp").connect_arguments()

    who = {"user": "u", "password": "p", "database": "wp"}
    assert by_socket == [{**who, "unix_socket": "/s", "ssl_disabled": True}]
    assert by_host == [{**who, "host": "h", "port": 3307}]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://Shop.Example", "HTTPS://shop.example/", True),
        ("https://shop.example/blog/", "https://shop.example/blog", True),
        ("https://shop.example:8443", "https://shop.example:8443/", True),
        ("https://shop.example/Blog", "https://shop.example/blog", False),
        ("https://shop.example", "http://shop.example", False),
        ("https://shop.example", "https://shop.example:8443", False),
        ("https://shop.example", "https://www.shop.example", False),
    ],
)
def test_site_addresses_are_compared_without_case_of_host_and_trailing_slash(
    one: str, other: str, same: bool
) -> None:
    assert same_address(one, other) is same
    assert same_address(other, one) is same


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    settings: Any = load(tmp_path)

    with pytest.raises(ValueError, match="frozen"):
        settings.site.url = "x"
    assert deepcopy(settings) == settings
