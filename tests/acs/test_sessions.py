"""The decision table of TR-069 3.7.2, and what a session leaves behind."""

import zlib

import pytest

from acs.cwmp import messages as m
from acs.cwmp.faults import fault
from acs.sessions import SessionLimits
from inventory.admission import Shared
from inventory.operations import State

UPTIME = "Device.DeviceInfo.UpTime"


def values(**named):
    listed = tuple(m.ParameterValueStruct("Device." + n, v) for n, v in named.items())
    return m.GetParameterValuesResponse(listed)


def read(name="X", value="1"):
    return values(**{name: value})


# --- Opening ---------------------------------------------------------------------------------


async def test_an_inform_is_answered_in_its_namespace_with_its_id_and_a_cookie(cpe):
    answer = await cpe.inform(namespace="urn:dslforum-org:cwmp-1-4")
    assert answer.status == 200
    assert answer.envelope.body == m.InformResponse()
    assert answer.envelope.id == "i1"
    assert answer.envelope.namespace == "urn:dslforum-org:cwmp-1-4"
    assert answer.cookie.isalnum()


async def test_a_device_without_a_serial_number_is_refused(cpe, office):
    cpe.serial_number = ""
    answer = await cpe.inform()
    assert answer.envelope.body.fault_code == 8003
    assert await office.rows("SELECT id FROM devices") == []


async def test_without_a_session_an_empty_post_ends_politely_and_all_else_is_refused(cpe):
    assert (await cpe.say(None)).status == 204
    assert (await cpe.say(m.GetRPCMethods())).status == 400


async def test_where_all_must_prove_themselves_an_empty_post_is_challenged(cpe, office):
    office.restart(shared=Shared("cpe", "secret"))
    assert (await cpe.say(None)).status == 401
    assert (await cpe.inform()).status == 401
    assert await office.rows("SELECT id FROM devices") == []


async def test_unknown_devices_are_refused_where_registration_is_off(cpe, office):
    office.restart(auto_register=False)
    answer = await cpe.inform()
    assert answer.envelope.body.fault_code == 8001
    assert await office.rows("SELECT id FROM devices") == []


# --- The CPE's turn --------------------------------------------------------------------------


async def test_the_cpes_calls_are_answered_before_any_of_ours(cpe, office):
    await cpe.enrol()
    await office.queue("get", ["X"])
    await cpe.inform()
    said = await cpe.say(m.GetRPCMethods())
    assert "Inform" in said.envelope.body.method_list
    done = await cpe.say(m.TransferComplete("key"))
    assert done.envelope.body == m.TransferCompleteResponse()
    assert done.envelope.id == "c1"
    assert isinstance((await cpe.say(None)).envelope.body, m.GetParameterValues)


async def test_an_unknown_method_is_refused_and_the_session_goes_on(cpe):
    await cpe.enrol()
    await cpe.inform()
    said = await cpe.say(m.UnknownMethod("X_EXAMPLE_Do"))
    assert said.envelope.body.fault_code == 8000
    assert (await cpe.say(None)).status == 204


async def test_a_cpe_that_never_ends_its_calls_is_cut_off(cpe):
    await cpe.enrol()
    await cpe.inform()
    for _ in range(64):
        assert (await cpe.say(m.GetRPCMethods())).status == 200
    said = await cpe.say(m.GetRPCMethods())
    assert said.envelope.body.fault_code == 8004
    assert (await cpe.say(m.GetRPCMethods())).status == 400


# --- Our turn --------------------------------------------------------------------------------


async def test_operations_go_out_one_after_the_other_also_those_queued_meanwhile(cpe, office):
    await cpe.enrol()
    first = await office.queue("get", ["X"])
    await cpe.inform()
    asked = await cpe.say(None)
    second = await office.queue("get", ["Y"])
    asked = await cpe.answer(asked, read("X"))
    assert asked.envelope.body.parameter_names == ("Device.Y",)
    assert (await cpe.answer(asked, read("Y"))).status == 204
    assert (await office.operation(first)).state is State.COMPLETED
    assert (await office.operation(second)).state is State.COMPLETED


