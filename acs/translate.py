"""CWMP's words into the inventory's: an Inform as a sighting, values as reports.

What devices spell differently is made one here (event codes, OUI), so that the inventory compares
like with like; what they say wrongly about themselves is kept as text and never fails an Inform.
"""

import re
from collections.abc import Iterable, Mapping
from functools import partial
from hashlib import blake2b
from urllib.parse import quote

from acs.cwmp.faults import FAULT_STRINGS
from acs.cwmp.messages import (
    DUStateChangeComplete,
    Envelope,
    EventStruct,
    Inform,
    ParameterValueStruct,
    TransferComplete,
)
from acs.cwmp.values import ROOTS, root_of
from acs.cwmp.versions import cpe_version
from inventory.admission import Proof
from inventory.packages import Changed
from inventory.sightings import Event, Sighting
from inventory.transfers import Told
from inventory.values import Reported

STANDARD_EVENTS = (
    "0 BOOTSTRAP",
    "1 BOOT",
    "2 PERIODIC",
    "3 SCHEDULED",
    "4 VALUE CHANGE",
    "5 KICKED",
    "6 CONNECTION REQUEST",
    "7 TRANSFER COMPLETE",
    "8 DIAGNOSTICS COMPLETE",
    "9 REQUEST DOWNLOAD",
    "10 AUTONOMOUS TRANSFER COMPLETE",
    "11 DU STATE CHANGE COMPLETE",
    "12 AUTONOMOUS DU STATE CHANGE COMPLETE",
    "13 WAKEUP",
    "14 HEARTBEAT",
)
_BY_NUMBER: Mapping[str, str] = {event.split()[0]: event for event in STANDARD_EVENTS}
_BARE_EVENTS = {code: Event(code) for code in STANDARD_EVENTS}  # nearly all that come
_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*")  # what quote() would leave alone, found out faster
_METHOD_EVENTS: Mapping[str, str] = {
    f"m {method.lower()}": f"M {method}"
    for method in (
        "Reboot",
        "ScheduleInform",
        "Download",
        "ScheduleDownload",
        "Upload",
        "ChangeDUState",
    )
}


def sighting(envelope: Envelope, address: str, proof: Proof | None) -> Sighting:
    """The Inform in ``envelope`` as the inventory takes it.

    Raises ValueError when it names nobody: there must be an OUI or a serial number.
    """
    inform = envelope.body
    assert isinstance(inform, Inform)
    device = inform.device_id
    oui = device.oui.upper()
    if not device.serial_number:
        raise ValueError("the Inform has no serial number")
    values = {parameter.name: parameter.value for parameter in inform.parameter_list}
    root = next(filter(None, map(root_of, values)), None)
    version = cpe_version(envelope)
    protocol = f"{version[0]}.{version[1]}"
    identity = (device.manufacturer, oui, device.product_class, device.serial_number)
    return Sighting(
        unique_identifier=unique_identifier(*identity[1:]),
        manufacturer=device.manufacturer,
        oui=oui,
        product_class=device.product_class,
        serial_number=device.serial_number,
        address=address,
        events=tuple(map(event, inform.event)),
        retry_count=inform.retry_count,
        protocol=protocol,
        parameters=partial(reports, inform.parameter_list),
        told=_digest(*identity, address, protocol, *values, *values.values()),
        root=root,
        software_version=values.get(f"{root}DeviceInfo.SoftwareVersion") or None,
        hardware_version=values.get(f"{root}DeviceInfo.HardwareVersion") or None,
        connection_request_url=values.get(f"{root}ManagementServer.ConnectionRequestURL"),
        parameter_key=values.get(f"{root}ManagementServer.ParameterKey"),
        interval_s=interval(values.get(f"{root}ManagementServer.PeriodicInformInterval")),
        proof=proof,
    )


_FACTS = {
    f"{root}DeviceInfo.{name}": column
    for root in ROOTS
    for name, column in (
        ("SoftwareVersion", "software_version"),
        ("HardwareVersion", "hardware_version"),
        ("Manufacturer", "manufacturer"),
    )
}


def facts(values: Iterable[ParameterValueStruct]) -> dict[str, str]:
    """What a reading tells of the device itself that its record holds, by the record's names."""
    return {
        _FACTS[value.name]: value.value for value in values if value.name in _FACTS and value.value
    }


def unique_identifier(oui: str, product_class: str, serial_number: str) -> str:
    """``OUI-ProductClass-SerialNumber``, without a class ``OUI-SerialNumber`` (3.4.4)."""
    parts = (oui, product_class, serial_number) if product_class else (oui, serial_number)
    joined = "-".join(parts)
    if _PLAIN.fullmatch(joined):
        return joined
    return "-".join([quote(part, safe="") for part in parts])


def event(struct: EventStruct) -> Event:
    """The event in the standard's spelling; what the standard does not know stays as it is."""
    code = struct.event_code
    if not struct.command_key and code in _BARE_EVENTS:
        return _BARE_EVENTS[code]
    number, _, rest = code.partition(" ")
    if number in {"M", "m"}:
        code = _METHOD_EVENTS.get(" ".join(code.lower().split()), code)
    elif rest or number.isdecimal():
        code = _BY_NUMBER.get(number, code)
    return Event(code, struct.command_key)


def reports(values: Iterable[ParameterValueStruct]) -> tuple[Reported, ...]:
    return tuple([Reported(value.name, value.value, value.type) for value in values])


def transfer_end(report: TransferComplete) -> Told:
    """How a transfer ended; a fault that the device leaves without words gets the standard's."""
    ending = report.fault_struct
    text = ending.fault_string or FAULT_STRINGS.get(ending.fault_code, "")
    return Told(report.command_key, ending.fault_code, text)


def package_changes(report: DUStateChangeComplete) -> list[Changed]:
    """What became of each software module."""
    return [
        Changed(
            uuid=result.uuid,
            version=result.version,
            state=result.current_state,
            fault_code=result.fault.fault_code,
            fault_string=result.fault.fault_string
            or FAULT_STRINGS.get(result.fault.fault_code, ""),
        )
        for result in report.results
    ]


def interval(text: str | None) -> int | None:
    """A periodic inform interval in seconds, where the text is one."""
    if text is None or not text.isdecimal():
        return None
    seconds = int(text)
    return seconds if 0 < seconds <= 0xFFFFFFFF else None


def _digest(*words: str) -> int:
    """A signed 63-bit digest, equal for Informs that tell the same."""
    text = "\0".join(words).encode("utf-8", "replace")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big") >> 1
