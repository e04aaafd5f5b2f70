"""Putting a plan together: what is there already is kept, what is missing gets a step."""

import errno
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bridge.domain.errors import BridgeError
from bridge.domain.wp_config import WpConfig
from bridge.services.setup.config_step import WriteConfig
from bridge.services.setup.config_text import ExistingConfig
from bridge.services.setup.database_steps import MakeDatabaseUser, MakeTables
from bridge.services.setup.errors import SetupError
from bridge.services.setup.found import FoundSite, WordPressFolders
from bridge.services.setup.login import Connect, DatabaseLogin
from bridge.services.setup.pair_step import PairWithSite
from bridge.services.setup.plan import Draft, Plan, Step
from bridge.services.setup.plugin_steps import (
    ActivatePlugin,
    CopyPlugin,
    StoreSettings,
    read_settings,
)
from bridge.services.setup.record import Facts, Record
from bridge.services.setup.service_steps import MakeServiceUser, Services, StartServices
from bridge.services.setup.shop_steps import MakeRestKey
from bridge.store.db import Database

_FIRST_PORT = 8787
_PORTS_TRIED = 100
_MIN_SECRET_LENGTH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a plan stands on."""

    config_file: Path
    record: Record
    found: FoundSite
    db: Database
    login: DatabaseLogin
    given_url: str
    connect: Connect
    existing: ExistingConfig | None
    wp_config: WpConfig | None
    folders: WordPressFolders | None
    """None where WordPress is on another machine."""
    shop_url: str
    bridge_address: str = ""
    """Where WordPress reaches the bridge; "" is this machine."""
    pairing: tuple[str, str] | None = None
    """The site's address and the code that its plugin has shown."""

    def origin(self) -> Facts:
        """Return how the site is reached, for the record."""
        prefixes = self.found.prefixes
        return {"database_url": self.given_url, "site": prefixes.site, "users": prefixes.users}


def make_draft(ground: Ground) -> Draft:
    """
    Choose what the steps work with.

    Raises:
        SetupError: The configuration that is there is of another site.
    """
    existing, found = ground.existing, ground.found
    if existing is not None:
        _check_same_site(existing, found, ground.config_file)
    port = existing.port if existing else _port(ground)
    return Draft(
        config_file=ground.config_file,
        found=found,
        db=ground.db,
        connect=ground.connect,
        existing=existing,
        given_url=ground.given_url,
        database_url=_database_url(ground),
        secret=_secret(ground),
        port=port,
        bridge_address=ground.bridge_address or f"http://127.0.0.1:{port}",
        shop_url=ground.shop_url,
        rest_key=existing.rest_key if existing else None,
    )


def make_plan(
    ground: Ground, draft: Draft, *, keep_user: bool, services: Services | None = None
) -> Plan:
    """
    Return the steps in their order; where WordPress is elsewhere its files are not ours.

    *services*: those that are to be started here.
    """
    steps: list[Step] = []
    if draft.found.database_user.may_make_users and not keep_user:
        steps.append(MakeDatabaseUser(draft, ground.login, ground.record))
    if ground.pairing is not None:
        steps.append(PairWithSite(draft, *ground.pairing))
    else:
        steps.append(MakeRestKey(draft, ground.record))
    steps += [WriteConfig(draft, steps), MakeTables(draft)]
    if ground.folders is not None:
        steps.append(CopyPlugin(ground.folders))
    if ground.pairing is None:
        steps.append(StoreSettings(draft))
    if ground.folders is not None:
        steps.append(ActivatePlugin(draft, ground.folders))
    if services is not None:
        steps += [MakeServiceUser(), StartServices(services)]
    return Plan(steps)


def _check_same_site(existing: ExistingConfig, found: FoundSite, path: Path) -> None:
    same = (existing.site_url.rstrip("/").lower(), existing.site_prefix)
    if same != (found.home.lower(), found.prefixes.site):
        raise SetupError(
            f"{path} is of another site ({existing.site_url}): name another file with --config."
        )


def _database_url(ground: Ground) -> str:
    """Return the configured address if it still lets the bridge in, else the given one."""
    existing, prefixes = ground.existing, ground.found.prefixes
    if existing is None:
        return ground.given_url
    db = ground.connect(existing.database_url, prefixes.site, prefixes.users)
    try:
        with db.reading():
            return existing.database_url
    except BridgeError:
        return ground.given_url
    finally:
        db.close()


def _secret(ground: Ground) -> str:
    """Return the secret in force: WordPress's constant, the file's, the plugin's, or a new one."""
    said = ground.wp_config.constant("AIPKIT_BRIDGE_SECRET") if ground.wp_config else None
    existing = ground.existing
    if isinstance(said, str):
        if existing is not None and existing.secret != said:
            raise SetupError(
                "security.shared_secret is another than AIPKIT_BRIDGE_SECRET in wp-config.php: "
                "make them the same, then run this again."
            )
        return said
    if existing is not None:
        return existing.secret
    with ground.db.reading() as tx:
        stored = read_settings(tx).get("secret", "")
    return stored if len(stored) >= _MIN_SECRET_LENGTH else secrets.token_hex(32)


def _port(ground: Ground) -> int:
    """Return the port that WordPress asks already, else the first that nobody serves."""
    said = ground.wp_config.constant("AIPKIT_BRIDGE_URL") if ground.wp_config else None
    with ground.db.reading() as tx:
        stored = read_settings(tx).get("url", "")
    address = urlsplit(said if isinstance(said, str) else stored)
    if address.hostname in ("127.0.0.1", "localhost") and address.port:
        return address.port
    ports = range(_FIRST_PORT, _FIRST_PORT + _PORTS_TRIED)
    return next((port for port in ports if _is_free(port)), _FIRST_PORT)


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        return error.errno != errno.EADDRINUSE
    return True