async def test_a_secret_that_a_device_echoes_in_its_fault_is_kept_nowhere(cpe, office):
    await cpe.enrol()
    await office.store.write(lambda tx: tx.run("UPDATE devices SET debug = TRUE"))
    secret = {"variable_name": "Device.X.Password", "value": "friend", "value_type": "string"}
    number = await office.queue("set", [secret])
    await cpe.inform()
    asked = await cpe.say(None)
    echo = m.SetParameterValuesFault("Device.X.Password", 9007, "bad value friend")
    await cpe.answer(asked, m.Fault(9003, "friend is refused", (echo,)))
    error = (await office.operation(number)).error
    assert error["message"] == "******** is refused"
    assert error["parameters"]["Device.X.Password"]["message"] == "bad value ********"
    ((transcript,),) = await office.rows("SELECT transcript FROM sessions WHERE faults = 1")
    assert b"friend" not in zlib.decompress(transcript)


async def test_a_refusal_is_an_answer_and_the_next_operation_goes_out(cpe, office):
    await cpe.enrol()
    first = await office.queue("reboot")
    await office.queue("get", ["Y"])
    await cpe.inform()
    asked = await cpe.say(None)
    asked = await cpe.answer(asked, fault(9001))
    assert asked.envelope.body.parameter_names == ("Device.Y",)
    operation = await office.operation(first)
    assert operation.state is State.FAILED
    assert operation.error["code"] == "9001"


async def test_the_answer_to_another_method_fails_the_operation(cpe, office):
    await cpe.enrol()
    first = await office.queue("reboot")
    await cpe.inform()
    asked = await cpe.say(None)
    assert (await cpe.answer(asked, m.DownloadResponse())).status == 204
    assert (await office.operation(first)).state is State.FAILED


@pytest.mark.parametrize("id", [None, "unknown"])
async def test_the_right_method_is_taken_whatever_its_id(cpe, office, id):
    await cpe.enrol()
    first = await office.queue("get", ["X"])
    await cpe.inform()
    await cpe.say(None)
    assert (await cpe.say(read("X"), id=id)).status == 204
    assert (await office.operation(first)).state is State.COMPLETED


async def test_a_late_duplicate_is_dropped_and_the_request_repeated(cpe, office):
    await cpe.enrol()
    await office.queue("get", ["X"])
    second = await office.queue("get", ["Y"])
    await cpe.inform()
    first = await cpe.say(None)
    asked = await cpe.answer(first, read("X"))
    again = await cpe.answer(first, read("X"))
    assert again.envelope == asked.envelope
    await cpe.answer(again, read("Y"))
    assert (await office.operation(second)).state is State.COMPLETED


async def test_a_cpe_that_lost_the_request_is_asked_once_more(cpe, office):
    await cpe.enrol()
    first = await office.queue("get", ["X"])
    await cpe.inform()
    asked = await cpe.say(None)
    again = await cpe.say(None)
    assert again.envelope == asked.envelope
    assert (await cpe.say(None)).status == 204
    assert (await office.operation(first)).state is State.RUNNING


async def test_what_must_not_happen_twice_is_not_repeated(cpe, office):
    await cpe.enrol()
    await office.queue("reboot")
    await cpe.inform()
    assert isinstance((await cpe.say(None)).envelope.body, m.Reboot)
    assert (await cpe.say(None)).status == 204


async def test_a_call_of_the_cpe_in_the_middle_of_ours_is_answered_and_ours_stands(cpe, office):
    await cpe.enrol()
    first = await office.queue("get", ["X"])
    await cpe.inform()
    asked = await cpe.say(None)
    assert (await cpe.say(m.GetRPCMethods())).status == 200
    assert (await cpe.answer(asked, read("X"))).status == 204
    assert (await office.operation(first)).state is State.COMPLETED


async def test_an_answer_that_nobody_asked_for_says_nothing(cpe, office):
    await cpe.enrol()
    await office.queue("get", ["X"])
    await cpe.inform()
    said = await cpe.say(m.RebootResponse())
    assert isinstance(said.envelope.body, m.GetParameterValues)


# --- Which session ---------------------------------------------------------------------------


async def test_one_more_empty_post_after_the_end_is_answered_alike(cpe):
    await cpe.enrol()
    await cpe.inform()
    assert (await cpe.say(None)).status == 204
    assert (await cpe.say(None)).status == 204


async def test_without_a_cookie_the_connection_carries_the_session(cpe, office):
    await cpe.enrol()
    first = await office.queue("get", ["X"])
    await cpe.inform()
    cpe._cookie = None
    asked = await cpe.say(None)
    cpe._cookie = None
    await cpe.answer(asked, read("X"))
    assert (await office.operation(first)).state is State.COMPLETED


async def test_with_its_cookie_a_session_goes_on_over_another_connection(cpe, office):
    await cpe.enrol()
    first = await office.queue("get", ["X"])
    await cpe.inform()
    cpe.lose_connection()
    cpe._connection = None
    asked = await cpe.say(None)
    await cpe.answer(asked, read("X"))
    assert (await office.operation(first)).state is State.COMPLETED


