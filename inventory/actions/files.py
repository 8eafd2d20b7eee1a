"""Which file an order is about: a firmware image of ours, or a URL of somebody else's.

What the words alone can tell is checked before anything is stored; whether the image exists is
known to the unit that queues the order.
"""

from collections.abc import Mapping
from typing import Any

from inventory import urls
from inventory.complaints import REQUIRED, no_such
from inventory.errors import Invalid
from inventory.operations import Kind
from inventory.records import firmware
from inventory.records.devices import Device
from inventory.secrets import Vault
from inventory.store import Transaction

MAX_URL = 256  # TR-069 A.3.2.8, and the other texts of a transfer likewise
MAX_TEXT = 256
MAX_FILE_TYPE = 64
MAX_DELAY_S = 7 * 86400

_OF_UPLOADS = frozenset({"url", "username", "password", "file_type", "delay_seconds"})
_TAKEN: Mapping[Kind, frozenset[str]] = {
    Kind.DOWNLOAD: _OF_UPLOADS | {"firmware_image", "file_size", "target_file_name"},
    Kind.UPLOAD: _OF_UPLOADS,
}
FIELDS = _TAKEN[Kind.DOWNLOAD]
_WITH_A_URL = ("username", "password", "file_size")
ONE_SOURCE = "Contradicts url."
NEEDS_URL = "Only with a url."

Fields = Mapping[str, Any]


def faults(kind: Kind, given: Fields) -> dict[str, list[str]]:
    """What is wrong with the fields that were given, by field."""
    taken = _TAKEN.get(kind, frozenset())
    found = {name: [f"{kind} takes no {name}."] for name in given if name not in taken}
    url = given.get("url")
    if url is not None and not urls.is_for_devices(url):
        found.setdefault("url", [urls.NOT_FOR_DEVICES])
    if url is not None and given.get("firmware_image") is not None:
        found.setdefault("firmware_image", [ONE_SOURCE])
    if url is None:
        for name in _WITH_A_URL:
            if given.get(name) is not None:
                found.setdefault(name, [NEEDS_URL])
    return found


def sealed(given: Fields, vault: Vault) -> dict[str, Any]:
    """The fields as an operation's row may hold them."""
    kept = {name: value for name, value in given.items() if value is not None}
    password = kept.pop("password", None)
    return kept | ({"sealed_password": vault.seal(password).hex()} if password else {})


def resolved(tx: Transaction, device: Device, kind: Kind, request: Fields) -> Fields:
    """The request with the image that it means: by default the one that the device should run.

    Raises Invalid when there is none.
    """
    if kind is not Kind.DOWNLOAD or request.get("url") is not None:
        return request
    image_id = request.get("firmware_image") or device.firmware_image_id
    if image_id is None:
        raise _invalid(REQUIRED)
    if firmware.by_id(tx, image_id) is None:
        raise _invalid(no_such(image_id))
    return {**request, "firmware_image": image_id}


def _invalid(text: str) -> Invalid:
    return Invalid({"parameters": {"firmware_image": [text]}})
