"""Diagnostics, packages and services as whole sessions: events, lost answers, restarts."""

import pytest

from acs.cwmp import messages as m
from acs.cwmp.faults import fault
from inventory.operations import State
from inventory.turns import NO_EMPTY_POST

PING = "Device.IP.Diagnostics.IPPing."
UUID = "6f1d7a52-19b5-4a3e-8c64-0d2a0c6f5a10"
OTHER_UUID = "0c7a4f6e-3d57-4b51-9a57-6f0a1a1d7f52"
PACKAGES = [{"operation": "install", "url": "http://files.example/agent.ipk"}]


def shown(state, **values):
    """The test's object as the device tells it."""
    values = {"DiagnosticsState": state, "Host": "", **values}
    return m.GetParameterValuesResponse(
        tuple(m.ParameterValueStruct(PING + name, value) for name, value in values.items())
    )


async def ping(office):
    return await office.queue("diagnostics", diagnostic="ping", arguments={"host": "192.0.2.7"})


async def requested(cpe):
    """The session in which the device is asked to ping, up to the request."""
    await cpe.inform()
    asked = await cpe.say(None)
    assert asked.envelope.body == m.GetParameterValues((PING,))
    asked = await cpe.answer(asked, shown("None"))
    values = {value.name: value.value for value in asked.envelope.body.parameter_list}
    assert values == {PING + "Host": "192.0.2.7", PING + "DiagnosticsState": "Requested"}
    return asked


async def test_a_test_ends_with_its_event_and_the_reading_of_its_results(cpe, office):
    await cpe.enrol()
    operation_id = await ping(office)
    asked = await requested(cpe)
    cpe.key = asked.envelope.body.parameter_key
    assert (await cpe.answer(asked, m.SetParameterValuesResponse())).status == 204
    operation = await office.operation(operation_id)
    assert (operation.state, operation.awaits) == (State.RUNNING, "8 DIAGNOSTICS COMPLETE")
    await cpe.inform("8 DIAGNOSTICS COMPLETE")
    asked = await cpe.say(None)
    assert asked.envelope.body == m.GetParameterValues((PING,))
    assert (await cpe.answer(asked, shown("Complete", SuccessCount="3"))).status == 204
    assert (await office.operation(operation_id)).state is State.COMPLETED


async def test_others_take_their_turns_while_a_test_runs(cpe, office):
    await cpe.enrol()
    await ping(office)
    asked = await requested(cpe)
    await office.queue("get", ["X"])
    asked = await cpe.answer(asked, m.SetParameterValuesResponse())
    assert asked.envelope.body == m.GetParameterValues(("Device.X",))


async def test_a_request_whose_answer_was_lost_is_found_out_by_its_key(cpe, office):
    await cpe.enrol()
    operation_id = await ping(office)
    asked = await requested(cpe)
    cpe.key = asked.envelope.body.parameter_key  # it was applied
    cpe.lose_connection()
    office.clock.pass_(10)
    await cpe.inform("8 DIAGNOSTICS COMPLETE")
    asked = await cpe.say(None)
    await cpe.answer(asked, shown("Complete", SuccessCount="3"))
    assert (await office.operation(operation_id)).state is State.COMPLETED


async def test_a_request_that_was_lost_is_sent_again(cpe, office):
    await cpe.enrol()
    operation_id = await ping(office)
    await requested(cpe)
    cpe.lose_connection()
    office.restart()
    office.clock.pass_(10)
    asked = await requested(cpe)
    await cpe.answer(asked, m.SetParameterValuesResponse())
    assert (await office.operation(operation_id)).awaits == "8 DIAGNOSTICS COMPLETE"


async def test_a_restart_of_the_device_interrupts_the_test(cpe, office):
    await cpe.enrol()
    operation_id = await ping(office)
    asked = await requested(cpe)
    cpe.key = asked.envelope.body.parameter_key
    await cpe.answer(asked, m.SetParameterValuesResponse())
    await cpe.inform("1 BOOT")
    asked = await cpe.say(None)
    await cpe.answer(asked, shown("None"))
    operation = await office.operation(operation_id)
    assert (operation.state, operation.error["code"]) == (State.FAILED, "interrupted")


# --- Packages --------------------------------------------------------------------------------


async def sent(cpe, office, packages=PACKAGES):
    """A ChangeDUState that was sent; its operation's id and the request."""
    await cpe.enrol()
    operation_id = await office.queue("update", packages=packages)
    await cpe.inform()
    return operation_id, await cpe.say(None)


def report(key, code=0):
    result = m.OpResultStruct(
        uuid=UUID,
        version="1.0",
        current_state="Failed" if code else "Installed",
        fault=m.DeploymentUnitFaultStruct(code, "no room" if code else ""),
    )
    return m.DUStateChangeComplete((result,), key)


@pytest.mark.parametrize(("code", "state"), [(0, State.COMPLETED), (9027, State.FAILED)])
async def test_packages_are_done_when_the_device_reports_them(cpe, office, code, state):
    operation_id, asked = await sent(cpe, office)
    key = asked.envelope.body.command_key
    assert key == (await office.operation(operation_id)).key
    assert (await cpe.answer(asked, m.ChangeDUStateResponse())).status == 204
    await cpe.inform("11 DU STATE CHANGE COMPLETE", f"M ChangeDUState|{key}")
    told = await cpe.say(report(key, code))
    assert told.envelope.body == m.DUStateChangeCompleteResponse()
    operation = await office.operation(operation_id)
    assert operation.state is state
    assert (await cpe.say(None)).status == 204
    if code:
        assert operation.error["parameters"][UUID] == {"code": "9027", "message": "no room"}


