"""`aipkit-bridge init`: connects a site, and with `--undo` takes that back."""

import sys
from contextlib import closing
from pathlib import Path

import click

from bridge.checks import Level, run_checks
from bridge.cli.backfill import tell_what_the_past_would_bring
from bridge.cli.context import Context, pass_context
from bridge.cli.doctor import show
from bridge.cli.init_talk import (
    Progress,
    ask_person,
    confirm,
    show_plan,
    show_undo,
    show_units,
)
from bridge.config import DEFAULT_FILE, load_settings
from bridge.services.setup.carry_out import carry_out
from bridge.services.setup.config_text import ExistingConfig
from bridge.services.setup.draft import make_draft, make_plan
from bridge.services.setup.find_ground import Wishes, find_ground
from bridge.services.setup.plan import Draft, UndoContext
from bridge.services.setup.record import Record
from bridge.services.setup.service_steps import (
    Services,
    can_start_services,
    check_readable,
    is_root,
)
from bridge.services.setup.take_back import take_all_back
from bridge.store.shop_keys import RestKey
from bridge.wiring import build, open_database

_SERVICES_FILE = Path("/etc/aipkit-bridge/config.toml")


@click.command()
@click.option(
    "--wp-config",
    metavar="PATH",
    type=click.Path(exists=True, path_type=Path),
    help="The site's wp-config.php, or its folder. Without it the database is asked for.",
)
@click.option(
    "--pair",
    nargs=2,
    metavar="URL CODE",
    help="Another machine's site, with the code that its plugin shows.",
)
@click.option("--site", metavar="URL", help="Which site of a network; default: its first.")
@click.option("--keep-db-user", is_flag=True, help="Use WordPress's own database user.")
@click.option("--systemd", is_flag=True, help="Write, enable and start services; or print them.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--undo", is_flag=True, help="Take back what init did.")
@pass_context
def init(
    context: Context,
    wp_config: Path | None,
    pair: tuple[str, str] | None,
    site: str | None,
    *,
    keep_db_user: bool,
    systemd: bool,
    yes: bool,
    undo: bool,
) -> int:
    """Connect a WordPress site, in one go.

    Says first what it will do, and asks once. Run it again to put right what is missing; what is
    well stays as it is. With --undo it takes back exactly what it did.

    Example: aipkit-bridge init --wp-config /var/www/html/wp-config.php
    """
    path = _config_file(context, systemd=systemd, undo=undo)
    if undo:
        return _undo(Record.beside(path), yes=yes)
    if wp_config and pair:
        raise click.UsageError("--wp-config and --pair exclude each other.")
    wishes = Wishes(wp_config, site, keep_db_user, pair)
    return _connect(path, wishes, systemd=systemd, yes=yes)


def _config_file(context: Context, *, systemd: bool, undo: bool) -> Path:
    """Return the file that is meant: where none was named, services have theirs in /etc."""
    path = context.config_file
    if path == Path(DEFAULT_FILE) and not Record.beside(path.absolute()).entries:
        has_services = bool(Record.beside(_SERVICES_FILE).entries)
        if (systemd and is_root()) or (undo and has_services):
            return _SERVICES_FILE
    return path.absolute()


def _connect(path: Path, wishes: Wishes, *, systemd: bool, yes: bool) -> int:
    record = Record.beside(path)
    ask = ask_person(may_ask=not yes)
    ground = find_ground(wishes, path, record, _existing(path), open_database, ask)
    with closing(ground.db):
        draft = make_draft(ground)
        services = _services(draft) if systemd else None
        started = services if can_start_services() else None
        steps = make_plan(ground, draft, keep_user=wishes.keep_db_user, services=started).left()
        if not steps:
            click.echo(f"{ground.found.home} is connected already: nothing to do.")
            return _check(path, news=False)
        show_plan(ground, steps)
        if not (yes or confirm("Do this?")):
            click.echo("Nothing was changed.")
            return 1
        record.begin_run(ground.origin())
        carry_out(steps, record, UndoContext(ground.db), Progress())
    if services is not None and started is None:
        show_units(services)
    return _check(path, news=True, has_services=started is not None)


def _services(draft: Draft) -> Services:
    program = Path(sys.argv[0]).absolute()
    if is_root():
        for path in (draft.config_file, program):
            check_readable(path)
    in_tmp = "unix_socket=/tmp/" in draft.database_url
    services = Services(
        config=draft.config_file, program=program, port=draft.port, socket_in_tmp=in_tmp
    )
    services.check_own()
    return services


def _check(path: Path, *, news: bool, has_services: bool = False) -> int:
    """Run doctor's checks; after something was done, say how to go on."""
    with closing(build(load_settings(path))) as bridge:
        worst = show(run_checks(bridge))
        if news:
            tell_what_the_past_would_bring(bridge, f"aipkit-bridge --config {path}")
            how = "it runs" if has_services else f"aipkit-bridge --config {path} serve"
            click.echo(f"\nStart it:     {how}")
            click.echo(f"Take it back: aipkit-bridge --config {path} init --undo")
    return 1 if worst is Level.ERROR else 0


def _undo(record: Record, *, yes: bool) -> int:
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
        shop_url=settings.shop_url,
        rest_key=RestKey(
            shop.consumer_key.get_secret_value(), shop.consumer_secret.get_secret_value()
        ),
        secret=settings.security.secrets[0],
        port=settings.server.port,
    )
