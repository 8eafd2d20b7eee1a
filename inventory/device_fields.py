"""From the fields of a body to the columns of a device: every rule of a field by itself.

A :class:`Draft` reads what the fields refer to and gathers all complaints; the unit that made it
writes. Fields have the names of the API. What is inherited and comes back in a body as it was shown
stays inherited, so that an answer can be put back.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inventory import coordinates, locations, matching, organizations
from inventory.access import Caller
from inventory.complaints import REQUIRED, Complaints, no_such, taken
from inventory.coordinates import BadCoordinate
from inventory.query import EVERYTHING
from inventory.records import devices as records
from inventory.records import firmware as firmware_records
from inventory.records import locations as location_records
from inventory.records import organizations as organization_records
from inventory.records import types as type_records
from inventory.records.devices import Device
from inventory.records.firmware import Image
from inventory.records.locations import Location
from inventory.records.types import Inherited
from inventory.store import Transaction
from inventory.upgrades import Wish

Fields = Mapping[str, Any]

DEFAULTS: Fields = {
    "customer_id": None,
    "is_active": True,
    "oui": None,
    "product_class": None,
    "serial_number": None,
    "serial_number_alt": None,
    "description": None,
    "firmware_image_is_pending": False,
    "latitude": None,
    "longitude": None,
    "update_frequency": None,
    "debug": False,
}
"""What a field is that a POST or PUT leaves out; those not named here keep what they have."""

LEARNED = ("oui", "product_class", "serial_number")
"""Told by the device with its CWMP identity; from then on nobody else changes them."""

_PLAIN = ("name", "customer_id", "is_active", "description", "serial_number_alt", "debug")
_BLANK_IS_NONE = frozenset({"customer_id", "oui", "product_class"}) | {
    "serial_number",
    "serial_number_alt",
}
TIME_DOUBT_S = 1e-3  # of a time that went out and came back
_OUI = re.compile(r"[0-9A-Fa-f]{6}")
_NOTHING_INHERITED = Inherited(None, None)


@dataclass(frozen=True, slots=True)
class Background:
    """What a draft is made against: the device as it is (None: it is to be created)."""

    device: Device | None
    interval_s: int
    """Of devices that have none of their own or of their type."""
    now: float


class Draft:
    """The columns that a body asks for. ``columns`` has those that it names and nothing else."""

    def __init__(
        self, tx: Transaction, caller: Caller, background: Background, fields: Fields
    ) -> None:
        """Raises Invalid with all complaints, or Forbidden for a foreign organization."""
        self._tx, self._caller, self._background = tx, caller, background
        self._device = background.device
        self._fields = {
            name: None if value == "" and name in _BLANK_IS_NONE else value
            for name, value in fields.items()
        }
        self._complaints = Complaints()
        self.columns: dict[str, Any] = {}
        self.image: Image | None = None
        self._choose()
        self._complaints.raise_any()

    def _choose(self) -> None:
        self._plain()
        self._name()
        self._identity()
        self._organization()
        self._type()
        self._firmware_image()
        self._firmware_is_pending()
        self._interval()
        self._location()
        for axis in coordinates.LIMITS:
            self._coordinate(axis)
        self._identity_conflict()
        self._approval()

    def _plain(self) -> None:
        for name in _PLAIN:
            if name in self._fields:
                self.columns[name] = self._fields[name]

    def _held(self, column: str) -> Any:
        """What the device has in this column now."""
        return None if self._device is None else getattr(self._device, column)

    def _after(self, column: str) -> Any:
        """What the device will have in this column."""
        return self.columns.get(column, self._held(column))

    def _name(self) -> None:
        name = self._fields.get("name")
        if name is None or name == self._held("name"):
            return
        if not name.isprintable():
            self._complaints.about("name", "Only printable characters are allowed.")
        elif name in {".", ".."}:
            # RFC 3986, 5.2.4: clients take these out of a path before they ask for it.
            self._complaints.about("name", "This name could not stand in a URL.")
        elif records.name_is_taken(self._tx, name):
            self._complaints.about("name", taken("device", "name"))

    # --- Identity ----------------------------------------------------------------------------

    def _identity(self) -> None:
        is_learned = self._held("unique_identifier") is not None
        for name in LEARNED:
            if name in self._fields:
                (self._learned if is_learned else self._given)(name)
        if not is_learned:
            self._must_be_nobody_else()

    def _learned(self, name: str) -> None:
        given, held = self._fields[name] or "", self._held(name) or ""
        if given != held and not (name == "oui" and given.upper() == held.upper()):
            self._complaints.about(name, "Learned from the device and cannot be changed.")

    def _given(self, name: str) -> None:
        value = self._fields[name]
        if name == "oui" and value is not None:
            if not _OUI.fullmatch(value):
                self._complaints.about(name, "Enter six hexadecimal digits.")
            value = value.upper()
        self.columns[name] = value

    def _must_be_nobody_else(self) -> None:
        oui, serial_number = self._after("oui"), self._after("serial_number")
        if oui is None or serial_number is None:
            return
        product_class = self._after("product_class")
        other = records.same_identity(self._tx, oui, product_class, serial_number)
        if other is not None and other != self._held("id"):
            self._complaints.about("serial_number", taken("device", "serial number"))

    def _identity_conflict(self) -> None:
        """A person settles it; nobody but the server begins one."""
        given, held = self._fields.get("identity_conflict"), self._held("identity_conflict")
        if given is not None and (held is None or abs(given - held) > TIME_DOUBT_S):
            self._complaints.about("identity_conflict", "It can only be cleared, with null.")
        elif "identity_conflict" in self._fields and given is None:
            self.columns["identity_conflict"] = None

    def _approval(self) -> None:
        """That the device may come by onboarding credentials, once; false takes it back."""
        if "approve_onboarding" in self._fields:
            since = self._held("onboarding_approved") or self._background.now
            is_approved = self._fields["approve_onboarding"]
            self.columns["onboarding_approved"] = since if is_approved else None

    # --- Whose, and what it is ---------------------------------------------------------------

    def _organization(self) -> None:
        given = self._named_organization()
        if given is not None:
            self._caller.may_name(given)
            if organization_records.by_id(self._tx, EVERYTHING, given) is None:
                older = "organization_id" not in self._fields
                self._complaints.about(
                    "organization" if older else "organization_id", no_such(given)
                )
            self.columns["organization_id"] = given
        elif self._device is None:
            self.columns["organization_id"] = self._own_organization()

    def _named_organization(self) -> int | None:
        """By its present or its older name; of the two, the one that was edited counts."""
        given = (self._fields.get(name) for name in ("organization_id", "organization"))
        named: set[int] = {organization_id for organization_id in given if organization_id}
        edited = named - {self._held("organization_id")}
        if len(edited) > 1:
            text = "The organization is named twice, and differently."
            self._complaints.about("organization", text)
        return max(edited or named, default=None)

    def _own_organization(self) -> int | None:
        organization_id = organizations.default_for(self._tx, self._caller)
        if organization_id is None:
            self._complaints.about("organization_id", REQUIRED)
        return organization_id

    def _type(self) -> None:
        if "type" in self._fields:
            self.columns["type_id"] = self._fields["type"]
        elif self._device is None:
            self.columns["type_id"] = matching.match_type(
                self._tx, None, self._after("oui"), self._after("product_class"), None, None
            )
        type_id = self._after("type_id")
        found = _NOTHING_INHERITED if type_id is None else type_records.inherited(self._tx, type_id)
        if found is None:
            self._complaints.about("type", no_such(type_id))
        self._inherited = found or _NOTHING_INHERITED

    @property
    def changes_type(self) -> bool:
        return bool(self._after("type_id") != self._held("type_id"))

    # --- Firmware and interval ---------------------------------------------------------------

    def _firmware_image(self) -> None:
        if "firmware_image" in self._fields:
            self.columns["firmware_image_id"] = self._fields["firmware_image"]
        elif self.changes_type and self._held("firmware_image_id") is None:
            self.columns["firmware_image_id"] = self._inherited.firmware_image_id
        image_id = self._after("firmware_image_id")
        if image_id is None:
            return
        self.image = firmware_records.by_id(self._tx, image_id)
        if self.image is None:
            self._complaints.about("firmware_image", no_such(image_id))

    def _firmware_is_pending(self) -> None:
        asked = self._fields.get("firmware_image_is_pending")
        if asked and self._after("firmware_image_id") is None:
            text = "There is no firmware image to download."
            self._complaints.about("firmware_image_is_pending", text)

    @property
    def wish(self) -> Wish:
        was_pending = bool(self._held("firmware_image_is_pending"))
        image_is_new = self._after("firmware_image_id") != self._held("firmware_image_id")
        asked = self._fields.get("firmware_image_is_pending")
        stays = was_pending and not image_is_new if asked is None else bool(asked)
        return Wish(
            image=self.image,
            is_asked=bool(asked),
            is_pending=stays and self.image is not None,
            image_is_new=image_is_new,
            was_pending=was_pending,
        )

    def _interval(self) -> None:
        if "update_frequency" not in self._fields:
            return
        given = self._fields["update_frequency"]
        shown = {self._default_interval, self._held("type_update_frequency")}
        is_inherited = self._held("update_frequency") is None and given in shown
        self.columns["update_frequency"] = None if is_inherited else given

    @property
    def _default_interval(self) -> int:
        return self._inherited.update_frequency or self._background.interval_s

    @property
    def interval_s(self) -> int:
        """The periodic inform interval that is wanted in the end."""
        return self._after("update_frequency") or self._default_interval

    # --- Where -------------------------------------------------------------------------------

    def _location(self) -> None:
        self._place = self._named_place() if self._names_a_place() else self._held_place()
        if self._place is None or self._place.organization_id == self._after("organization_id"):
            self.columns["location_id"] = None if self._place is None else self._place.id
        elif self._fields.get("location") is None:
            # Another organization's location would show its name to this one.
            self._place = self.columns["location_id"] = None
        else:
            self._complaints.about("location", "The location belongs to another organization.")

    def _names_a_place(self) -> bool:
        return "location" in self._fields or "location_name" in self._fields

    def _held_place(self) -> Location | None:
        held = self._held("location_id")
        return None if held is None else location_records.by_id(self._tx, EVERYTHING, held)

    def _named_place(self) -> Location | None:
        location_id, name = self._fields.get("location"), self._fields.get("location_name")
        if location_id is None:
            return self._place_by_name(name) if name else None
        place = location_records.by_id(self._tx, self._caller.scope, location_id)
        if place is None:
            self._complaints.about("location", no_such(location_id))
        elif name and name != place.name:
            self._complaints.about("location_name", f"Location {location_id} has another name.")
        return place

    def _place_by_name(self, name: str) -> Location | None:
        organization_id = self._after("organization_id")
        if organization_records.by_id(self._tx, EVERYTHING, organization_id or 0) is None:
            return None
        now = self._background.now
        return locations.find_or_create(self._tx, self._caller, organization_id, name, now)

    def _coordinate(self, axis: str) -> None:
        given = self._fields.get(axis)
        if axis not in self._fields:
            return
        if given is None:
            self.columns[axis] = None
            return
        try:
            value = coordinates.parse(axis, given)
        except BadCoordinate as error:
            self._complaints.about(axis, str(error))
            return
        self.columns[axis] = None if self._is_inherited(axis, value) else value

    def _is_inherited(self, axis: str, value: str) -> bool:
        shown = [self._held(f"location_{axis}"), getattr(self._place, axis, None)]
        return self._held(axis) is None and any(
            each is not None and coordinates.is_same(each, value) for each in shown
        )
