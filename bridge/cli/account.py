"""`aipkit-bridge account show|ledger|adjust`."""

import os
import pwd

import click
from rich.table import Table

from bridge.cli.context import Context, pass_context
from bridge.cli.tables import print_table
from bridge.domain.ids import MAX_BALANCE, MAX_ID, Actor, Credits, UserId
from bridge.domain.ledger import MAX_REASON, entry_name
from bridge.services.accounts.view_account import AccountView, list_ledger, view_account
from bridge.services.spending.adjust import Adjustment, ByDelta, SetTo
from bridge.services.spending.adjust import adjust as adjust_balance


@click.group()
def account() -> None:
    """Look at one user's credits, and change them."""


@account.command()
@click.argument("user_id", type=click.IntRange(min=1))
@pass_context
def show(context: Context, user_id: int) -> None:
    """Show balance and quotas.

    Example: aipkit-bridge account show 5
    """
    view = _view(context, user_id)
    click.echo(f"{view.name} (user {view.user_id})")
    click.echo(f"balance {view.balance:,}, held {view.held:,}, available {view.available:,}")
    table = Table("module", "title", "used", "limit", "remaining", "period", "renews (UTC)")
    for usage in view.modules:
        quota = usage.quota
        table.add_row(
            usage.module,
            usage.title,
            f"{quota.used:,}",
            _number(quota.limit),
            _number(quota.remaining),
            quota.period,
            f"{quota.resets_at:%Y-%m-%d %H:%M}" if quota.resets_at else "never",
        )
    print_table(table)


@account.command()
@click.argument("user_id", type=click.IntRange(min=1))
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@pass_context
def ledger(context: Context, user_id: int, limit: int) -> None:
    """Show the newest ledger rows.

    Example: aipkit-bridge account ledger 5 --limit 10
    """
    view = _view(context, user_id)
    rows = list_ledger(context.bridge().db, view.user_id, before=None, limit=limit).items
    table = Table("at (UTC)", "type", "operation", "credits", "balance after", "reference")
    for row in rows:
        table.add_row(
            f"{row.at:%Y-%m-%d %H:%M:%S}",
            row.entry_type,
            row.operation,
            f"{row.credits_delta:+,}",
            str(row.meta.get("balance_after", "")),
            f"{row.reference_type} {row.reference_id}".strip(),
        )
    print_table(table)


@account.command()
@click.option("--user", "user_id", type=click.IntRange(1, MAX_ID), required=True)
@click.option("--delta", type=click.IntRange(-MAX_BALANCE, MAX_BALANCE), help="Add, or take.")
@click.option("--set-to", type=click.IntRange(0, MAX_BALANCE), help="The new balance.")
@click.option("--expected", type=int, help="With --set-to: the balance as it is now.")
@click.option("--reason", required=True, help="Why; kept in the ledger.")
@pass_context
def adjust(
    context: Context,
    user_id: int,
    delta: int | None,
    set_to: int | None,
    expected: int | None,
    reason: str,
) -> None:
    """Add credits, take some, or set the balance if it still is as expected.

    Example: aipkit-bridge account adjust --user 5 --delta 1000 --reason "Sorry for the outage"
    """
    if not 0 < len(reason.strip()) <= MAX_REASON:
        raise click.UsageError(f"--reason: 1 to {MAX_REASON} characters.")
    change = _change(delta, set_to, expected)
    bridge = context.bridge()
    adjustment = Adjustment(
        actor=Actor(UserId(user_id)),
        change=change,
        reason=reason.strip(),
        by=f"cli:{_system_user()}",
    )
    adjusted = adjust_balance(bridge.db, bridge.spending, adjustment).answer
    entry = entry_name(adjusted.entry_id)
    click.echo(f"user {user_id}: balance {adjusted.balance_after:,}, entry {entry}")


def _change(delta: int | None, set_to: int | None, expected: int | None) -> ByDelta | SetTo:
    if delta and set_to is None and expected is None:
        return ByDelta(Credits(delta))
    if delta is None and set_to is not None and expected is not None:
        return SetTo(Credits(set_to), Credits(expected))
    raise click.UsageError("Give --delta (not 0), or --set-to with --expected.")


def _system_user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # as in some containers
        return str(os.getuid())


def _view(context: Context, user_id: int) -> AccountView:
    bridge = context.bridge()
    return view_account(
        bridge.db, bridge.site.get(), user_id, enabled=context.settings.modules.enabled
    )


def _number(value: int | None) -> str:
    return "unlimited" if value is None else f"{value:,}"
