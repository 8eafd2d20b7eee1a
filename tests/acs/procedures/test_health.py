"""A device's values against limits; nothing is guessed where it tells nothing."""

import pytest

from acs.cwmp.faults import fault
from acs.cwmp.messages import (
    GetParameterNames,
    GetParameterValues,
    GetParameterValuesResponse,
    ParameterValueStruct,
)
from acs.procedures.health import health_check
from inventory.health import CHECKS, asked

INFO = "Device.DeviceInfo."
SENSORS = f"{INFO}TemperatureStatus.TemperatureSensor."


def told(**values):
    return GetParameterValuesResponse(
        tuple(
            ParameterValueStruct(INFO + name.replace("__", "."), value, "unsignedInt")
            for name, value in values.items()
        )
    )


MEMORY = (f"{INFO}MemoryStatus.Total", f"{INFO}MemoryStatus.Free")


@pytest.fixture
def check(play, operation, subject):
    def check(request, *lines):
        return play(health_check(operation("health_check", request), subject()), *lines)[0].result

    return check


@pytest.mark.parametrize(("free", "status"), [("300", "healthy"), ("99", "unhealthy")])
def test_memory_is_judged_by_its_threshold(check, free, status):
    found = told(MemoryStatus__Total="1000", MemoryStatus__Free=free)
    result = check(
        {"checks": ["memory"], "memory_threshold_percent": 70}, (GetParameterValues(MEMORY), found)
    )
    assert result["status"] == status
    assert (result["checks_passed"], result["checks_failed"]) == (
        int(status == "healthy"),
        int(status == "unhealthy"),
    )
    assert result["warnings"] == []
    assert result["checks"][0]["threshold"] == 70
    assert result["checks"][0]["value"] == pytest.approx(100 - int(free) / 10, abs=0.1)


def test_what_the_device_has_no_parameter_for_is_a_warning_and_no_failure(check):
    result = check(
        {"checks": ["connectivity", "memory", "fan"]},
        (GetParameterValues(MEMORY), fault(9005)),
        (GetParameterValues(MEMORY[:1]), fault(9005)),
        (GetParameterValues(MEMORY[1:]), told(MemoryStatus__Free="5")),
    )
    assert (result["status"], result["checks_passed"], result["checks_failed"]) == ("healthy", 1, 0)
    assert [text.partition(":")[0] for text in result["warnings"]] == ["memory", "fan"]


def test_nothing_that_can_be_checked_is_no_health(check):
    result = check({"checks": ["fan"]})
    assert (result["status"], result["checks_passed"]) == ("unknown", 0)


def test_a_sensor_is_judged_by_its_own_alarm_value_and_the_hottest_counts(check):
    sensor = "TemperatureStatus__TemperatureSensor__{}__{}"
    values = {
        sensor.format(1, "Value"): "80",  # below the limit for all
        sensor.format(2, "Value"): "70",
        sensor.format(2, "HighAlarmValue"): "65",
        sensor.format(3, "Value"): "nonsense",
    }
    result = check({"checks": ["temperature"]}, (GetParameterValues((SENSORS,)), told(**values)))
    assert result["status"] == "unhealthy"
    assert result["checks"][0] == {
        "name": "temperature",
        "passed": False,
        "value": 70.0,
        "threshold": 65.0,
    }


def test_a_device_without_sensors_is_warned_of(check):
    result = check(
        {"checks": ["temperature"]},
        (GetParameterValues((SENSORS,)), fault(9005)),
        (GetParameterNames(SENSORS, next_level=True), fault(9005)),
    )
    assert result["warnings"] == ["temperature: the device has no parameter for it."]


def test_a_total_of_nothing_divides_nothing(check):
    found = told(MemoryStatus__Total="0", MemoryStatus__Free="0")
    assert check({"checks": ["memory"]}, (GetParameterValues(MEMORY), found))["warnings"]


def test_flags_name_the_checks():
    assert asked({}) == list(CHECKS)
    assert asked({"memory": True, "cpu": False}) == ["memory"]
    assert asked({"disk_space": True}) == ["disk"]
    assert asked({"cpu": False, "network": False}) == ["memory", "disk", "temperature"]
    assert asked({"fan": True}) == ["fan"]
