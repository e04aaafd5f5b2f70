"""How `init` talks: what it asks, what it shows before and while it works. Never a secret."""

import sys
from collections.abc import Sequence

import click

from bridge.config import answer_from_environment
from bridge.domain.errors import ConfigError
from bridge.services.setup.carry_out import UNDO
from bridge.services.setup.draft import Ground
from bridge.services.setup.login import Ask
from bridge.services.setup.plan import Step
from bridge.services.setup.record import Record
from bridge.services.setup.service_steps import MAKE_USER, USER, Services


def ask_person(*, may_ask: bool) -> Ask:
    """Return how to ask: the environment first, then whoever sits there."""

    def ask(name: str, why: str, *, default: str = "", is_secret: bool = False) -> str:
        variable, answer = answer_from_environment(name)
        if answer is not None:
            return answer
        if not may_ask or not sys.stdin.isatty():
            raise ConfigError(f"{why} Set the variable {variable}, or run it on a terminal.")
        click.echo(why)
        return str(
            click.prompt(f"  {name}", default=default or None, hide_input=is_secret, type=str)
        )

    return ask


def confirm(question: str) -> bool:
    """Ask the one question; without a terminal nobody can say yes."""
    if not sys.stdin.isatty():
        raise ConfigError("Nobody can be asked here: run it on a terminal, or with --yes.")
    return click.confirm(f"\n{question}", default=False)


def show_plan(ground: Ground, steps: Sequence[Step]) -> None:
    """Show on one screen what was found, and what is going to be done."""
    found = ground.found
    user = found.database_user
    orders = "orders in its own tables" if found.orders_in_tables else "orders as posts"
    facts = {
        "site": f"{found.home} ({found.name})" if found.name else found.home,
        "database": f"{user.database}, tables {found.prefixes.site}…, as {user.name}; "
        f"{found.server}",
        "shop": f"WooCommerce {found.woocommerce_version}, {orders}",
    }
    if found.has_peer:
        facts["AI Puffer"] = "active: it works on the same balances"
    click.echo("Found")
    for name, text in facts.items():
        click.echo(f"  {name:<10}{text}")
    click.echo("\nTo do")
    for number, step in enumerate(steps, 1):
        click.echo(f"  {number}. {step.says}")
    click.echo("\nWhat is not named here stays as it is. `init --undo` takes it all back.")


def show_undo(record: Record) -> None:
    """Show what is going to be taken back."""
    click.echo("To take back")
    for number, entry in enumerate(reversed(record.entries), 1):
        click.echo(f"  {number}. {UNDO[entry.step][0]}")
    click.echo("\nCustomers' balances and the ledger stay.")


def show_units(services: Services) -> None:
    """Print the units where they cannot be started: not as root, or without systemd."""
    click.echo("\nSystemd units, to be written by root into /etc/systemd/system:")
    for name, text in services.units().items():
        click.echo(f"\n# {name}\n{text}", nl=False)
    click.echo(f"\nThen: {' '.join(MAKE_USER)}")
    click.echo(f"      chown {USER}: {services.config}")
    click.echo("      systemctl daemon-reload")
    click.echo(f"      systemctl enable --now {' '.join(services.units())}")


class Progress:
    """Tells how far it is, line by line."""

    def begun(self, number: int, of: int, step: Step) -> None:
        """Say what begins."""
        click.echo(f"{number}/{of} {step.says} … ", nl=False)

    def done(self, remark: str) -> None:
        """Say that it is done."""
        click.echo(f"done: {remark}" if remark else "done")

    def failed(self) -> None:
        """Say that it is not."""
        click.echo("failed")

    def undone(self, what: str, stays: str) -> None:
        """Say what was taken back, or stays."""
        click.echo(f"    {what}: {stays or 'taken back'}")
