"""What a site's self-checks ask of its database."""

from datetime import datetime

from bridge.store import ledger, wp_options
from bridge.store.db import Database
from bridge.store.server import ClusterNode, describe, read_cluster, read_engines


def describe_server(db: Database) -> dict[str, str]:
    """Return the database's version, and what it promises of a commit."""
    with db.reading() as tx:
        return describe(tx)


def engines_of_money(db: Database) -> dict[str, str | None]:
    """Return the engines of the tables of balances and of the ledger; None: there is no table."""
    with db.reading() as tx:
        names = (f"{tx.users_prefix}usermeta", ledger.TABLE.replace("{p}", tx.site_prefix))
        engines = read_engines(tx, names)
    return {name: engines.get(name) for name in names}


def database_time(db: Database) -> datetime:
    """Return the database's clock."""
    with db.reading() as tx:
        return tx.now()


def peer_stands_down(db: Database) -> bool:
    """Say whether the other plugin was told lately to leave orders to the bridge."""
    with db.reading() as tx:
        return wp_options.heartbeat_is_fresh(tx)


def find_cluster_node(db: Database) -> ClusterNode | None:
    """Return the node of a cluster that answers; None where the database is one server."""
    with db.reading() as tx:
        return read_cluster(tx)
