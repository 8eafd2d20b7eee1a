"""Applying what is wanted: the rest goes on where something is refused, and nothing loops."""

import pytest

from acs.cwmp.faults import fault
from acs.cwmp.messages import (
    Fault,
    GetParameterAttributes,
    GetParameterAttributesResponse,
    GetParameterNames,
    GetParameterValues,
    GetParameterValuesResponse,
    ParameterAttributeStruct,
    ParameterValueStruct,
    SetParameterAttributes,
    SetParameterAttributesResponse,
    SetParameterAttributesStruct,
    SetParameterValues,
    SetParameterValuesFault,
    SetParameterValuesResponse,
)
from acs.procedures.configuring import change_settings, reconf, sync
from acs.procedures.steps import Done
from inventory.configuration import Configuration, Wanted
from inventory.parameters import HeldValue
from inventory.records.settings import Found
from inventory.settings import Setting

A, B, SECRET = "Device.X.A", "Device.X.B", "Device.X.Password"


def wanted(path, value, held=None, notification=None, aside=None):
    """``aside``: what the device shows of the value that it was given in vain."""
    known = HeldValue(path, held, "string", True, 0.0, "get") if held is not None else None
    found = None
    if aside is not None:
        found = Found(value, aside, 0.0, is_set_aside=True, is_write_only=not aside)
    return Wanted(Setting(path, value, "string", notification), True, 0.0, known, found)


def values(**named):
    return GetParameterValuesResponse(
        tuple(ParameterValueStruct(f"Device.X.{name}", value) for name, value in named.items())
    )


def setting(**named):
    return SetParameterValues(
        tuple(ParameterValueStruct(f"Device.X.{name}", value) for name, value in named.items())
    )


@pytest.fixture
def configured(subject):
    def make(*settings):
        return subject(configuration=Configuration(settings))

    return make


def test_what_is_refused_by_name_is_left_out_and_the_rest_sent_again(play, operation, configured):
    refused = Fault(9003, "Invalid arguments", (SetParameterValuesFault(B, 9007, "no"),))
    outcome, _ = play(
        reconf(operation("reconf"), configured(wanted(A, "1"), wanted(B, "2"))),
        (setting(A="1", B="2"), refused),
        (setting(A="1"), SetParameterValuesResponse()),
    )
    assert outcome.error.parameters == {B: {"code": "9007", "message": "no"}}
    assert outcome.result == {"set": [A]}


def test_a_refusal_without_names_is_halved_until_it_has_one(play, operation, configured):
    outcome, _ = play(
        reconf(operation("reconf"), configured(wanted(A, "1"), wanted(B, "2"))),
        (setting(A="1", B="2"), fault(9003)),
        (setting(A="1"), SetParameterValuesResponse()),
        (setting(B="2"), fault(9008)),
    )
    assert list(outcome.error.parameters) == [B]
    assert outcome.result == {"set": [A]}


def test_where_nothing_is_wanted_nothing_is_said(play, operation, configured):
    outcome, _ = play(reconf(operation("reconf"), configured()))
    assert outcome == Done({"set": []})


def test_notifications_are_set_too(play, operation, configured):
    attribute = SetParameterAttributesStruct(A, notification_change=True, notification=2)
    outcome, _ = play(
        reconf(operation("reconf"), configured(wanted(A, "1", notification=2))),
        (setting(A="1"), SetParameterValuesResponse()),
        (SetParameterAttributes((attribute,)), SetParameterAttributesResponse()),
    )
    assert isinstance(outcome, Done)


def test_sync_sets_only_what_differs_and_reads_it_back(play, operation, configured):
    outcome, _ = play(
        sync(operation("sync"), configured(wanted(A, "1"), wanted(B, "2"))),
        (GetParameterValues(("Device.",)), values(A="1", B="old")),
        (setting(B="2"), SetParameterValuesResponse()),
        (GetParameterValues((B,)), values(B="2")),
    )
    (found,) = outcome.look.found
    assert (found.path, found.found, found.is_corrected) == (B, "old", True)


def test_a_value_that_comes_back_different_is_told_with_both(play, operation, configured):
    outcome, _ = play(
        sync(operation("sync"), configured(wanted(A, "a"))),
        (GetParameterValues(("Device.",)), values(A="A")),
        (setting(A="a"), SetParameterValuesResponse()),
        (GetParameterValues((A,)), values(A="A")),
    )
    (found,) = outcome.look.found
    assert (found.wanted, found.now, found.is_corrected) == ("a", "A", False)


def test_a_value_that_reads_back_empty_is_write_only(play, operation, configured):
    outcome, _ = play(
        sync(operation("sync"), configured(wanted(A, "a"))),
        (GetParameterValues(("Device.",)), values(A="")),
        (setting(A="a"), SetParameterValuesResponse()),
        (GetParameterValues((A,)), values(A="")),
    )
    (found,) = outcome.look.found
    assert found.is_write_only


