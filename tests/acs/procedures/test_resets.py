"""Reboot and factory reset are sent once; a lost answer is decided by UpTime."""

import pytest

from acs.cwmp.faults import fault
from acs.cwmp.messages import (
    FactoryReset,
    FactoryResetResponse,
    GetParameterValues,
    GetParameterValuesResponse,
    ParameterValueStruct,
    Reboot,
    RebootResponse,
)
from acs.procedures.resets import factory_reset, reboot
from acs.procedures.steps import AwaitEvent, Done, Failed

UPTIME = "Device.DeviceInfo.UpTime"
ASK_UPTIME = GetParameterValues((UPTIME,))
SENT = {"sent": "Reboot", "at": 900.0}  # the clock of the subject stands at 1000


def uptime(seconds):
    return GetParameterValuesResponse((ParameterValueStruct(UPTIME, str(seconds), "unsignedInt"),))


def test_a_reboot_carries_its_key_and_waits_for_the_event(play, operation, subject):
    outcome, notes = play(
        reboot(operation("reboot"), subject()), (Reboot("op_1"), RebootResponse())
    )
    assert outcome == AwaitEvent("M Reboot", ends_session=True)
    assert len(notes) == 1


def test_a_refused_reboot_fails_with_the_fault(play, operation, subject):
    outcome, _ = play(reboot(operation("reboot"), subject()), (Reboot("op_1"), fault(9001)))
    assert isinstance(outcome, Failed)
    assert outcome.error.code == "9001"


def test_a_device_up_for_longer_than_since_the_sending_is_asked_again(play, operation, subject):
    outcome, _ = play(
        reboot(operation("reboot", evidence=SENT), subject()),
        (ASK_UPTIME, uptime(5000)),
        (Reboot("op_1"), RebootResponse()),
    )
    assert isinstance(outcome, AwaitEvent)


def test_a_device_that_has_restarted_since_is_not_rebooted_again(play, operation, subject):
    outcome, _ = play(
        reboot(operation("reboot", evidence=SENT), subject()), (ASK_UPTIME, uptime(30))
    )
    assert isinstance(outcome, Done)


@pytest.mark.parametrize("answer", [fault(9005), uptime("unknown"), uptime(99)])
def test_what_nobody_can_tell_is_never_sent_again(play, operation, subject, answer):
    outcome, _ = play(reboot(operation("reboot", evidence=SENT), subject()), (ASK_UPTIME, answer))
    assert isinstance(outcome, Failed)
    assert outcome.error.code == "outcome_unknown"


def test_an_answered_reboot_that_has_not_happened_yet_goes_on_waiting(play, operation, subject):
    outcome, _ = play(
        reboot(operation("reboot", evidence={**SENT, "answered": True}), subject()),
        (ASK_UPTIME, uptime(5000)),
    )
    assert outcome == AwaitEvent("M Reboot")


def test_a_reset_that_has_restarted_the_device_waits_for_its_bootstrap(play, operation, subject):
    evidence = {"sent": "FactoryReset", "at": 900.0}
    outcome, _ = play(
        factory_reset(operation("factory", evidence=evidence), subject()),
        (ASK_UPTIME, uptime(30)),
    )
    assert outcome == AwaitEvent("0 BOOTSTRAP")


def test_a_reset_ends_the_session(play, operation, subject):
    outcome, _ = play(
        factory_reset(operation("factory"), subject()), (FactoryReset(), FactoryResetResponse())
    )
    assert outcome == AwaitEvent("0 BOOTSTRAP", ends_session=True)
