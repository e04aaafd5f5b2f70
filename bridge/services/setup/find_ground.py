"""Finding out all that a plan stands on, asking only for what cannot be found."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bridge.domain.wp_config import WpConfig, read_wp_config
from bridge.services.setup.config_text import ExistingConfig
from bridge.services.setup.draft import Ground
from bridge.services.setup.errors import SetupError
from bridge.services.setup.found import (
    Prefixes,
    WordPressFolders,
    find_folders,
    find_prefixes,
    find_site,
    is_network,
    of_network,
)
from bridge.services.setup.login import Ask, Connect, ask_login, open_first, read_login
from bridge.services.setup.record import Record
from bridge.store.db import Database
from bridge.woo.errors import ShopError
from bridge.woo.pairing import check_pairing_address
from bridge.woo.visits import find_api

_FILE = "wp-config.php"
_WHERE = "How WordPress reaches this bridge, as https://bridge.shop.example."


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was said on the command line."""

    wp_config: Path | None
    site: str | None
    keep_db_user: bool
    pairing: tuple[str, str] | None = None


def find_ground(
    wishes: Wishes,
    config_file: Path,
    record: Record,
    existing: ExistingConfig | None,
    connect: Connect,
    ask: Ask,
) -> Ground:
    """
    Find it out; the database of the result is open.

    Raises:
        SetupError: The site cannot be connected as it is.
    """
    pairing = wishes.pairing and (check_pairing_address(wishes.pairing[0]), wishes.pairing[1])
    path = _file_in(wishes.wp_config)
    wp_config = _read(path) if path else None
    login = read_login(wp_config, ask) if wp_config else ask_login(ask)
    url, db = open_first(login, connect)
    try:
        prefixes = find_prefixes(wp_config, db, ask)
    finally:
        db.close()
    db = connect(url, prefixes.site, prefixes.users)
    if wishes.site is not None:
        prefixes, db = _other_site(db, prefixes, wishes.site, url, connect)
    found = find_site(db, prefixes, is_network=is_network(wp_config))
    return Ground(
        config_file=config_file,
        record=record,
        found=found,
        db=db,
        login=login,
        given_url=url,
        connect=connect,
        existing=existing,
        wp_config=wp_config,
        folders=_folders(path, wp_config, ask) if path and wp_config else None,
        shop_url=existing.shop_url if existing else _shop_url(found.home, ask),
        bridge_address="" if path else _bridge_address(ask),
        pairing=pairing,
    )


def _folders(path: Path, wp_config: WpConfig, ask: Ask) -> WordPressFolders:
    folders = find_folders(path, wp_config, ask)
    if not folders.plugins.is_dir():
        raise SetupError(f"WordPress's plugins are not in {folders.plugins}: check the folder.")
    if not os.access(folders.plugins, os.W_OK):
        raise SetupError(f"{folders.plugins} may not be written: run this as root (sudo).")
    return folders


def _shop_url(home: str, ask: Ask) -> str:
    """Return where the shop answers: where *home* leads, else what somebody says."""
    why = f"{home} cannot be reached from this machine; the shop's address as it is reached:"
    try:
        found = find_api(home)
    except ShopError as error:
        found, why = None, f"{error} Or is there another address by which it is reached?"
    if found is not None:
        return found
    return ask("SHOP_URL", why, default=home).strip().rstrip("/")


def _bridge_address(ask: Ask) -> str:
    address = ask("BRIDGE_URL", _WHERE).strip().rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise SetupError(f"“{address}” is no address: write it as https://bridge.shop.example.")
    return address


def _other_site(
    db: Database, prefixes: Prefixes, site: str, url: str, connect: Connect
) -> tuple[Prefixes, Database]:
    try:
        prefixes = of_network(db, prefixes, site)
    finally:
        db.close()
    return prefixes, connect(url, prefixes.site, prefixes.users)


def _file_in(path: Path | None) -> Path | None:
    """Return the file itself where its folder was named; links are left as they are."""
    if path is None:
        return None
    return (path / _FILE if path.is_dir() else path).absolute()


def _read(path: Path) -> WpConfig:
    try:
        # Bytes that are no UTF-8 may stand in comments; in a value they make it unreadable.
        source = path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise SetupError(
            f"{path} cannot be read ({error.strerror}): run this as root, or as its owner."
        ) from None
    return read_wp_config(source, str(path.parent))
