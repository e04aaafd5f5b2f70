"""Which user a person means."""

from bridge.domain.errors import InvalidInputError
from bridge.domain.ids import UserId
from bridge.store import wp_users
from bridge.store.db import Database


def find_user(db: Database, called: str) -> UserId:
    """
    Return the user with this id, login or e-mail address; digits are an id.

    Raises:
        InvalidInputError: There is none, or more than one.
    """
    if called.isascii() and called.isdigit() and len(called) <= 18:
        return UserId(int(called))
    with db.reading() as tx:
        found = wp_users.find_called(tx, called)
    if len(found) > 1:
        raise InvalidInputError(f"user: more than one is called {called}; give the id.")
    if not found:
        raise InvalidInputError(f"user: nobody has the login or e-mail address {called}.")
    return found[0]