@pytest.mark.parametrize("shown", ["A", ""])
def test_what_is_set_aside_is_not_corrected_and_still_told(play, operation, configured, shown):
    outcome, _ = play(
        sync(operation("sync"), configured(wanted(A, "a", aside=shown))),
        (GetParameterValues(("Device.",)), values(A=shown)),
    )
    (found,) = outcome.look.found
    assert (found.found, found.was_set, found.is_corrected) == (shown, False, False)
    assert found.is_write_only == (not shown)


def test_what_was_set_aside_and_shows_right_by_now_is_forgotten(play, operation, configured):
    outcome, _ = play(
        sync(operation("sync"), configured(wanted(A, "a", aside="A"))),
        (GetParameterValues(("Device.",)), values(A="a")),
    )
    assert (outcome.look.looked_at, outcome.look.found) == ((A,), ())


def test_reconf_sends_what_is_set_aside_too(play, operation, configured):
    outcome, _ = play(
        reconf(operation("reconf"), configured(wanted(A, "a", aside="A"), wanted(B, "b"))),
        (setting(A="a", B="b"), SetParameterValuesResponse()),
    )
    assert outcome.look.looked_at == (B,)


def test_a_secret_that_reads_back_masked_is_set_in_vain(play, operation, configured):
    outcome, _ = play(
        sync(operation("sync"), configured(wanted(SECRET, "s3cret", held="s3cret"))),
        (GetParameterValues(("Device.",)), values(Password="********")),
        (setting(Password="s3cret"), SetParameterValuesResponse()),
        (GetParameterValues((SECRET,)), values(Password="********")),
    )
    (found,) = outcome.look.found
    assert (found.was_set, found.is_corrected, found.wanted, found.now) == (True, False, None, None)


def test_a_device_that_refuses_its_root_is_asked_for_each_name(play, operation, configured):
    outcome, _ = play(
        sync(operation("sync"), configured(wanted(A, "1"), wanted(B, "2"))),
        (GetParameterValues(("Device.",)), fault(9005)),
        (GetParameterNames("Device.", next_level=True), fault(9005)),
        (GetParameterValues((A, B)), values(A="1", B="2")),
    )
    assert (outcome.result["read"], outcome.look.found) == (2, ())


def test_sync_sets_the_notifications_that_are_not_as_wanted(play, operation, configured):
    told = (ParameterAttributeStruct(A, 2), ParameterAttributeStruct(B, 0))
    attribute = SetParameterAttributesStruct(B, notification_change=True, notification=2)
    outcome, _ = play(
        sync(
            operation("sync"),
            configured(wanted(A, None, notification=2), wanted(B, None, notification=2)),
        ),
        (GetParameterValues(("Device.",)), values(A="1", B="1")),
        (GetParameterAttributes((A, B)), GetParameterAttributesResponse(told)),
        (SetParameterAttributes((attribute,)), SetParameterAttributesResponse()),
    )
    assert (outcome.look.found, outcome.look.has_set) == ((), False)


def test_changed_settings_are_sent_as_they_are_wanted_by_now(play, operation, configured):
    request = {"variables": [{"variable_name": name, "value": "old"} for name in (A, B)]}
    outcome, _ = play(
        change_settings(
            operation("set", request), configured(wanted(A, "1", held="1"), wanted(B, "2"))
        ),
        (setting(B="2"), SetParameterValuesResponse()),
    )
    assert [each["value"] for each in outcome.result["variables"]] == ["2"]


def test_settings_that_nobody_wants_any_more_are_not_sent(play, operation, configured):
    request = {"variables": [{"variable_name": A, "value": "old"}]}
    outcome, _ = play(change_settings(operation("set", request), configured(wanted(B, "2"))))
    assert outcome == Done({"variables": []})


def test_a_refused_setting_does_not_hold_up_the_others(play, operation, configured):
    request = {"variables": [{"variable_name": name, "value": "x"} for name in (A, B)]}
    refused = Fault(9003, "Invalid arguments", (SetParameterValuesFault(A, 9007, "no"),))
    outcome, _ = play(
        change_settings(operation("set", request), configured(wanted(A, "1"), wanted(B, "2"))),
        (setting(A="1", B="2"), refused),
        (setting(B="2"), SetParameterValuesResponse()),
    )
    assert list(outcome.error.parameters) == [A]
    assert [each["variable_name"] for each in outcome.result["variables"]] == [B]


def test_a_secret_counts_as_set_when_the_device_has_taken_it(play, operation, configured):
    known = wanted(SECRET, "s3cret", held="s3cret")
    outcome, _ = play(
        sync(operation("sync"), configured(known)),
        (GetParameterValues(("Device.",)), values(Password="")),
    )
    assert outcome.look.found == ()


def test_no_secret_stands_in_what_is_told(play, operation, configured):
    outcome, _ = play(
        sync(operation("sync"), configured(wanted(SECRET, "s3cret"))),
        (GetParameterValues(("Device.",)), values(Password="")),
        (setting(Password="s3cret"), SetParameterValuesResponse()),
        (GetParameterValues((SECRET,)), values(Password="")),
    )
    assert "s3cret" not in str(outcome.result)
    assert "s3cret" not in str(outcome.look)