async def test_a_new_inform_replaces_the_open_session_whose_answers_are_dropped(cpe, office):
    await cpe.enrol()
    first = await office.queue("get", ["X"])
    await cpe.inform()
    asked = await cpe.say(None)
    old = cpe._cookie
    await cpe.inform()
    new, cpe._cookie = cpe._cookie, old
    cpe._connection = None
    assert (await cpe.answer(asked, read("X"))).status == 400
    assert (await office.operation(first)).state is State.RUNNING
    cpe._cookie = new
    outcomes = await office.rows("SELECT outcome FROM sessions ORDER BY id")
    assert outcomes[-1] == ("superseded",)


async def test_a_session_of_an_earlier_life_of_the_server_may_not_speak(cpe, office):
    await cpe.enrol()
    first = await office.queue("get", ["X"])
    await cpe.inform()
    asked = await cpe.say(None)
    sessions = office.sessions
    office.restart()
    await cpe.inform("1 BOOT")
    assert len(sessions) == 1
    office.sessions, cpe._connection = sessions, None
    cpe._cookie = next(iter(sessions._by_cookie))
    assert (await cpe.answer(asked, read("X"))).status == 204
    assert (await office.operation(first)).state is State.RUNNING


async def test_silence_ends_a_session_by_what_it_waits_for(cpe, office):
    office.restart(SessionLimits(waiting_s=30, answering_s=240))
    await cpe.enrol()
    await office.queue("get", ["X"])
    await cpe.inform()
    await cpe.say(None)
    office.clock.pass_(200)
    assert await office.sessions.sweep() == 0
    office.clock.pass_(100)
    assert await office.sessions.sweep() == 1
    await cpe.inform()
    office.clock.pass_(31)
    assert await office.sessions.sweep() == 1


# --- Lost answers ----------------------------------------------------------------------------


async def test_an_unanswered_read_is_tried_three_times_and_then_given_up(cpe, office):
    await cpe.enrol()
    first = await office.queue("get", ["X"])
    for attempt in range(3):
        await cpe.inform()
        asked = await cpe.say(None)
        assert isinstance(asked.envelope.body, m.GetParameterValues), attempt
        cpe.lose_connection()
        await cpe.inform()
        assert (await cpe.say(None)).status == 204, "not before its time"
        office.clock.pass_(100)
    await cpe.inform()
    assert (await cpe.say(None)).status == 204
    operation = await office.operation(first)
    assert operation.state is State.FAILED
    assert operation.error["code"] == "no_answer"
    assert operation.attempts == 3


async def test_a_set_whose_key_shows_in_the_next_inform_was_applied(cpe, office):
    await cpe.enrol()
    wanted = {"variable_name": "Device.X", "value": "1", "value_type": "string"}
    first = await office.queue("set", [wanted])
    await cpe.inform()
    asked = await cpe.say(None)
    cpe.key = asked.envelope.body.parameter_key
    office.restart()
    office.clock.pass_(100)
    await cpe.inform()
    assert (await cpe.say(None)).status == 204
    assert (await office.operation(first)).state is State.COMPLETED


async def test_a_reboot_whose_answer_was_lost_is_proved_by_its_event(cpe, office):
    await cpe.enrol()
    first = await office.queue("reboot")
    await cpe.inform()
    asked = await cpe.say(None)
    office.restart()
    await cpe.inform("1 BOOT", f"M Reboot|{asked.envelope.body.command_key}")
    assert (await office.operation(first)).state is State.COMPLETED


async def test_a_reboot_of_unknown_effect_is_decided_by_uptime(cpe, office):
    await cpe.enrol()
    first = await office.queue("reboot")
    await cpe.inform()
    await cpe.say(None)
    office.restart()
    office.clock.pass_(100)
    await cpe.inform()
    asked = await cpe.say(None)
    assert asked.envelope.body.parameter_names == (UPTIME,)
    asked = await cpe.answer(asked, values(**{"DeviceInfo.UpTime": "99999"}))
    assert isinstance(asked.envelope.body, m.Reboot)
    await cpe.answer(asked, m.RebootResponse())
    await cpe.inform("1 BOOT")
    assert (await office.operation(first)).state is State.COMPLETED


