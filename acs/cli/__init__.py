"""The operator's command line. A command is a module; it is loaded when it is called.

So ``acs validate`` does without a web server, and ``acs serve`` without spyne.
"""

from importlib import import_module

import click

# The module of each command, which has it as ``command``.
COMMANDS = {
    "serve": "serve",
    "token": "token",
    "import": "importing",
    "export": "exporting",
    "device": "device",
    "backup": "backup",
    "restore": "restore",
    "db": "db",
    "key": "key",
    "validate": "validate",
}


class _Commands(click.Group):
    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"{__name__}.{COMMANDS[cmd_name]}").command
        return command if isinstance(command, click.Command) else None


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cwmp-acs")
def main() -> None:
    """A TR-069/CWMP auto configuration server with a device inventory."""
