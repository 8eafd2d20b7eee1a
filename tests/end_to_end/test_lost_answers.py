"""Answers get lost between real sockets; nothing is done twice, and everything ends."""

import time

import pytest

from acs import app
from simulator.mischief import PROFILES, LosesAnswer, LosesRequest, parse

NAME = "00D09E-SimGateway-SIM000001"
TABLE = "Device.NAT.PortMapping."


@pytest.fixture
async def server(settings):
    """Tries again soon."""
    async with app.running(settings(cwmp={"retry_s": 0.2})) as running:
        yield running


class Clock:
    """The real time, and a CPE that has been up for long when it is moved on."""

    ahead = 0.0

    def __call__(self):
        return time.time() + self.ahead


@pytest.fixture
async def troubled(cpes, api):
    """A CPE that is enrolled and has been up for long before it begins to lose things."""

    async def start(*mischief):
        clock = Clock()
        cpe = cpes(clock=clock)
        await cpe.start()
        await api.run(NAME, "get", variable("Device.DeviceInfo.UpTime"))
        clock.ahead, cpe.mischief = 5000.0, mischief
        return cpe

    return start


def variable(name, value=None):
    return {"variable_name": name} | ({} if value is None else {"value": value})


@pytest.mark.parametrize("loss", [LosesAnswer, LosesRequest])
@pytest.mark.parametrize(
    ("operation", "method", "names"),
    [
        ("reboot", "Reboot", ()),
        ("factory", "FactoryReset", ()),
        ("add.obj", "AddObject", (TABLE,)),
        ("del.obj", "DeleteObject", (f"{TABLE}1.",)),
    ],
)
async def test_what_must_happen_once_happens_once(troubled, api, loss, operation, method, names):
    cpe = await troubled(loss(method))
    done = await api.run(NAME, operation, *map(variable, names))
    assert done["status"] == "completed", done
    assert cpe.counts[method] == 1


@pytest.mark.parametrize("loss", [LosesAnswer, LosesRequest])
async def test_a_lost_set_is_set_in_the_end(troubled, api, loss):
    cpe = await troubled(loss("SetParameterValues", "2"))
    name = "Device.DeviceInfo.ProvisioningCode"
    done = await api.run(NAME, "set", variable(name, "x1"))
    assert done["status"] == "completed", done
    assert cpe.tree.value(name) == "x1"


async def test_a_device_that_never_answers_a_read_fails_it_after_three_attempts(troubled, api):
    await troubled(LosesAnswer("GetParameterValues", "100"))
    done = await api.run(NAME, "get", variable("Device.DeviceInfo.UpTime"))
    assert done["status"] == "failed"
    assert done["error"]["code"] == "no_answer"
    assert done["attempts"] == 3


@pytest.mark.parametrize("profile", [name for name in PROFILES if name != "behind-nat"])
@pytest.mark.parametrize("model", ["tr181-gateway", "tr098-gateway"])
async def test_devices_with_the_fields_quirks_do_what_they_are_asked(cpes, api, profile, model):
    cpe = cpes(model=model, mischief=parse(profile))
    await cpe.start()
    root = cpe.tree.root
    name = f"{root}DeviceInfo.ProvisioningCode"
    done = await api.run(NAME, "set", variable(name, "X1"))
    assert done["status"] == "completed", done
    done = await api.run(NAME, "get", variable(name), variable(f"{root}DeviceInfo."))
    assert done["status"] == "completed", done
    values = {each["variable_name"]: each["value"] for each in done["variables"]}
    assert values[name] == "X1"
    done = await api.run(NAME, "reboot")
    assert done["status"] == "completed", done
    assert cpe.counts["Reboot"] == 1
