"""What a device's sessions leave in its log for a person to act on."""


async def alerts(office):
    rows = await office.rows("SELECT text FROM device_log WHERE kind = 'alert' ORDER BY id")
    return [text for (text,) in rows]


async def test_a_device_that_comes_to_be_behind_nat_is_told_of_once(cpe, office):
    await cpe.enrol()
    cpe.url = "http://10.0.0.7:7547/cr"
    for cpe.version in ("1.1", "1.2"):  # something new is told each time
        await cpe.inform()
    assert await alerts(office) == ["behind NAT"]


async def test_a_device_that_registers_from_behind_nat_is_told_of(cpe, office):
    cpe.url = "http://10.0.0.7:7547/cr"
    await cpe.inform("0 BOOTSTRAP")
    assert await alerts(office) == ["behind NAT"]
