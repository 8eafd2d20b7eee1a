"""``make examples``: runs every command in ``api-examples.in.md`` and writes ``api-examples.md``.

A server and three simulated CPEs are started for it, and what ``curl`` answers is what stands
there: identifiers and times as they came. A comment ``# ID = results.0.id`` after a command keeps a
value of its answer in a shell variable for the commands after it.
"""

import json
import os
import re
import secrets
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from simulator.demo import PATIENCE_S, Api, cpes, registered, server, until

TEMPLATE = Path(__file__).with_name("api-examples.in.md")
PAGE = Path(__file__).with_name("api-examples.md")
COMMAND = re.compile(r"^```sh\n(.*?)```\n", re.MULTILINE | re.DOTALL)
KEPT = re.compile(r"^# (\w+) = (\S+)$", re.MULTILINE)
ANSWER = re.compile(r"^(?=HTTP/1\.1 [2-5])", re.MULTILINE)
HEADERS_SHOWN = ("Location", "ETag", "Link", "X-Total-Count", "Idempotency-Replayed", "Retry-After")
LONG = 4_000  # characters of an answer; of longer ones the beginning is shown
DEFAULT_ORIGIN = "http://127.0.0.1:8080"


class Shell:
    """Runs the commands as they are printed; each answer comes with its head."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.folder, self.variables = folder, variables

    def written(self, found: re.Match[str]) -> str:
        """A command of the template, with what it answered."""
        command = found[1]
        answers = [_read(answer) for answer in ANSWER.split(self._output(command))[1:]]
        for name, place in KEPT.findall(command):
            self.variables[name] = str(_at(place, answers[-1][1]))
        command = KEPT.sub(lambda kept: f"# {kept[1]}={self.variables[kept[1]]}", command)
        shown = "".join(f"\n```\n{_shown(head, body)}\n```\n" for head, body in answers)
        return f"```sh\n{command}```\n{shown}"

    def _output(self, command: str) -> str:
        loud = f'curl() {{ command curl -sSi -w "\\n" --max-time {PATIENCE_S:.0f} "$@"; }}\n'
        ran = subprocess.run(
            ["bash", "-ec", loud + command],
            cwd=self.folder,
            env=os.environ | self.variables,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return ran.stdout.replace("\r\n", "\n")


def _read(answer: str) -> tuple[str, Any]:
    head, _, body = answer.partition("\n\n")
    told = json.loads(body) if body.strip() else None
    if told == {"detail": "Not found."}:
        raise SystemExit(f"There is no such endpoint:\n{head}")
    return head, told


def _at(place: str, told: Any) -> Any:
    value = told
    for step in place.split("."):
        try:
            value = value[int(step) if isinstance(value, list) else step]
        except (LookupError, ValueError):
            raise SystemExit(f"No {place} in {told}") from None
    return value


def _shown(head: str, body: Any) -> str:
    status, *headers = head.splitlines()
    lines = [status.removeprefix("HTTP/1.1 ")]
    lines += [header for header in headers if header.partition(":")[0] in HEADERS_SHOWN]
    if body is not None:
        text = json.dumps(body, indent=2, ensure_ascii=False)
        lines.append(text if len(text) < LONG else f"{text[:LONG]}\n…")
    return "\n".join(lines)


def main() -> None:
    token = secrets.token_urlsafe(32)
    with (
        tempfile.TemporaryDirectory(prefix="acs-examples-") as folder,
        server(Path(folder), token) as (acs_url, api_url),
        cpes(acs_url),
    ):
        until(lambda: registered(Api(api_url, token)))
        variables = {
            "API": api_url.rstrip("/"),
            "AUTH": f"Authorization: Bearer {token}",
            "JSON": "Content-Type: application/json",
            "ROUTER": "00D09E-SimGateway-SIM000002",
        }
        page = COMMAND.sub(Shell(Path(folder), variables).written, TEMPLATE.read_text())
    origin = api_url.partition("/api/")[0]
    PAGE.write_text(page.replace(origin, DEFAULT_ORIGIN))


if __name__ == "__main__":
    main()
