"""A device in answers and bodies: the documented fields, and the older names beside them."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from api.fields import Boolean, Id, Integer, Latitude, Longitude, Moment, Name, RawText, Text, Time
from api.models import Body, ListQuery, Query, Representation, example, names_of
from api.resources.variables import Tell
from inventory import pending
from inventory.pending import Details, Item
from inventory.portrait import Portrait
from inventory.records.devices import Device, Filter, Order

MAX_UNSIGNED_INT = 2**32 - 1  # CWMP's type of PeriodicInformInterval


def _older(name: str) -> Any:
    """A copy for scripts of the older pages."""
    return Field(description=f"Older name: see {name}.", json_schema_extra={"deprecated": True})


Status = Literal["Up", "Down"]
_STATUSES = {"up": True, "1": True, "true": True, "down": False, "0": False, "false": False}


class Interface(Representation):
    """A network interface of the device, from the cached parameters."""

    name: str = Field(examples=["eth0"])
    status: str | None = Field(examples=["Up"])
    speed: str | None = Field(examples=["1000 Mbit/s"])


class PendingItem(Representation):
    """One thing that waits for the device."""

    kind: str = Field(description="A word of pending_settings.", examples=["reboot_pending"])
    operation_id: int | None = Field(description="The operation that will do it.", examples=[12345])
    age: int = Field(description="Seconds since it was wanted.", examples=[86])
    parameter: str | None = Field(description="Of a setting: its parameter.")
    current: str | None = Field(description="Of a setting: the value that the device has.")
    wanted: str | None = Field(description="Of a setting: the value that it is to have.")


class PendingDetails(Representation):
    """What waits for the device, one by one."""

    config_changes: int = Field(description="Wanted settings that are not confirmed.", examples=[2])
    firmware_update: bool
    last_config_push: Moment | None
    items: list[PendingItem]


class DeviceAnswer(Representation):
    """A device."""

    id: int = Field(examples=[17])
    uuid: str = Field(examples=["5f0c6a1e-8a54-4d1c-9d57-0c4f7d1f2a11"])
    name: str = Field(examples=["router-branch-network"])
    customer_id: str | None = Field(examples=["C-1009"])
    is_active: bool = Field(description="False: no operation runs on it.")
    status: Status = Field(description="Up at each Inform; Down when Informs stay away.")
    status_change: Moment = Field(description="When the status last changed.")
    type: int | None = Field(description="Id of the device type.", examples=[3])
    type_short_name: str | None = Field(examples=["router"])
    software_version: str | None = Field(examples=["2.4.1"])
    hardware_version: str | None = Field(examples=["B2"])
    manufacturer: str | None = Field(examples=["Example Networks"])
    oui: str | None = Field(examples=["00AABB"])
    product_class: str | None = Field(examples=["HG-500"])
    unique_identifier: str | None = Field(
        description="The CWMP identity that the device has shown.",
        examples=["00AABB-HG%2D500-SN0001"],
    )
    serial_number: str | None = Field(examples=["SN0001"])
    serial_number_alt: str | None = Field(description="Another serial number that it may show.")
    description: str | None
    organization_id: int = Field(examples=[1])
    firmware_image: int | None = Field(description="Id of the image that it should run.")
    firmware_image_is_pending: bool = Field(description="The image is on its way to the device.")
    location: int | None = Field(description="Id of the location.")
    location_name: str | None = Field(examples=["Branch 12"])
    location_short_name: str | None = Field(examples=["B12"])
    latitude: str | None = Field(description="Own, else the location's.", examples=["40.7128"])
    longitude: str | None = Field(description="Own, else the location's.", examples=["-74.0060"])
    username: str | None = Field(description="HTTP user name of the device toward the ACS.")
    connection_request_url: str | None = Field(examples=["http://192.0.2.10:7547/request"])
    update_frequency: int = Field(
        description="Periodic inform interval in seconds: own, else the type's.", examples=[300]
    )
    address: str | None = Field(examples=["192.0.2.10"])
    last_connection: Moment | None = Field(description="The last Inform.")
    last_configuration: Moment | None = Field(description="When settings were last applied.")
    last_change: Moment = Field(description="When the record last changed, Informs aside.")
    created: Moment
    debug: bool = Field(description="SOAP transcripts of its sessions are kept.")
    identity_conflict: Moment | None = Field(
        description="Since when two devices claim this identity; nothing is changed on it then. "
        "PATCH null to settle it."
    )
    uptime: str | None = Field(
        description="On a single device.", examples=["15 days, 8 hours, 22 minutes"]
    )
    interfaces: list[Interface] = Field(description="On a single device.")
    pending_changes: bool = Field(description="Something still waits for the device.")
    pending_settings: str | None = Field(
        description="What waits, comma-separated.", examples=["reboot_pending,configuration_change"]
    )
    pending_details: PendingDetails | None = Field(
        description="On a single device, with pending=true."
    )
    organization: int = _older("organization_id")
    organization_name: str = _older("organization_id")
    type_name: str | None = _older("type_short_name")
    ip_address: str | None = _older("address")
    model: str | None = _older("product_class")
    firmware_version: str | None = _older("software_version")
    last_seen: Moment | None = _older("last_connection")
    last_status_change: Moment = _older("status_change")
    created_at: Moment = _older("created")
    updated_at: Moment = _older("last_change")


_SAME = (
    "id",
    "uuid",
    "name",
    "customer_id",
    "is_active",
    "status_change",
    "type_short_name",
    "software_version",
    "hardware_version",
    "manufacturer",
    "oui",
    "product_class",
    "unique_identifier",
    "serial_number",
    "serial_number_alt",
    "description",
    "organization_id",
    "firmware_image_is_pending",
    "location_name",
    "location_short_name",
    "username",
    "connection_request_url",
    "address",
    "last_configuration",
    "last_change",
    "created",
    "debug",
    "identity_conflict",
    "organization_name",
    "type_name",
)


def shown(device: Device, interval_s: int) -> DeviceAnswer:
    """The device as it stands in a list; ``interval_s`` is the server's default."""
    return DeviceAnswer.model_construct(
        **_facts(device, interval_s), uptime=None, interfaces=[], pending_details=None
    )


