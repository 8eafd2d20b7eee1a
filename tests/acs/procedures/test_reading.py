"""The reading script, played as the conversation that it is."""

from acs.cwmp.faults import CwmpFault, fault
from acs.cwmp.messages import (
    GetParameterNames,
    GetParameterNamesResponse,
    GetParameterValues,
    GetParameterValuesResponse,
    ParameterInfoStruct,
    ParameterValueStruct,
)
from acs.procedures.reading import discover_root, get, read


class Device:
    """Answers reading requests from a table, with the limits that real devices have."""

    def __init__(self, values, *, bears=1000, silent=False, partial=True):
        self.values, self.bears, self.silent, self.partial = values, bears, silent, partial
        self.asked = []

    def answer(self, request):
        self.asked.append(request)
        if isinstance(request, GetParameterNames):
            return self._names(request)
        if len(request.parameter_names) > self.bears:
            raise CwmpFault(fault(9004))
        return GetParameterValuesResponse(
            tuple(found for name in request.parameter_names for found in self._values(name))
        )

    def _values(self, name):
        if name.endswith("."):
            if not self.partial:
                raise CwmpFault(fault(9005))
            return [
                ParameterValueStruct(n, v) for n, v in self.values.items() if n.startswith(name)
            ]
        if name in self.values:
            return [ParameterValueStruct(name, self.values[name])]
        if self.silent:
            return []
        raise CwmpFault(fault(9005))

    def _names(self, request):
        path = request.parameter_path
        below = {n[len(path) :].split(".")[0]: n for n in self.values if n.startswith(path)}
        return GetParameterNamesResponse(
            tuple(
                ParameterInfoStruct(path + part + ("." if path + part != name else ""))
                for part, name in below.items()
            )
        )


def play(script, device):
    """Runs a script against a device; returns what the script returns."""
    send, value = script.send, None
    while True:
        try:
            request = send(value)
        except StopIteration as stop:
            return stop.value
        try:
            send, value = script.send, device.answer(request)
        except CwmpFault as refused:
            send, value = script.throw, refused


NAMES = {f"Device.X.P{number}": str(number) for number in range(100)}


def test_names_go_out_in_batches():
    device = Device(NAMES)
    readings = play(read(tuple(NAMES), 32), device)
    assert [len(asked.parameter_names) for asked in device.asked] == [32, 32, 32, 4]
    assert {name: found.value for name, found in readings.values.items()} == NAMES
    assert readings.batch == 32


def test_one_bad_name_does_not_lose_the_rest():
    device = Device(NAMES)
    readings = play(read((*NAMES, "Device.Y"), 32), device)
    assert len(readings.values) == 100
    assert {name: refused.fault_code for name, refused in readings.faults.items()} == {
        "Device.Y": 9005
    }
    assert readings.batch == 32


def test_a_bad_name_is_among_the_results_without_a_value(operation, subject):
    asked = {"variables": [{"variable_name": name} for name in ("Device.Y", "Device.X.P1")]}
    outcome = play(get(operation("get", asked), subject()), Device(NAMES))
    assert list(outcome.error.parameters) == ["Device.Y"]
    assert {each["variable_name"]: each["value"] for each in outcome.result["variables"]} == {
        "Device.X.P1": "1",
        "Device.Y": None,
    }


def test_a_device_that_bears_little_is_asked_for_less_and_that_is_remembered():
    device = Device(NAMES, bears=5)
    readings = play(read(tuple(NAMES), 32), device)
    assert len(readings.values) == 100
    assert readings.batch == 4
    assert not readings.faults


def test_a_name_that_is_silently_left_out_is_asked_alone_and_then_named():
    device = Device(NAMES, silent=True)
    readings = play(read(("Device.X.P1", "Device.Y"), 32), device)
    assert list(readings.values) == ["Device.X.P1"]
    assert readings.faults["Device.Y"].fault_code == 9005
    assert device.asked[-1] == GetParameterValues(("Device.Y",))


def test_a_partial_path_that_is_refused_is_read_level_by_level():
    device = Device(NAMES | {"Device.X.Deep.Q": "q"}, partial=False)
    readings = play(read(("Device.",), 32), device)
    assert len(readings.values) == 101
    assert not readings.faults


def test_the_root_is_found_where_the_empty_path_is_refused():
    class Shy(Device):
        def _names(self, request):
            if not request.parameter_path:
                raise CwmpFault(fault(9005))
            return super()._names(request)

    device = Shy({"InternetGatewayDevice.DeviceInfo.UpTime": "5"})
    assert play(discover_root(), device) == "InternetGatewayDevice."


def test_names_below_the_root_are_those_of_the_devices_data_model(play, operation, subject):
    name = "InternetGatewayDevice.DeviceInfo.SerialNumber"
    request = {"variables": [{"variable_name": "DeviceInfo.SerialNumber"}], "below_root": True}
    outcome, _ = play(
        get(operation("get", request), subject(root="InternetGatewayDevice.")),
        (
            GetParameterValues((name,)),
            GetParameterValuesResponse((ParameterValueStruct(name, "SN1"),)),
        ),
    )
    assert outcome.result["variables"][0]["value"] == "SN1"
