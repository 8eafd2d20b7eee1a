"""``make demo``: a server and three simulated CPEs, and what an operator sees of them.

Server and CPEs run as the commands that everybody uses, in processes of their own; this script
talks HTTP to the API and prints what it does. Everything is gone when it ends.
"""

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote
from urllib.request import Request, urlopen

PATIENCE_S = 60.0
CPES = 3

T = TypeVar("T")

# TR-098 and TR-181 keep the same thing in different places; a device has one of them.
NETWORK_NAMES = (
    "InternetGatewayDevice.LANDevice.1.WLANConfiguration.1.SSID",
    "Device.WiFi.SSID.1.SSID",
)


class Api:
    """The REST API, as a script would use it."""

    def __init__(self, base: str, token: str) -> None:
        self._base, self._token = base, token

    def __call__(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        request = Request(  # noqa: S310 - our own server
            self._base + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
            },
        )
        with urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
            return json.load(answer)


def main() -> None:
    began = time.monotonic()

    def tell(text: str) -> None:
        print(f"{time.monotonic() - began:6.2f} s  {text}", flush=True)

    with tempfile.TemporaryDirectory(prefix="acs-demo-") as folder:
        token = secrets.token_urlsafe(32)
        with server(Path(folder), token) as (acs_url, api_url), cpes(acs_url):
            tell(f"the ACS is at {acs_url}, its API at {api_url}")
            show(Api(api_url, token), tell)
        tell("server and CPEs have ended")


def show(api: Api, tell: Callable[[str], None]) -> None:
    found = until(lambda: registered(api))
    for device in found:
        tell("{name}: {manufacturer} {software_version}, {status}, {address}".format(**device))
    for device in found:
        rename_network(api, tell, device["name"])
    name = found[0]["name"]
    started = api("PUT", f"inventory_device_name_operation/{quote(name)}/", {"operation": "reboot"})
    tell(f"{name}: reboot {started['status']} ({started['execution_id']})")
    ended = until(lambda: final(api, started["execution_id"]))
    tell(f"{name}: reboot {ended['status']}")
    if ended["status"] != "completed":
        raise SystemExit(f"The reboot did not succeed: {ended['error']}")
    tell(f"{name}: its sessions, as inventory_device_name/{name}/sessions/ tells them:")
    for session in until(lambda: sessions(api, name)):
        said = ", ".join(rpc["name"] for rpc in session["rpcs"] if rpc["from"] == "acs")
        tell(f"    {' + '.join(session['events'])}: {said or 'nothing to do'}")


def registered(api: Api) -> list[dict[str, Any]] | None:
    """All devices, when the last of them has come."""
    page = api("GET", "inventory_device_name/")
    return page["results"] if page["count"] == CPES else None


def rename_network(api: Api, tell: Callable[[str], None], name: str) -> None:
    """Asks for both names, of which the device has one: a get keeps what it could read."""
    asked = [{"variable_name": path} for path in NETWORK_NAMES]
    read = run(api, name, "get", *asked)["variables"]
    (before,) = [each for each in read if each["value"] is not None]
    path = before["variable_name"]
    tell(f"{name}: {path} is {before['value']!r}")
    run(api, name, "set", {"variable_name": path, "value": "Seen in the demo"})
    (after,) = run(api, name, "get", {"variable_name": path})["variables"]
    tell(f"{name}: it was set, and reads back as {after['value']!r}")


def sessions(api: Api, name: str) -> list[dict[str, Any]] | None:
    """The device's sessions, the oldest first, when the one after its reboot is among them."""
    page = api("GET", f"inventory_device_name/{quote(name)}/sessions/")
    found: list[dict[str, Any]] = page["results"][::-1]
    return found if any("M Reboot" in session["events"] for session in found) else None


def run(api: Api, name: str, operation: str, *variables: Mapping[str, str]) -> Any:
    """Has the device do it, and waits for the result."""
    queued = api(
        "POST",
        "inventory_device_name_headless_operation/",
        {"name": name, "operation": operation, "variables": variables},
    )
    return until(lambda: final(api, queued["transaction_id"]))


def final(api: Api, key: str) -> Any | None:
    """The operation, when it has ended."""
    (found,) = api("GET", f"inventory_device_name_headless_operation/?id={key}&wait=10")
    return found if found["status"] in ("completed", "failed", "cancelled", "expired") else None


def until(look: Callable[[], T | None]) -> T:
    """Looks again and again for what is to come."""
    end = time.monotonic() + PATIENCE_S
    while (found := look()) is None:
        if time.monotonic() > end:
            raise SystemExit("What the demo waits for did not come.")
        time.sleep(0.1)
    return found


@contextmanager
def server(folder: Path, token: str) -> Iterator[tuple[str, str]]:
    """``acs serve`` on free ports; gives the ACS URL and the API URL."""
    command = ["-m", "acs", "serve", "--db", str(folder / "acs.db")]
    command += ["--cwmp", "127.0.0.1:0", "--api", "127.0.0.1:0"]
    with process(command, {"ACS_BOOTSTRAP_TOKEN": token}) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith("ready:"):
                _, _, acs_url, _, api_url = line.split()
                yield acs_url, api_url
                return
        raise SystemExit("The server did not start.")


@contextmanager
def cpes(acs_url: str) -> Iterator[None]:
    """``cpe-sim run``: CPEs of both roots, twenty times as fast as life."""
    command = ["-m", "simulator", "run", "--acs-url", acs_url, "--count", str(CPES)]
    command += ["--model", "tr098-gateway", "--model", "tr181-gateway", "--over", "0.5"]
    with process([*command, "--speed", "20"], {}):
        yield


@contextmanager
def process(
    arguments: list[str], environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """A Python process that is told to end, and waited for, at the end."""
    running = subprocess.Popen(  # noqa: S603
        [sys.executable, *arguments],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield running
    finally:
        running.terminate()
        running.wait(PATIENCE_S)
        assert running.stdout is not None
        running.stdout.close()


if __name__ == "__main__":
    main()
