"""Uptime and interfaces, from the parameters of both data models."""

import pytest

from inventory.parameters import HeldValue, Source
from inventory.vitals import Interface, selection, vitals


def held(**values):
    return [
        HeldValue(path.replace("__", "."), value, "string", None, 0.0, Source.GET)
        for path, value in values.items()
    ]


@pytest.mark.parametrize(
    ("seconds", "spoken"),
    [
        ("0", "0 days, 0 hours, 0 minutes"),
        ("90061", "1 day, 1 hour, 1 minute"),
        ("1326121", "15 days, 8 hours, 22 minutes"),
        ("-1", None),
        ("soon", None),
        ("", None),
    ],
)
def test_an_uptime_is_spoken_out(seconds, spoken):
    assert vitals(held(Device__DeviceInfo__UpTime=seconds)).uptime == spoken


def test_interfaces_are_gathered_by_object_in_the_order_of_their_numbers():
    found = vitals(
        held(
            InternetGatewayDevice__LANDevice__1__WLANConfiguration__10__Status="Up",
            InternetGatewayDevice__LANDevice__1__WLANConfiguration__2__Status="Disabled",
            InternetGatewayDevice__LANDevice__1__WLANConfiguration__2__MaxBitRate="Auto",
        )
    )
    place = "LANDevice.1.WLANConfiguration."
    assert found.interfaces == [
        Interface(f"{place}2", "Disabled", "Auto"),
        Interface(f"{place}10", "Up", None),
    ]


@pytest.mark.parametrize(
    "path",
    [
        "InternetGatewayDevice.DeviceInfo.UpTime",
        "InternetGatewayDevice.WANDevice.1.WANEthernetInterfaceConfig.Status",
        "InternetGatewayDevice.LANDevice.1.LANEthernetInterfaceConfig.4.MaxBitRate",
    ],
)
def test_only_what_is_shown_is_recalled(path):
    chosen = selection("InternetGatewayDevice.")
    assert chosen.has(path)
    assert not chosen.has(path + "X")
    assert not selection("Device.").has(path)


def test_nothing_is_recalled_of_a_device_whose_data_model_is_not_known():
    assert not selection(None).has("Device.DeviceInfo.UpTime")