async def ended(cpe, office, packages, *results):
    """The operation's end when the device has reported these results."""
    operation_id, asked = await sent(cpe, office, packages)
    await cpe.answer(asked, m.ChangeDUStateResponse())
    await cpe.inform("11 DU STATE CHANGE COMPLETE")
    await cpe.say(m.DUStateChangeComplete(results, asked.envelope.body.command_key))
    return await office.operation(operation_id)


async def test_a_package_that_failed_without_a_fault_has_failed(cpe, office):
    operation = await ended(
        cpe, office, PACKAGES, m.OpResultStruct(uuid=UUID, current_state="Failed")
    )
    assert (operation.state, operation.error["code"]) == (State.FAILED, "not_changed")
    assert operation.error["parameters"][UUID]["code"] == "not_changed"


async def test_a_report_without_results_is_no_success(cpe, office):
    operation = await ended(cpe, office, PACKAGES)
    assert (operation.state, operation.error["code"]) == (State.FAILED, "not_reported")
    assert list(operation.error["parameters"]) == ["http://files.example/agent.ipk"]


async def test_a_package_that_the_report_leaves_out_is_named(cpe, office):
    update = {"operation": "update", "uuid": UUID, "version": "2.0"}
    installed = m.OpResultStruct(uuid=OTHER_UUID, current_state="Installed")
    operation = await ended(cpe, office, [*PACKAGES, update], installed)
    assert operation.state is State.FAILED
    assert "1 of 2" in operation.error["message"]
    assert list(operation.error["parameters"]) == [UUID]


async def test_an_update_of_all_packages_may_be_reported_one_by_one(cpe, office):
    results = [
        m.OpResultStruct(uuid=each, current_state="Installed") for each in (UUID, OTHER_UUID)
    ]
    operation = await ended(cpe, office, [{"operation": "update"}], *results)
    assert operation.state is State.COMPLETED


async def test_a_report_of_something_else_ends_nothing(cpe, office):
    operation_id, asked = await sent(cpe, office)
    await cpe.answer(asked, m.ChangeDUStateResponse())
    await cpe.inform()
    await cpe.say(report("op_another"))
    assert (await office.operation(operation_id)).state is State.RUNNING
    await cpe.say(report(""))  # a device that loses keys means the only one
    assert (await office.operation(operation_id)).state is State.COMPLETED
    await cpe.say(report(""))  # told twice


async def test_packages_are_never_sent_twice(cpe, office):
    operation_id, _ = await sent(cpe, office)
    cpe.lose_connection()
    office.restart()
    office.clock.pass_(10)
    await cpe.inform()
    asked = await cpe.say(None)
    assert isinstance(asked.envelope.body, m.GetParameterValues)
    asked = await cpe.answer(asked, fault(9005))
    assert isinstance(asked.envelope.body, m.GetParameterNames)
    assert (await cpe.answer(asked, fault(9005))).status == 204
    operation = await office.operation(operation_id)
    assert (operation.state, operation.awaits) == (State.RUNNING, "11 DU STATE CHANGE COMPLETE")
    await cpe.inform("11 DU STATE CHANGE COMPLETE")
    await cpe.say(report(operation.key))
    assert (await office.operation(operation_id)).state is State.COMPLETED


@pytest.mark.parametrize("minor", [0, 1])
async def test_a_device_whose_version_has_no_packages_is_not_asked(cpe, office, minor):
    await cpe.enrol()
    operation_id = await office.queue("update", packages=PACKAGES)
    await cpe.inform(namespace=f"urn:dslforum-org:cwmp-1-{minor}")
    assert (await cpe.say(None)).status == 204
    operation = await office.operation(operation_id)
    assert (operation.state, operation.error["code"]) == (State.FAILED, "not_supported")
    assert operation.evidence is None  # nothing was sent


# --- Sessions that break off -----------------------------------------------------------------


async def test_a_session_that_never_reaches_its_empty_post_is_noted(cpe, office):
    await cpe.enrol()
    await cpe.inform()
    office.clock.pass_(31)
    await office.sessions.sweep()
    await cpe.inform()
    await cpe.inform()
    await cpe.say(None)
    rows = await office.rows("SELECT outcome, notes FROM sessions ORDER BY id DESC LIMIT 2")
    assert [row[0] for row in rows] == ["superseded", "timeout"]
    assert all(NO_EMPTY_POST in row[1] for row in rows)


async def test_a_session_that_broke_off_on_our_turn_is_not(cpe, office):
    await cpe.enrol()
    await office.queue("get", ["X"])
    await cpe.inform()
    await cpe.say(None)
    office.clock.pass_(300)
    await office.sessions.sweep()
    ((outcome, notes),) = await office.rows(
        "SELECT outcome, notes FROM sessions ORDER BY id DESC LIMIT 1"
    )
    assert (outcome, NO_EMPTY_POST in notes) == ("timeout", False)
