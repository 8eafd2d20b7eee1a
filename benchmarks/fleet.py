"""An inventory full of devices, and what these devices say.

One device is registered by the unit that registers devices; the others are copies of its rows. The
thousand that will call, spread among them, have told their Inform before, as known devices have.
"""

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

from acs import translate
from acs.cwmp.codec import decode, encode
from acs.cwmp.messages import (
    DeviceIdStruct,
    Envelope,
    EventStruct,
    Inform,
    ParameterValueStruct,
)
from inventory.recording import Policy, record_sighting
from inventory.secrets import Vault
from inventory.sightings import Sighting
from inventory.sqlite.store import SqliteStore
from inventory.store import Transaction

CALLING = 1_000
AT_ONCE = 5_000  # rows copied in one unit
ROOT = "InternetGatewayDevice."
OUI, PRODUCT_CLASS = "001122", "Gateway"

# What tells one device's row from another's.
DIFFERS = {
    "devices": {
        "id": "n",
        "uuid": "'00000000-0000-4000-8000-' || printf('%012d', n)",
        "name": "printf('001122-Gateway-SN%06d', n)",
        "unique_identifier": "printf('001122-Gateway-SN%06d', n)",
        "serial_number": "printf('SN%06d', n)",
    },
    "presence": {"device_id": "n"},
    "operations": {"id": "n", "device_id": "n", "key": "'op_' || n"},
    "device_log": {"id": "NULL", "device_id": "n"},
}


def inform(serial: str, event: str = "2 PERIODIC") -> bytes:
    """An Inform with 8 parameters."""
    names = (
        "DeviceSummary",
        "DeviceInfo.SpecVersion",
        "DeviceInfo.HardwareVersion",
        "DeviceInfo.SoftwareVersion",
        "DeviceInfo.ProvisioningCode",
        "ManagementServer.ConnectionRequestURL",
        "ManagementServer.ParameterKey",
        "WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.ExternalIPAddress",
    )
    values = tuple(ParameterValueStruct(ROOT + name, "") for name in names)
    body = Inform(
        DeviceIdStruct("Example", OUI, PRODUCT_CLASS, serial),
        (EventStruct(event),),
        current_time="2026-01-01T00:00:00Z",
        parameter_list=values,
    )
    return encode(Envelope(body, id="1"))


def known(devices: int) -> Iterator[bytes]:
    """Periodic Informs of devices of an inventory of that size, without end."""
    return cycle([inform(serial(number)) for number in calling(devices)])


def serial(number: int) -> str:
    return f"SN{number:06d}"


def calling(devices: int) -> range:
    return range(1, devices + 1, max(devices // CALLING, 1))


async def prepare(path: Path, devices: int) -> None:
    """Makes an inventory of so many enrolled devices, none of which has work open."""
    policy = Policy(Vault.load(path.with_name(path.name + ".key")))
    async with await SqliteStore.open(path) as store:
        await store.write(_register, policy)
        for first in range(2, devices + 1, AT_ONCE):
            await store.write(_copy, first, min(first + AT_ONCE, devices + 1))
        numbers = calling(devices)
        for at in range(0, len(numbers), 100):
            await store.write(_tell, numbers[at : at + 100], policy)


def _register(tx: Transaction, policy: Policy) -> None:
    record_sighting(tx, _sighting(1, "0 BOOTSTRAP"), "s", policy, 1.0)
    tx.run("UPDATE operations SET state = 'completed', completed = 1")


def _copy(tx: Transaction, first: int, end: int) -> None:
    for table, differs in DIFFERS.items():
        columns = [row["name"] for row in tx.all(f"PRAGMA table_info({table})")]
        selected = ", ".join(differs.get(column, f"t.{column}") for column in columns)
        owner = "t.id" if table == "devices" else "t.device_id"
        tx.run(
            f"""WITH RECURSIVE numbers (n) AS (
                    SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :end)
                INSERT INTO {table} ({", ".join(columns)})
                SELECT {selected} FROM numbers JOIN {table} AS t ON {owner} = 1""",
            first=first,
            end=end,
        )


def _tell(tx: Transaction, numbers: range, policy: Policy) -> None:
    for number in numbers:
        record_sighting(tx, _sighting(number, "2 PERIODIC"), "s", policy, 2.0)


def _sighting(number: int, event: str) -> Sighting:
    return translate.sighting(decode(inform(serial(number), event)), "127.0.0.1", None)
