"""
The configuration: `config.toml`, then the environment over it (docs/configuration.md).

The only reader of the environment. Every key can be `AIPKIT_BRIDGE__SECTION__KEY`; with `_FILE`
behind it the value is read from that file, which is how containers hand over secrets. Why this is
not pydantic-settings stands in docs/decisions/009.
"""

import json
import os
import re
import secrets
import tomllib
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from bridge.domain.errors import ConfigError
from bridge.domain.events import SECRET_PREFIX, EventType
from bridge.domain.grants import GrantPolicy
from bridge.domain.quotas import Module

PREFIX = "AIPKIT_BRIDGE__"
CONFIG_VARIABLE = "AIPKIT_BRIDGE_CONFIG"
_INSTANCE_VARIABLE = "AIPKIT_BRIDGE_INSTANCE"
MIN_SECRET_LENGTH = 32
_SHORTEST_KEY, _LONGEST_KEY = 24, 64  # of a webhook's secret, as its standard has it
DEFAULT_FILE = "config.toml"
_ANSWER = "AIPKIT_BRIDGE_INIT_"


def _address(url: str) -> str:
    parts = urlsplit(url.strip())
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http:// or https:// address")
    if parts.username or parts.password:
        raise ValueError("must not hold a user name or password")
    return url.strip()


def _without_slash(url: str) -> str:
    return _address(url).rstrip("/")


def _optional_url(url: str) -> str:
    return _without_slash(url) if url.strip() else ""


def _status(text: str) -> str:
    return text.strip().lower().removeprefix("wc-")


