"""What the site's features use, for those who set prices."""

from bridge.domain.used_models import Uses
from bridge.store.db import Database
from bridge.store.used_models import read_set_up, read_used


def list_used(db: Database) -> list[Uses]:
    """Return what was used lately, the most used first, then what is only set up."""
    with db.reading() as tx:
        used, set_up = read_used(tx), read_set_up(tx)
    known = {uses.subject for uses in used}
    return used + [uses for uses in set_up if uses.subject not in known]
