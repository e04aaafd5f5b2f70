"""`aipkit-bridge init`: connects a site, and with `--undo` takes that back."""

from contextlib import closing
from pathlib import Path

import click

from bridge.checks import Level, run_checks
from bridge.cli.backfill import tell_what_the_past_would_bring
from bridge.cli.context import Context, pass_context
from bridge.cli.doctor import show
from bridge.cli.init_talk import Progress, ask_person, confirm, show_plan, show_undo
from bridge.config import load_settings
from bridge.services.setup.carry_out import carry_out
from bridge.services.setup.config_text import ExistingConfig
from bridge.services.setup.draft import make_draft, make_plan
from bridge.services.setup.find_ground import Wishes, find_ground
from bridge.services.setup.plan import UndoContext
from bridge.services.setup.record import Record
from bridge.services.setup.take_back import take_all_back
from bridge.store.shop_keys import RestKey
from bridge.wiring import build, open_database


@click.command()
@click.option(
    "--wp-config",
    metavar="PATH",
    type=click.Path(exists=True, path_type=Path),
    help="The site's wp-config.php, or its folder. Without it the database is asked for.",
)
@click.option("--site", metavar="URL", help="Which site of a network; default: its first.")
@click.option("--keep-db-user", is_flag=True, help="Use WordPress's own database user.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--undo", is_flag=True, help="Take back what init did.")
@pass_context
def init(
    context: Context,
    wp_config: Path | None,
    site: str | None,
    *,
    keep_db_user: bool,
    yes: bool,
    undo: bool,
) -> int:
    """Connect a WordPress site, in one go.

    Says first what it will do, and asks once. Run it again to put right what is missing; what is
    well stays as it is. With --undo it takes back exactly what it did.

    Example: aipkit-bridge init --wp-config /var/www/html/wp-config.php
    """
    if undo:
        return _undo(context, yes=yes)
    return _connect(context, Wishes(wp_config, site, keep_db_user), yes=yes)


def _connect(context: Context, wishes: Wishes, *, yes: bool) -> int:
    path = context.config_file.absolute()
    record = Record.beside(path)
    ask = ask_person(may_ask=not yes)
    ground = find_ground(wishes, path, record, _existing(path), open_database, ask)
    with closing(ground.db):
        draft = make_draft(ground)
        steps = make_plan(ground, draft, keep_user=wishes.keep_db_user).left()
        if not steps:
            click.echo(f"{ground.found.home} is connected already: nothing to do.")
            return _check(path, news=False)
        show_plan(ground, steps)
        if not (yes or confirm("Do this?")):
            click.echo("Nothing was changed.")
            return 1
        record.begin_run(ground.origin())
        carry_out(steps, record, UndoContext(ground.db), Progress())
    return _check(path, news=True)


def _check(path: Path, *, news: bool) -> int:
    """Run doctor's checks; after something was done, say how to go on."""
    with closing(build(load_settings(path))) as bridge:
        worst = show(run_checks(bridge))
        if news:
            tell_what_the_past_would_bring(bridge, f"aipkit-bridge --config {path}")
            click.echo(f"\nStart it:     aipkit-bridge --config {path} serve")
            click.echo(f"Take it back: aipkit-bridge --config {path} init --undo")
    return 1 if worst is Level.ERROR else 0


def _undo(context: Context, *, yes: bool) -> int:
    record = Record.beside(context.config_file.absolute())
    if not record.entries:
        click.echo(f"init has done nothing that {record.path} tells of: nothing to take back.")
        return 0
    show_undo(record)
    if not (yes or confirm("Take this back?")):
        click.echo("Nothing was changed.")
        return 1
    take_all_back(record, open_database, Progress())
    click.echo(
        "Taken back. Customers' balances and the ledger stay: they say what was sold and used."
    )
    return 0


def _existing(path: Path) -> ExistingConfig | None:
    """Return what the configuration says that is there; a wrong one ends the command."""
    if not path.exists():
        return None
    settings = load_settings(path)
    shop = settings.woocommerce
    return ExistingConfig(
        text=path.read_text("utf-8"),
        site_url=settings.site.url,
        database_url=settings.database.url.get_secret_value(),
        site_prefix=settings.site.table_prefix,
        users_prefix=settings.site.users,
        rest_key=RestKey(
            shop.consumer_key.get_secret_value(), shop.consumer_secret.get_secret_value()
        ),
        secret=settings.security.secrets[0],
        port=settings.server.port,
    )
