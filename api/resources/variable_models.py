"""A device's values and wanted settings in answers, and the filters and bodies beside them."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, create_model, model_validator

from api.fields import Boolean, Id, Moment, Name, Text
from api.models import Body, ListQuery, Query, Representation, example, names_of
from api.resources.variables import MAX_VALUE, Path, Tell, TypedVariable, Value
from inventory.actions.variables import ValueType
from inventory.devices import Family, Key
from inventory.records.devices import Device
from inventory.settings import MOST, Setting
from inventory.variables import Variable, WantedOf


class Parent(Representation):
    """The device."""

    id: int = Field(examples=[17])
    name: str = Field(examples=["router-branch-network"])
    serial_number: str | None = Field(examples=["SN0001"])


class Parameter(Representation):
    """A parameter, by its full name and shorter ones."""

    variable_name: str = Field(examples=["Device.ManagementServer.PeriodicInformInterval"])
    name: str = Field(examples=["ManagementServer.PeriodicInformInterval"])
    short_name: str = Field(examples=["PeriodicInformInterval"])


class VariableAnswer(Representation):
    """A value that the inventory holds of a device; a secret one is masked for viewers."""

    parent: Parent
    parameter: Parameter
    variable_name: str = Field(examples=["Device.ManagementServer.PeriodicInformInterval"])
    value: str | None = Field(examples=["300"])
    value_type: str | None = Field(
        description="The device's own; null while nobody has told.", examples=["unsignedInt"]
    )
    writable: bool | None = Field(description="Null while nobody has told.")
    pending: bool = Field(description="Another value is wanted.")
    updated: Moment | None = Field(description="When the value was learned.")
    source: Literal["inform", "get", "set"] = Field(description="How it was learned.")


class SettingAnswer(Representation):
    """A wanted setting of a device; a secret value is masked for viewers."""

    parent: Parent
    parameter: Parameter
    variable_name: str = Field(examples=["Device.Time.NTPServer1"])
    value: str | None = Field(description="The wanted value.", examples=["ntp.example.net"])
    value_type: str | None = Field(examples=["string"])
    current: str | None = Field(description="What the device has; null: not known.")
    pending: bool = Field(description="Not confirmed yet.")
    origin: Literal["template", "own"] = Field(description="Of the type, or the device's own.")
    last_updated: Moment = Field(description="When it was last changed.")


_PENDING = Annotated[Boolean, Field(description="Whether another value is wanted.")]


class SettingFilter(ListQuery):
    """Which settings of the device."""

    pending: _PENDING | None = None


class VariableFilter(SettingFilter):
    """Which values of the device."""

    parameter__variable_name: (
        Annotated[
            Text,
            Field(
                max_length=MAX_VALUE,
                description="Names, comma-separated; one that ends in a dot means all below it.",
                examples=["Device.DeviceInfo.,Device.Time.NTPServer1"],
            ),
        ]
        | None
    ) = None
    wildcard: (
        Annotated[
            Text,
            Field(
                max_length=1000,
                description="A name with `*`. In the others `*` is understood, too, as the value "
                "`true` asks for.",
                examples=["Device.WiFi.SSID.*.SSID"],
            ),
        ]
        | None
    ) = None
    force_update: Annotated[
        Boolean, Field(description="Read from the device first, within a bounded wait.")
    ] = False
    dates: Annotated[Boolean, Field(description="Tell when each value was learned.")] = True

    @property
    def names(self) -> list[str]:
        """What to recall; nothing means everything."""
        given = f"{self.parameter__variable_name or ''},{self.wildcard or ''}".split(",")
        return [name.strip() for name in given if name.strip() and name.lower() != "true"]

    @property
    def readable(self) -> list[str]:
        """What a device can be asked for: it knows no wildcards, only the object before them."""
        return [
            name.partition("*")[0].rpartition(".")[0] + "." if "*" in name else name
            for name in self.names
        ]


class OfName(Query):
    """Of the device with this name."""

    parent__name: Annotated[Name, Field(description="The device's name.", examples=["router-1"])]

    @property
    def key(self) -> Key:
        return Key(Family.NAME, self.parent__name)


class OfSerial(Query):
    """Of the device with this serial number."""

    parent__serial_number: Annotated[
        Name, Field(description="The device's serial number.", examples=["SN0001"])
    ]

    @property
    def key(self) -> Key:
        return Key(Family.SERIAL, self.parent__serial_number)


class OfId(Query):
    """Of the device with this id."""

    parent_id: Annotated[Id, Field(description="The device's id.", examples=[17])]

    @property
    def key(self) -> Key:
        return Key(Family.ID, self.parent_id)


_PARENTS: Mapping[Family, type[OfName | OfSerial | OfId]] = {
    Family.NAME: OfName,
    Family.SERIAL: OfSerial,
    Family.ID: OfId,
}


def of_parent(family: Family, filter: type[SettingFilter]) -> type[BaseModel]:
    """The filter with the family's way of naming the device, which is required."""
    parent = _PARENTS[family]
    return create_model(f"{filter.__name__}{parent.__name__}", __base__=(parent, filter))


