"""Applying what is wanted: the rest goes on where something is refused, and nothing loops."""

import pytest

from acs.cwmp.faults import fault
from acs.cwmp.messages import (
    Fault,
    GetParameterValues,
    GetParameterValuesResponse,
    ParameterValueStruct,
    SetParameterAttributes,
    SetParameterAttributesResponse,
    SetParameterAttributesStruct,
    SetParameterValues,
    SetParameterValuesFault,
    SetParameterValuesResponse,
)
from acs.procedures.configuring import reconf, sync
from acs.procedures.steps import Done
from inventory.configuration import Configuration, Wanted
from inventory.parameters import HeldValue
from inventory.settings import Setting

A, B, SECRET = "Device.X.A", "Device.X.B", "Device.X.Password"


def wanted(path, value, held=None, notification=None):
    known = HeldValue(path, held, "string", True, 0.0, "get") if held is not None else None
    return Wanted(Setting(path, value, "string", notification), True, 0.0, known)


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
    def make(*settings, set_aside=()):
        return subject(configuration=Configuration(settings, frozenset(set_aside)))

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


def test_what_is_set_aside_is_not_sent(play, operation, configured):
    outcome, _ = play(
        sync(operation("sync"), configured(wanted(A, "a"), set_aside=[A])),
        (GetParameterValues(("Device.",)), values(A="A")),
    )
    assert outcome.look.found == ()


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
    )
    assert "s3cret" not in str(outcome.result)
    assert "s3cret" not in str(outcome.look)