async def test_a_repeated_boot_may_be_an_older_one_so_the_device_is_asked(cpe, office):
    await cpe.enrol()
    await office.queue("reboot")
    await cpe.inform()
    asked = await cpe.say(None)
    await cpe.answer(asked, m.RebootResponse())
    office.clock.pass_(100)
    await cpe.inform("1 BOOT", retry_count=2)
    asked = await cpe.say(None)
    assert asked.envelope.body.parameter_names == (UPTIME,)


# --- The exclusive group and the queue -------------------------------------------------------


async def test_while_a_reboot_waits_reads_go_and_another_reboot_does_not(cpe, office):
    await cpe.enrol()
    await office.queue("reboot")
    second = await office.queue("factory")
    third = await office.queue("get", ["X"])
    await cpe.inform()
    asked = await cpe.say(None)
    assert (await cpe.answer(asked, m.RebootResponse())).status == 204
    await cpe.inform()
    asked = await cpe.say(None)
    assert isinstance(asked.envelope.body, m.GetParameterValues)
    assert (await cpe.answer(asked, read("X"))).status == 204
    assert (await office.operation(third)).state is State.COMPLETED
    assert (await office.operation(second)).state is State.PENDING


async def test_on_an_inactive_device_nothing_runs(cpe, office):
    await cpe.enrol()
    await office.queue("get", ["X"])
    await office.store.write(lambda tx: tx.run("UPDATE devices SET is_active = FALSE"))
    await cpe.inform()
    assert (await cpe.say(None)).status == 204


# --- BOOTSTRAP, keys, events -----------------------------------------------------------------


async def test_a_reset_ends_by_bootstrap_and_enrols_anew(cpe, office):
    await cpe.enrol()
    first = await office.queue("factory")
    await cpe.inform()
    asked = await cpe.say(None)
    assert (await cpe.answer(asked, m.FactoryResetResponse())).status == 204
    cpe.key = ""
    await cpe.inform("0 BOOTSTRAP", "1 BOOT")
    asked = await cpe.say(None)
    assert (await office.operation(first)).state is State.COMPLETED
    assert len(asked.envelope.body.parameter_list) == 5


async def test_a_bootstrap_with_our_key_renews_credentials_alone(cpe):
    await cpe.enrol()
    await cpe.inform("0 BOOTSTRAP")
    asked = await cpe.say(None)
    assert [value.name.rpartition(".")[2] for value in asked.envelope.body.parameter_list] == [
        "ConnectionRequestUsername",
        "ConnectionRequestPassword",
    ]


async def test_everything_is_applied_at_most_three_times_a_day(cpe):
    await cpe.enrol()
    sizes = []
    for _ in range(4):
        cpe.key = ""
        await cpe.inform("0 BOOTSTRAP")
        asked = await cpe.say(None)
        sizes.append(len(asked.envelope.body.parameter_list))
        await cpe.answer(asked, m.SetParameterValuesResponse())
    assert sizes == [5, 5, 5, 2]


async def test_a_foreign_key_is_drift(cpe, office):
    await cpe.enrol()
    cpe.key = "somebody else's"
    await cpe.inform()
    assert await office.rows("SELECT drift_since FROM devices") == [(office.clock.now,)]


async def test_events_of_a_repeated_inform_are_told_once(cpe, office):
    await cpe.inform("1 BOOT", "X EXAMPLE Alarm")
    for retry in range(1, 4):
        await cpe.inform("1 BOOT", "X EXAMPLE Alarm", "4 VALUE CHANGE", retry_count=retry)
    told = [text for (text,) in await office.rows("SELECT text FROM device_log WHERE kind='event'")]
    assert told == ["registered", "1 BOOT", "X EXAMPLE Alarm", "4 VALUE CHANGE"]


async def test_quiet_sessions_leave_no_row(cpe, office):
    await cpe.enrol()
    before = await office.rows("SELECT count(*) FROM sessions")
    await cpe.inform()
    await cpe.say(None)
    assert await office.rows("SELECT count(*) FROM sessions") == before


async def test_two_devices_with_one_identity_are_flagged_and_changes_stop(cpe, office, other_cpe):
    twin = other_cpe("1", "198.51.100.7")
    await cpe.enrol()
    twin.key = cpe.key
    for _ in range(2):
        await twin.inform()
        await cpe.inform()
    await office.queue("reboot")
    await office.queue("get", ["X"])
    await cpe.inform()
    asked = await cpe.say(None)
    assert isinstance(asked.envelope.body, m.GetParameterValues)
    alerts = await office.rows("SELECT text FROM device_log WHERE kind = 'alert'")
    assert len(alerts) == 1