class ListedVariable(Body):
    """A variable as a listing shows it may come back; it is named twice there."""

    @model_validator(mode="before")
    @classmethod
    def _named_by_its_parameter(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "variable_name" in data:
            return data
        parameter = data.get("parameter")
        if not isinstance(parameter, dict) or "variable_name" not in parameter:
            return data
        return {**data, "variable_name": parameter["variable_name"]}


class WantedValue(ListedVariable):
    """A value to be set."""

    read_only = names_of(VariableAnswer)

    variable_name: Path
    value: Value
    value_type: Annotated[ValueType, Field(description="Null: the device's own.")] | None = None


class OwnSetting(ListedVariable, TypedVariable):
    """A setting of the device's own; null drops it."""

    read_only = names_of(SettingAnswer)

    value: Value | None
    origin: (
        Annotated[
            Literal["template", "own"],
            Field(description="Of the template, with the template's value: it stays so."),
        ]
        | None
    ) = None

    def setting(self) -> Setting:
        return Setting(self.variable_name, self.value, self.value_type)


A_VALUE: Any = {
    "variables": [{"variable_name": "Device.Time.NTPServer1", "value": "ntp.example.net"}]
}


class VariablesBody(Body):
    """Values to be set on the device now, all or none."""

    model_config = example(**A_VALUE)
    variables: Annotated[list[WantedValue], Field(min_length=1, max_length=MOST)]


class SettingsBody(Body):
    """The device's own settings."""

    model_config = example(**A_VALUE)
    variables: Annotated[list[OwnSetting], Field(max_length=MOST)]

    @property
    def settings(self) -> list[Setting]:
        return [variable.setting() for variable in self.variables]

    @property
    def inherited(self) -> frozenset[str]:
        """Names of those that are said to be the template's."""
        return frozenset(each.variable_name for each in self.variables if each.origin == "template")


def parent(device: Device) -> Parent:
    return Parent(id=device.id, name=device.name, serial_number=device.serial_number)


def parameter(path: str) -> Parameter:
    return Parameter(
        variable_name=path,
        name=path.partition(".")[2],
        short_name=path.rpartition(".")[2],
    )


def variable_answer(tell: Tell, found: Variable, *, dates: bool) -> VariableAnswer:
    held = found.held
    return VariableAnswer(
        parent=parent(found.device),
        parameter=parameter(held.path),
        variable_name=held.path,
        value=tell(held.path, held.value),
        value_type=held.value_type or None,
        writable=held.writable,
        pending=found.is_pending,
        updated=held.updated if dates else None,
        source=held.source.value,
    )


def setting_answer(tell: Tell, found: WantedOf) -> SettingAnswer:
    wanted = found.wanted
    setting, held = wanted.setting, wanted.held
    return SettingAnswer(
        parent=parent(found.device),
        parameter=parameter(setting.path),
        variable_name=setting.path,
        value=tell(setting.path, setting.value),
        value_type=setting.value_type,
        current=None if held is None else tell(setting.path, held.value),
        pending=wanted.differs,
        origin="own" if wanted.is_own else "template",
        last_updated=wanted.changed,
    )
