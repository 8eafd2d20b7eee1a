"""What taking in and writing out a fleet costs: ``python -m benchmarks imports [DEVICES]``.

``acs import`` and ``acs export`` run as everybody runs them, with no server and then beside one
that is asked to change a device all the time: how long its callers wait, and its memory.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.request import Request, urlopen

DEVICES = 100_000
SITES = 500
ASKED_EVERY_S = 0.02
TOKEN = "token-of-the-benchmark"


def fleet(file: Path, devices: int) -> None:
    """A file such as an operator brings along from elsewhere."""
    names = "name serial_number oui product_class customer_id location_name description username"
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow([*names.split(), "password", "update_frequency"])
        for number in range(devices):
            text = 'moved in "2024", second floor'
            place = [f"C-{number}", f"Branch {number % SITES}", text, f"u{number}"]
            identity = [f"router-{number}", f"SN{number:08}", "00AABB", "HG-500"]
            writer.writerow([*identity, *place, f"pw-{number}", 600])


def run(*words: object) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds, and the greatest resident megabytes of a command."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "acs", *map(str, words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    told = process.stderr.read().decode().strip()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, told
    cpu = used.ru_utime + used.ru_stime
    return time.perf_counter() - began, cpu, used.ru_maxrss / 1024


def tell(what: str, devices: int, used: tuple[float, float, float]) -> None:
    wall, cpu, memory = used
    each = cpu / devices * 1e6
    print(f"{what:42} {wall:7.1f} s  CPU {cpu:6.1f} s ({each:4.0f} µs each)  {memory:5.0f} MB")


class Server:
    """``acs serve`` on the database, asked for changes of one device."""

    def __init__(self, process: subprocess.Popen[str], api: str) -> None:
        self._process, self._api = process, api
        self.waits: list[float] = []

    def memory_mb(self) -> float:
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def ask(self, method: str, path: str, body: dict[str, str]) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        data = json.dumps(body).encode()
        request = Request(self._api + path, data=data, headers=headers, method=method)
        began = time.perf_counter()
        with urlopen(request, timeout=30) as answer:
            answer.read()
        self.waits.append(time.perf_counter() - began)

    def told(self) -> str:
        waits = sorted(self.waits)
        late = waits[int(len(waits) * 0.99)]
        return (
            f"{len(waits)} changes over the API: median {median(waits) * 1e3:.1f} ms,"
            f" 99 % {late * 1e3:.0f} ms, worst {waits[-1] * 1e3:.0f} ms"
        )


@contextmanager
def served(database: Path) -> Iterator[Server]:
    command = [sys.executable, "-m", "acs", "serve", "--db", str(database)]
    command += ["--cwmp", "127.0.0.1:0", "--api", "127.0.0.1:0"]
    environment = os.environ | {"ACS_BOOTSTRAP_TOKEN": TOKEN}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        ready = next(line for line in process.stdout if line.startswith("ready:"))
        try:
            yield Server(process, ready.split()[-1])
        finally:
            process.terminate()


def beside_a_server(folder: Path, source: Path, devices: int) -> None:
    with served(folder / "served.db") as server:
        server.ask("POST", "inventory_device_name/", {"name": "probe"})
        for number in range(100):
            server.ask("PATCH", "inventory_device_name/probe/", {"description": str(number)})
        print("alone:  ", server.told())
        server.waits.clear()
        before = server.memory_mb()
        command = [sys.executable, "-m", "acs", "import", str(source)]
        began = time.perf_counter()
        importing = subprocess.Popen(
            [*command, "--db", str(folder / "served.db")], stderr=subprocess.DEVNULL
        )
        while importing.poll() is None:
            body = {"description": f"during {time.time()}"}
            server.ask("PATCH", "inventory_device_name/probe/", body)
            time.sleep(ASKED_EVERY_S)
        took = time.perf_counter() - began
        print(f"beside a server: import of {devices:,} in {took:.1f} s; meanwhile")
        print("        ", server.told())
        print(f"         server's memory {before:.1f} MB before, {server.memory_mb():.1f} MB after")


def main(*arguments: str) -> None:
    devices = int(arguments[0]) if arguments else DEVICES
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "fleet.csv"
        fleet(source, devices)
        database = ("--db", folder / "acs.db")
        tell("import of new devices (CSV)", devices, run("import", source, *database))
        tell("import again, nothing new", devices, run("import", source, *database))
        for form in ("csv", "json"):
            out = folder / f"out.{form}"
            tell(f"export ({form})", devices, run("export", out, *database))
        tell("import of the export (JSON)", devices, run("import", out, *database))
        tell("backup", devices, run("backup", folder / "backup.db", *database))
        tell("key rotate", devices, run("key", "rotate", *database))
        beside_a_server(folder, source, devices)
