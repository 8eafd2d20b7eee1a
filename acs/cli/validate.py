"""``acs validate``: is this recorded CWMP message legal?"""

import sys
from pathlib import Path

import click

from acs.message_rules import Finding
from acs.validation import UnreadableError, validate

LEGAL, BROKEN, UNREADABLE = 0, 1, 2


@click.command("validate")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("-q", "--quiet", is_flag=True, help="Name broken rules only, no warnings.")
@click.pass_context
def command(ctx: click.Context, files: tuple[str, ...], quiet: bool) -> None:
    """Say whether recorded CWMP messages are legal, and name each rule broken.

    FILE holds one SOAP envelope; "-" is standard input. Exit status: 0 all are legal, 1 rules are
    broken, 2 a file cannot be read or is no SOAP envelope.
    """
    ctx.exit(max([_judge(file, quiet) for file in files]))


def _judge(file: str, quiet: bool) -> int:
    try:
        findings = validate(_read(file))
    except OSError as problem:
        click.echo(f"{file}: {problem.strerror or problem}", err=True)
        return UNREADABLE
    except UnreadableError as problem:
        click.echo(f"{file}:{problem.line}: fatal: {problem}")
        return UNREADABLE
    broken = [finding for finding in findings if finding.level == "error"]
    for finding in broken if quiet else findings:
        click.echo(_line(file, finding))
    if broken:
        return BROKEN
    click.echo(f"{file}: legal ({len(findings)} warnings)")
    return LEGAL


def _read(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()


def _line(file: str, finding: Finding) -> str:
    return f"{file}:{finding.line}: {finding.level}: [{finding.rule}] {finding.text}"