def shown_whole(portrait: Portrait, tell: Tell, interval_s: int, now: float) -> DeviceAnswer:
    """The device by itself, as this caller may see it."""
    details = portrait.details
    return DeviceAnswer.model_construct(
        **_facts(portrait.device, interval_s),
        uptime=portrait.vitals.uptime,
        interfaces=[Interface.model_validate(each) for each in portrait.vitals.interfaces],
        pending_details=None if details is None else _details(details, tell, now),
    )


def _details(details: Details, tell: Tell, now: float) -> PendingDetails:
    return PendingDetails(
        config_changes=details.config_changes,
        firmware_update=details.firmware_update,
        last_config_push=details.device.last_configuration,
        items=[_item(item, tell, now) for item in details.items],
    )


def _item(item: Item, tell: Tell, now: float) -> PendingItem:
    path = item.parameter or ""
    return PendingItem(
        kind=item.kind,
        operation_id=item.operation_id,
        age=max(0, int(now - item.since)),
        parameter=item.parameter,
        current=tell(path, item.current),
        wanted=tell(path, item.wanted),
    )


def _facts(device: Device, interval_s: int) -> dict[str, Any]:
    waiting = pending.settings(device)
    values: dict[str, Any] = {name: getattr(device, name) for name in _SAME}
    return values | {
        "status": "Up" if device.is_up else "Down",
        "type": device.type_id,
        "firmware_image": device.firmware_image_id,
        "location": device.location_id,
        "latitude": device.latitude or device.location_latitude,
        "longitude": device.longitude or device.location_longitude,
        "update_frequency": device.update_frequency or device.type_update_frequency or interval_s,
        "last_connection": device.last_inform,
        "pending_changes": waiting is not None,
        "pending_settings": waiting,
        "organization": device.organization_id,
        "ip_address": device.address,
        "model": device.product_class,
        "firmware_version": device.software_version,
        "last_seen": device.last_inform,
        "last_status_change": device.status_change,
        "created_at": device.created,
        "updated_at": device.last_change,
    }


# --- Bodies ----------------------------------------------------------------------------------

_Identity = Annotated[Text, Field(max_length=64)] | None


class DeviceBase(Body):
    """What a client writes; nothing is required."""

    read_only = names_of(DeviceAnswer) | {"purchase_date", "warranty_expiry"}

    name: Annotated[Name, Field(description="Unique.", examples=["router-branch-network"])] = ""
    customer_id: Annotated[Text, Field(max_length=255)] | None = None
    is_active: Boolean = True
    type: Annotated[Id, Field(description="Id of a device type.")] | None = None
    oui: _Identity = None
    product_class: _Identity = None
    serial_number: _Identity = None
    serial_number_alt: _Identity = None
    description: Annotated[Text, Field(max_length=10_000)] | None = None
    organization_id: Annotated[Id, Field(description="The token's only one by default.")] = 1
    organization: Annotated[Id, _older("organization_id")] = 1
    firmware_image: Annotated[Id, Field(description="Id of an image; queues nothing.")] | None = (
        None
    )
    firmware_image_is_pending: Annotated[
        Boolean, Field(description="True downloads the image, false takes it back.")
    ] = False
    location: Annotated[Id, Field(description="Id of a location.")] | None = None
    location_name: (
        Annotated[Text, Field(max_length=255, description="Finds or creates a location.")] | None
    ) = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    username: Annotated[Text, Field(max_length=256)] | None = None
    password: Annotated[
        RawText,
        Field(
            min_length=1,
            max_length=256,
            description="Never told again.",
            json_schema_extra={"writeOnly": True},
        ),
    ] = ""
    update_frequency: (
        Annotated[Integer, Field(ge=1, le=MAX_UNSIGNED_INT, description="Seconds.")] | None
    ) = None
    debug: Boolean = False


