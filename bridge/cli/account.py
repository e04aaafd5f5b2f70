"""`aipkit-bridge account show|ledger`."""

import click
from rich.console import Console
from rich.table import Table

from bridge.cli.context import Context, pass_context
from bridge.services.view_account import AccountView, list_ledger, view_account


@click.group()
def account() -> None:
    """Look at one user's credits."""


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
    Console().print(table)


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
    Console().print(table)


def _view(context: Context, user_id: int) -> AccountView:
    bridge = context.bridge()
    return view_account(
        bridge.db, bridge.site.get(), user_id, enabled=context.settings.modules.enabled
    )


def _number(value: int | None) -> str:
    return "unlimited" if value is None else f"{value:,}"
