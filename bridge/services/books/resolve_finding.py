"""What people say of findings."""

from bridge.domain.errors import InvalidInputError
from bridge.store import findings
from bridge.store.db import Database


def resolve_finding(db: Database, finding_id: int, *, by: str, reason: str) -> None:
    """
    Close a finding. The first to do so is kept.

    Raises:
        InvalidInputError: There is no such finding.
    """
    if not db.transaction(lambda tx: findings.resolve(tx, finding_id, by=by, reason=reason)):
        raise InvalidInputError(f"finding: there is no finding {finding_id}.")
