"""A dry run is the script itself, against what the inventory believes."""

from types import SimpleNamespace

import pytest

from acs.rehearsing import rehearse
from inventory import operations
from inventory.actions.rehearsing import Line, Rpc, Stage
from inventory.configuration import Configuration, Wanted
from inventory.operations import Kind
from inventory.parameters import HeldValue, Source
from inventory.settings import Setting

X, Y = "Device.X", "Device.Y"


def held(path, value, value_type="string"):
    return HeldValue(path, value, value_type, None, 0.0, Source.GET)


@pytest.fixture
def stage():
    def stage(kind, *known, request=None, wanted=(), root="Device."):
        by_path = {each.path: each for each in known}
        settings = tuple(
            Wanted(each, is_own=True, changed=0.0, held=by_path.get(each.path)) for each in wanted
        )
        return Stage(
            SimpleNamespace(root=root),
            operations.imagined(1, Kind(kind), request or {}, 0.0),
            Configuration(settings),
            by_path,
            SimpleNamespace(is_secret=lambda path: "Passphrase" in path),
        )

    return stage


def setting(name, value, value_type=None):
    return {"variables": [{"variable_name": name, "value": value, "value_type": value_type}]}


def test_a_set_tells_current_and_wanted_value_in_the_devices_type(stage):
    rehearsal = rehearse(stage("set", held(X, "5", "unsignedInt"), request=setting(X, "7")))
    assert rehearsal.rpcs == (Rpc("SetParameterValues", (Line(X, "5", "7", "unsignedInt"),)),)
    assert rehearsal.error is None


def test_a_set_of_what_is_not_known_begins_with_asking(stage):
    rehearsal = rehearse(stage("set", request=setting(X, "7")))
    assert [rpc.name for rpc in rehearsal.rpcs] == ["GetParameterValues", "SetParameterValues"]
    assert rehearsal.rpcs[1].lines == (Line(X, "", "7", "string"),) or rehearsal.rpcs[1].lines == (
        Line(X, None, "7", "string"),
    )


def test_a_value_that_its_type_does_not_allow_is_told_before_anything_is_sent(stage):
    rehearsal = rehearse(stage("set", held(X, "5", "unsignedInt"), request=setting(X, "seven")))
    assert rehearsal.rpcs == ()
    assert list(rehearsal.error["parameters"]) == [X]


def test_a_sync_reads_all_sets_what_differs_and_reads_that_back(stage):
    wanted = (Setting(X, "new"), Setting(Y, "same"))
    rehearsal = rehearse(stage("sync", held(X, "old"), held(Y, "same"), wanted=wanted))
    assert [rpc.name for rpc in rehearsal.rpcs] == [
        "GetParameterValues",
        "SetParameterValues",
        "GetParameterValues",
    ]
    assert rehearsal.rpcs[1].lines == (Line(X, "old", "new", "string"),)
    assert rehearsal.error is None


def test_a_reconf_sends_everything_with_its_notifications(stage):
    wanted = (Setting(X, "new"), Setting(Y, "same", notification=2))
    rehearsal = rehearse(stage("reconf", held(X, "old"), held(Y, "same"), wanted=wanted))
    assert [rpc.name for rpc in rehearsal.rpcs] == ["SetParameterValues", "SetParameterAttributes"]
    assert [line.path for line in rehearsal.rpcs[0].lines] == [X, Y]
    assert rehearsal.rpcs[1].lines == (Line(Y, notification=2),)


def test_of_a_device_that_was_never_seen_nothing_can_be_told(stage):
    rehearsal = rehearse(stage("sync", wanted=(Setting(X, "new"),), root=None))
    assert rehearsal.rpcs == ()
    assert rehearsal.error["code"] == "no_data_model"
