"""Taking back all that `init` has done."""

from contextlib import closing

from bridge.domain.errors import NotMigratedError
from bridge.services.setup.carry_out import Listener, take_back
from bridge.services.setup.errors import SetupError
from bridge.services.setup.login import Connect
from bridge.services.setup.plan import UndoContext
from bridge.services.setup.record import Record
from bridge.services.setup.service_steps import StartServices
from bridge.store import leases
from bridge.store.db import Database


def take_all_back(record: Record, connect: Connect, listener: Listener) -> None:
    """
    Take back everything in the record, the last step first.

    Raises:
        SetupError: A worker still books orders, and is none of the services that `init` started.
    """
    origin = record.origin
    with closing(connect(origin["database_url"], origin["site"], origin["users"])) as db:
        services = [entry for entry in record.entries if entry.step == StartServices.name]
        take_back(services, record, UndoContext(db), listener)
        _check_nobody_works(db)
        take_back([*record.entries], record, UndoContext(db), listener)


def _check_nobody_works(db: Database) -> None:
    try:
        with db.reading() as tx:
            working = [lease for lease in leases.list_leases(tx) if lease.owner and lease.held]
    except NotMigratedError:
        return
    if working:
        raise SetupError(
            "A worker of this site still runs: stop `serve` and `worker` first; if none does, "
            "wait 20 seconds."
        )
