"""Numbered self-checks of a site: what `doctor` prints. They read, and change nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from bridge.config import parse_database_url, same_address
from bridge.domain.errors import BridgeError
from bridge.services.reports.examine_site import (
    database_time,
    describe_server,
    engines_of_money,
    find_cluster_node,
    peer_stands_down,
)
from bridge.services.reports.view_status import check_ready
from bridge.wiring import Bridge
from bridge.woo.errors import ShopError, ShopFault

_EXAMPLE_SECRET = "change-me"  # noqa: S105  # what the example file holds
_MAX_CLOCK_SKEW_S = 30
_SAFE_CLUSTER = 3


class Level(StrEnum):
    """How bad a result is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Result:
    """One check's outcome; ``hint`` says what to do unless all is well."""

    number: str
    level: Level
    text: str
    hint: str = ""


def run_checks(bridge: Bridge) -> Iterator[Result]:
    """Run all checks; one that cannot run is an error itself."""
    for number, check in _CHECKS:
        try:
            level, text, hint = check(bridge)
        except BridgeError as error:
            level, text, hint = Level.ERROR, str(error), ""
        yield Result(number, level, text, hint)
        if number == "B001" and level is Level.ERROR:
            return


Outcome = tuple[Level, str, str]


def _database(bridge: Bridge) -> Outcome:
    facts = describe_server(bridge.db)
    if facts["flush_at_commit"] != "1":
        hint = "Set innodb_flush_log_at_trx_commit = 1: a power cut can lose booked credits."
        return Level.WARNING, f"Database {facts['version']} does not flush at commit.", hint
    return Level.OK, f"Database {facts['version']} answers.", ""


def _migrated(bridge: Bridge) -> Outcome:
    check_ready(bridge.db)
    return Level.OK, "The bridge's tables are up to date.", ""


def _engines(bridge: Bridge) -> Outcome:
    engines = engines_of_money(bridge.db)
    missing = [name for name, engine in engines.items() if engine is None]
    if missing:
        return Level.ERROR, f"Table {missing[0]} is missing.", "Check site.table_prefix."
    wrong = [name for name, engine in engines.items() if engine and engine.lower() != "innodb"]
    if wrong:
        hint = f"Run: ALTER TABLE {wrong[0]} ENGINE=InnoDB"
        return Level.ERROR, f"Table {wrong[0]} has no transactions.", hint
    return Level.OK, "Balances and ledger are in InnoDB.", ""


def _site(bridge: Bridge) -> Outcome:
    home = bridge.site.get().home
    if not same_address(home, bridge.settings.site.url):
        return (
            Level.ERROR,
            f"site.url is not the site's address {home}.",
            "Set site.url to it: the plugin's tokens name it.",
        )
    return Level.OK, f"The site is {home}.", ""


def _clock(bridge: Bridge) -> Outcome:
    skew = abs((database_time(bridge.db) - datetime.now(UTC)).total_seconds())
    if skew > _MAX_CLOCK_SKEW_S:
        hint = "Synchronise the clocks (NTP): tokens are refused by a wrong clock."
        return Level.WARNING, f"This clock and the database's differ by {skew:.0f} s.", hint
    return Level.OK, "The clocks agree.", ""


def _peer(bridge: Bridge) -> Outcome:
    if not bridge.site.get().peer_active:
        return Level.OK, "No other plugin grants credits.", ""
    if peer_stands_down(bridge.db):
        return Level.OK, "AI Puffer is active; its grants are stood down.", ""
    return (
        Level.WARNING,
        "AI Puffer is active and grants orders itself; each grant waits two minutes.",
        "Activate and configure the AIP Bridge plugin in WordPress.",
    )


def _secret(bridge: Bridge) -> Outcome:
    if any(_EXAMPLE_SECRET in secret for secret in bridge.settings.security.secrets):
        hint = "Make one: openssl rand -hex 32"
        return Level.ERROR, "security.shared_secret is the example's.", hint
    return Level.OK, "The shared secret is your own.", ""


def _shop(bridge: Bridge) -> Outcome:
    bridge.shop.list_orders(status="any", modified_after=datetime.now(UTC), page=1, fetch_number=0)
    return Level.OK, f"The shop at {bridge.settings.shop_url} answers.", ""


def _shop_writes(bridge: Bridge) -> Outcome:
    if not bridge.settings.grants.annotate_orders:
        return Level.OK, "Nothing is written to the shop's orders (grants.annotate_orders).", ""
    try:
        bridge.shop.check_writing()
    except ShopError as error:
        hint = ""
        if error.fault is ShopFault.UNAUTHORIZED:
            hint = "Give the key the permission Read/Write, or set grants.annotate_orders = false."
        return Level.ERROR, f"Order notes cannot be written. {error}", hint
    return Level.OK, "The key may write order notes.", ""


def _cluster(bridge: Bridge) -> Outcome:
    node = find_cluster_node(bridge.db)
    if node is None:
        return Level.OK, "The database is one server.", ""
    if not node.has_safe_settings:
        hint = "Set binlog_format = ROW and innodb_autoinc_lock_mode = 2 on every node."
        return Level.ERROR, "The cluster's nodes can come to differ by their settings.", hint
    if node.state != "Synced":
        hint = "Wait, or look at its log: bridges should use another node meanwhile."
        return Level.WARNING, f"The cluster's node is not in step: {node.state}.", hint
    if node.size < _SAFE_CLUSTER:
        hint = "Run three nodes, or two and an arbitrator: the last of two stops with the first."
        return Level.WARNING, f"The cluster has only {node.size} node(s) now.", hint
    hosts = parse_database_url(bridge.settings.database.url.get_secret_value()).hosts
    if len(hosts) == 1 and "{}:{}".format(*hosts[0]) in node.addresses:
        hint = "Name the other nodes behind it, with commas: a lost node stops the bridge."
        return Level.WARNING, "database.url names one node of a cluster.", hint
    return Level.OK, f"The database is a cluster of {node.size} nodes.", ""


_CHECKS: tuple[tuple[str, Callable[[Bridge], Outcome]], ...] = (
    ("B001", _database),
    ("B002", _migrated),
    ("B003", _engines),
    ("B004", _site),
    ("B005", _clock),
    ("B006", _peer),
    ("B007", _secret),
    ("B008", _shop),
    ("B009", _cluster),
    ("B010", _shop_writes),
)
