"""The command `aipkit-bridge`: its options, its exit codes, and how it fails."""

import sys
from importlib import import_module

import click

from bridge.cli.context import Context
from bridge.cli.logs import set_up_logging
from bridge.cli.memory import look_for_cycles_from_now_on
from bridge.config import config_path
from bridge.domain.errors import BridgeError, ConfigError
from bridge.version import VERSION

EXIT_COULD_NOT = 1
EXIT_WRONG_USE = 2

_COMMANDS = {
    "init": "init",
    "serve": "serve",
    "worker": "worker",
    "sync": "sync",
    "backfill": "backfill",
    "reconcile": "reconcile",
    "migrate": "migrate",
    "doctor": "doctor",
    "account": "account",
    "admin-link": "admin_link",
    "export": "export",
}


class LazyGroup(click.Group):
    """Imports a command's module when it is used: `sync` need not load the web server."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in their order."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one command."""
        module = _COMMANDS.get(cmd_name)
        if module is None:
            return None
        command = getattr(import_module(f"bridge.cli.{module}"), module)
        assert isinstance(command, click.Command), module
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="aipkit-bridge")
@click.option("--config", "config_file", metavar="PATH", help="Default: config.toml.")
@click.option("--debug", is_flag=True, help="Log more, and show tracebacks.")
@click.pass_context
def cli(ctx: click.Context, config_file: str | None, *, debug: bool) -> None:
    """Sell and meter AI usage credits for a WordPress site, from outside WordPress."""
    look_for_cycles_from_now_on()
    set_up_logging(debug=debug)
    ctx.obj = Context(config_path(config_file), debug=debug)
    ctx.call_on_close(ctx.obj.close)


def main() -> None:
    """Run the command line; 0 done, 1 could not, 2 wrong usage or configuration."""
    debug = "--debug" in sys.argv
    argv = _hoist_config(sys.argv[1:])
    try:
        code = cli.main(args=argv, prog_name="aipkit-bridge", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(EXIT_COULD_NOT)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_WRONG_USE)
    except BridgeError as error:
        if debug:
            raise
        click.echo(f"aipkit-bridge: {error}", err=True)
        sys.exit(EXIT_WRONG_USE if isinstance(error, ConfigError) else EXIT_COULD_NOT)
    except Exception as error:
        if debug:
            raise
        text = f"{type(error).__name__}; run it again with --debug to see where."
        click.echo(f"aipkit-bridge: a defect: {text}", err=True)
        sys.exit(EXIT_COULD_NOT)
    sys.exit(code if isinstance(code, int) else 0)


def _hoist_config(argv: list[str]) -> list[str]:
    """Let `--config PATH` and `--debug` stand behind the command as well as before it."""
    before: list[str] = []
    behind: list[str] = []
    items = iter(argv)
    for item in items:
        if item == "--config":
            before += [item, next(items, "")]
        elif item == "--debug" or item.startswith("--config="):
            before.append(item)
        else:
            behind.append(item)
    return before + behind