def _secrets(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _long_enough(secrets: list[SecretStr]) -> list[SecretStr]:
    if not secrets or any(len(s.get_secret_value()) < MIN_SECRET_LENGTH for s in secrets):
        raise ValueError(f"must be at least {MIN_SECRET_LENGTH} characters (or a list of such)")
    return secrets


def _webhook_secret(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    try:
        key = b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError:
        key = b""
    if not text.startswith(SECRET_PREFIX) or not _SHORTEST_KEY <= len(key) <= _LONGEST_KEY:
        raise ValueError(
            f"must be {SECRET_PREFIX} and {_SHORTEST_KEY} to {_LONGEST_KEY} random bytes in Base64"
        )
    return secret


def _plain_integer(value: object) -> object:
    if isinstance(value, bool | float):
        raise ValueError("must be a whole number")  # noqa: TRY004  # pydantic wants ValueError
    return value


def _plain_bool(value: object) -> object:
    known = {"true": True, "false": False}
    if isinstance(value, str) and value.lower() in known:
        return known[value.lower()]
    if not isinstance(value, bool):
        raise ValueError("must be true or false")  # noqa: TRY004  # pydantic wants ValueError
    return value


def _written_instant(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError("must be a date and time with zone, like 2026-01-01T00:00:00Z")  # noqa: TRY004  # pydantic wants ValueError
    return value


Integer = Annotated[int, BeforeValidator(_plain_integer)]
Boolean = Annotated[bool, BeforeValidator(_plain_bool)]
Instant = Annotated[AwareDatetime, BeforeValidator(_written_instant)]
Secret = Annotated[SecretStr, Field(min_length=1)]
Url = Annotated[str, AfterValidator(_without_slash)]
OptionalUrl = Annotated[str, AfterValidator(_optional_url)]
Prefix = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$", max_length=40)]
Status = Annotated[str, AfterValidator(_status), Field(min_length=1, max_length=40)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Site(_Section):
    """Which WordPress site."""

    url: Url
    table_prefix: Prefix = "wp_"
    users_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]*$", max_length=40)] = ""

    @property
    def users(self) -> str:
        """The prefix of `users` and `usermeta`."""
        return self.users_prefix or self.table_prefix


class DatabaseSettings(_Section):
    """The site's MySQL or MariaDB; the address holds the password."""

    url: SecretStr
    pool_size: Annotated[Integer, Field(ge=2, le=64)] = 8


class WooCommerce(_Section):
    """The shop's REST API."""

    consumer_key: Secret
    consumer_secret: Secret
    url: OptionalUrl = ""
    webhook_secret: SecretStr = SecretStr("")
    poll_seconds: Annotated[Integer, Field(ge=1, le=3600)] = 30


class Grants(_Section):
    """Which orders grant, and what takes credits back."""

    since: Instant | None = None
    statuses: list[Status] = ["completed"]
    reverse_on: list[Status] = ["cancelled", "refunded", "failed", "trash"]
    refunds: Literal["clawback", "ignore"] = "clawback"
    allow_negative: Boolean = False
    claim_by_email: Boolean = False
    annotate_orders: Boolean = True
    require_payment: Boolean = False

    @model_validator(mode="after")
    def _statuses_are_apart(self) -> "Grants":
        if not self.statuses:
            raise ValueError("statuses must name at least one order status")
        both = set(self.statuses) & set(self.reverse_on)
        if both:
            raise ValueError(f"statuses and reverse_on both name {', '.join(sorted(both))}")
        return self

    def policy(self, first_migrate: datetime) -> GrantPolicy:
        """Return the rules' view of this section; `since` defaults to *first_migrate*."""
        return GrantPolicy(
            since=self.since.astimezone(UTC) if self.since else first_migrate,
            statuses=frozenset(self.statuses),
            reverse_on=frozenset(self.reverse_on),
            claw_back=self.refunds == "clawback",
            allow_negative=self.allow_negative,
            claim_by_email=self.claim_by_email,
            require_payment=self.require_payment,
        )


class Modules(_Section):
    """Which features are metered."""

    enabled: list[Module] = list(Module)


class Server(_Section):
    """Where the bridge listens."""

    host: str = "127.0.0.1"
    port: Annotated[Integer, Field(ge=0, le=65535)] = 8787
    public_url: OptionalUrl = ""


class ApiKey(_Section):
    """A back end's key, known only by its digest."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")]
    scopes: list[Literal["usage", "read", "admin"]]


class Security(_Section):
    """Who may call."""

    shared_secret: Annotated[
        list[SecretStr], BeforeValidator(_secrets), AfterValidator(_long_enough)
    ]
    api_keys: list[ApiKey] = []

    @property
    def secrets(self) -> list[str]:
        """All secrets that verify; the first also signs."""
        return [secret.get_secret_value() for secret in self.shared_secret]


class Webhook(_Section):
    """An address that is told of events."""

    url: Annotated[str, AfterValidator(_address)]
    secret: Annotated[SecretStr, AfterValidator(_webhook_secret)]
    events: Annotated[list[EventType], Field(min_length=1)] = list(EventType)


class Settings(_Section):
    """The whole configuration."""

    site: Site
    database: DatabaseSettings
    woocommerce: WooCommerce
    grants: Grants = Grants()
    modules: Modules = Modules()
    server: Server = Server()
    security: Security
    webhooks: list[Webhook] = []

    @field_validator("webhooks")
    @classmethod
    def _addresses_are_apart(cls, webhooks: list[Webhook]) -> list[Webhook]:
        if len({webhook.url for webhook in webhooks}) < len(webhooks):
            raise ValueError("each url may stand once")
        return webhooks

    @property
    def shop_url(self) -> str:
        """Where the shop's REST API is."""
        return self.woocommerce.url or self.site.url


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """A database address, taken apart for the driver: a socket, a host, or a cluster's hosts."""

    user: str
    password: str
    database: str
    hosts: tuple[tuple[str, int], ...] = ()
    unix_socket: str = ""

    def connect_arguments(self) -> list[dict[str, Any]]:
        """Return the driver's arguments for each place to connect to, in their order."""
        who = {"user": self.user, "password": self.password, "database": self.database}
        # Else the driver reads all of the system's certificates for every connection.
        plain = {"ssl_disabled": True}
        if self.unix_socket:
            return [{"unix_socket": self.unix_socket, **who, **plain}]
        return [
            {"host": host, "port": port, **who, **(plain if host in _HERE else {})}
            for host, port in self.hosts
        ]


_HERE = ("127.0.0.1", "::1", "localhost")
_MYSQL_PORT = 3306


def parse_database_url(url: str) -> DatabaseAddress:
    """
    Take `mysql://user:password@host:port/name` or `…/name?unix_socket=/path` apart.

    A cluster's hosts are written one after another, with commas between them; SQLAlchemy's
    `make_url` cannot read those (docs/decisions/009).
    """
    try:
        parts = urlsplit(url)
        who, _, where = parts.netloc.rpartition("@")
        servers = [urlsplit(f"//{who}@{host}") for host in where.split(",")]
        hosts = tuple((s.hostname, s.port or _MYSQL_PORT) for s in servers if s.hostname)
    except ValueError:
        raise ConfigError(
            "database.url: cannot be read; write special characters of the password as %XX"
        ) from None
    database = unquote(parts.path.lstrip("/"))
    socket = parse_qs(parts.query).get("unix_socket", [""])[0]
    user = servers[0].username
    if parts.scheme not in ("mysql", "mariadb") or not database or not user:
        raise ConfigError(
            "database.url: must look like mysql://user:password@127.0.0.1:3306/wordpress"
        )
    if not socket and len(hosts) < len(servers):
        raise ConfigError("database.url: names neither a host nor ?unix_socket=/path")
    password = unquote(servers[0].password or "")
    return DatabaseAddress(unquote(user), password, database, () if socket else hosts, socket)


def same_address(one: str, other: str) -> bool:
    """Compare site addresses: scheme and host without case, without a trailing slash."""

    def plain(url: str) -> tuple[str, str, str]:
        parts = urlsplit(url.strip().rstrip("/"))
        return parts.scheme.lower(), parts.netloc.lower(), parts.path

    return plain(one) == plain(other)


def config_path(given: str | None) -> Path:
    """Return which file to read: *given*, else the variable, else `config.toml`."""
    return Path(given or os.environ.get(CONFIG_VARIABLE) or DEFAULT_FILE)  # noqa: TID251  # here


def answer_from_environment(name: str) -> tuple[str, str | None]:
    """Return which variable answers a question of `init`, and its answer, if it is set."""
    variable = f"{_ANSWER}{name.strip('$').upper()}"
    return variable, os.environ.get(variable)  # noqa: TID251  # here


def hand_down(path: Path) -> None:
    """Tell processes that this one starts which file to read."""
    os.environ[CONFIG_VARIABLE] = str(path.absolute())  # noqa: TID251  # here


def name_instance(instance: str) -> None:
    """Give this process, and those that it starts, the id of their service. It is no secret."""
    os.environ[_INSTANCE_VARIABLE] = instance  # noqa: TID251  # here


def instance_id() -> str:
    """Return that id; where `serve` gave none, one that is this process's own."""
    return os.environ.get(_INSTANCE_VARIABLE) or _own_instance()  # noqa: TID251  # here


@cache
def _own_instance() -> str:
    return secrets.token_hex(8)


def load_settings(path: Path, *, environ: Mapping[str, str] | None = None) -> Settings:
    """
    Read the configuration.

    A missing file is fine as long as the environment holds what is needed.

    Raises:
        ConfigError: One line that names the key and what is wrong with it, never its value.
    """
    values = _read_file(path)
    if environ is None:
        environ = os.environ  # noqa: TID251  # this is the one place
    for name, text in sorted(environ.items()):
        if name.startswith(PREFIX):
            _overlay(values, name, text)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_explain(error, path)) from None
    parse_database_url(settings.database.url.get_secret_value())
    return settings


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({type(error).__name__}).") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not valid TOML: {error}") from None


def _overlay(values: dict[str, Any], name: str, text: str) -> None:
    """Put one variable over the file's values; lists and tables are written as JSON."""
    section, _, key = name.removeprefix(PREFIX).lower().partition("__")
    if section not in Settings.model_fields or not key:
        raise ConfigError(f"{name}: names no key of the configuration: check the spelling.")
    if name.endswith("_FILE"):
        key, text = key.removesuffix("_file"), _read_secret(name, text)
    try:
        value = json.loads(text) if text[:1] in ("[", "{") else text
    except ValueError:
        raise ConfigError(f"{name}: starts like a list but is not valid JSON.") from None
    target = values.setdefault(section, {})
    if not isinstance(target, dict):
        raise ConfigError(f"{section}: must be a table: write it as [{section}].")
    target[key] = value


def _read_secret(name: str, path: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}: the file cannot be read ({type(error).__name__}).") from None


def _explain(error: ValidationError, path: Path) -> str:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    # A misspelt key also makes the right one missing: the misspelling is the better news.
    first = min(found, key=lambda one: one["type"] != "extra_forbidden")
    key = re.sub(r"\.(\d+)", r"[\1]", ".".join(str(part) for part in first["loc"]))
    texts = {
        "missing": "is missing: set it in the file or in the environment",
        "extra_forbidden": "is not a known key: check the spelling",
    }
    text = texts.get(first["type"], first["msg"].removeprefix("Value error, "))
    return (
        f"{path}: {key or 'grants'}: {text} (variable {PREFIX}{key.upper().replace('.', '__')})."
    )
