"""The pytest plugin: simulated CPEs for tests that are not async."""

import asyncio
import subprocess
import sys

from acs.cwmp import messages as m


async def test_a_blocking_cpe_boots_reboots_and_changes(acs, simulated_cpe):
    cpe = simulated_cpe(acs.url, model="tr098-gateway", serial_number="LAB1")

    def use():
        assert cpe.start().told("0 BOOTSTRAP")
        cpe.change("InternetGatewayDevice.DeviceInfo.SoftwareVersion", "9.9")
        assert cpe.told("4 VALUE CHANGE").is_complete
        acs.to_ask.append(m.Reboot("r1"))
        assert cpe.session("2 PERIODIC").is_complete
        assert cpe.told("M Reboot", "r1").told("1 BOOT")
        assert cpe.value("InternetGatewayDevice.DeviceInfo.SerialNumber") == "LAB1"

    await asyncio.to_thread(use)
    assert {one.device_id.serial_number for one in acs.heard_of(m.Inform)} == {"LAB1"}


async def test_a_fleet_is_started(acs, cpe_fleet):
    cpes = await asyncio.to_thread(cpe_fleet, acs.url, 4)
    serials = {one.device_id.serial_number for one in acs.heard_of(m.Inform)}
    assert serials == {one.cpe.serial_number for one in cpes}
    assert len(serials) == 4


def test_the_plugin_loads_nothing_of_ours_by_itself():
    code = "import simulator.fixtures, sys; print([n for n in sys.modules if 'simulator.' in n])"
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert output.stdout.strip() == "['simulator.fixtures']"