class DeviceBody(DeviceBase):
    """A device to be pre-registered."""

    model_config = example(
        name="router-branch-network",
        serial_number="SN0001",
        customer_id="C-1009",
        location_name="Branch 12",
        latitude="40.7128",
        longitude="-74.0060",
    )

    name: Annotated[Name, Field(description="Unique.", examples=["router-branch-network"])]


_Trigger = Annotated[
    Boolean,
    Field(
        description="True queues the operation and wakes the device.",
        json_schema_extra={"writeOnly": True},
    ),
]


class DevicePatch(DeviceBase):
    """What changes; the rest stays."""

    model_config = example(description="in the cellar", update_frequency=600, sync=True)

    reboot: _Trigger = False
    factory: _Trigger = False
    device_factory: _Trigger = False
    sync: _Trigger = False
    reconf: _Trigger = False
    approve_onboarding: Annotated[
        Boolean,
        Field(
            description="True lets the device in by its type's onboarding credentials at its next "
            "BOOTSTRAP, whatever the policy is; false takes that back.",
            json_schema_extra={"writeOnly": True},
        ),
    ] = False
    identity_conflict: (
        Annotated[Time, Field(description="Null settles it; nothing else can be written.")] | None
    ) = None


class DeviceReplacement(DevicePatch):
    """A whole device: what is left out goes back to its default."""

    model_config = example(name="router-branch-network", serial_number="SN0001", debug=True)

    name: Annotated[Name, Field(description="Unique.", examples=["router-branch-network"])]


# --- Queries ---------------------------------------------------------------------------------


def _as_status(value: Any) -> Any:
    if isinstance(value, str) and value.strip().lower() in _STATUSES:
        return _STATUSES[value.strip().lower()]
    raise PydanticCustomError("status", '"{given}" is not a valid choice.', {"given": str(value)})


_StatusFilter = Annotated[
    bool,
    BeforeValidator(_as_status),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^([Uu][Pp]|[Dd][Oo][Ww][Nn]|[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|0|1)$",
            "description": "Up, Down, or a boolean.",
            "examples": ["Up"],
        }
    ),
]
_Ordering = Literal[
    "name",
    "-name",
    "last_connection",
    "-last_connection",
    "status_change",
    "-status_change",
    "created",
    "-created",
]
_UpdateStatus = Annotated[
    Boolean, Field(description="Ask the devices to show themselves before the answer.")
]


class DeviceQuery(Query):
    pending: Annotated[Boolean, Field(description="With pending_details.")] = False
    update_status: _UpdateStatus = False


class DevicesQuery(ListQuery):
    type: Annotated[Id, Field(description="Id of a device type.")] | None = None
    status: _StatusFilter | None = None
    last_status_change_from: Time | None = None
    organization: Id | None = None
    pending: Annotated[Boolean, Field(description="Whether something waits.")] | None = None
    update_status: _UpdateStatus = False
    search: (
        Annotated[
            Text,
            Field(min_length=1, description="A part of name, serial, address or customer id."),
        ]
        | None
    ) = None
    serial_number: Text | None = None
    customer_id: Text | None = None
    product_class: Text | None = None
    manufacturer: Text | None = None
    software_version: Text | None = None
    address: Text | None = None
    is_active: Boolean | None = None
    location: Id | None = None
    ordering: _Ordering | None = None

    @property
    def filter(self) -> Filter:
        return Filter(
            type_id=self.type,
            is_up=self.status,
            status_changed_from=self.last_status_change_from,
            organization_id=self.organization,
            is_pending=self.pending,
            search=self.search,
            serial_number=self.serial_number,
            customer_id=self.customer_id,
            product_class=self.product_class,
            manufacturer=self.manufacturer,
            software_version=self.software_version,
            address=self.address,
            is_active=self.is_active,
            location_id=self.location,
        )

    @property
    def order(self) -> Order:
        if self.ordering is None:
            return Order()
        return Order(self.ordering.lstrip("-"), descending=self.ordering.startswith("-"))
