"""Software modules are changed once, whatever becomes of the answer."""

import pytest

from acs.cwmp.faults import fault
from acs.cwmp.messages import (
    ChangeDUState,
    ChangeDUStateResponse,
    GetParameterValues,
    GetParameterValuesResponse,
    InstallOpStruct,
    ParameterValueStruct,
    UninstallOpStruct,
    UpdateOpStruct,
)
from acs.procedures.packages import CHANGE_COMPLETE, change_packages
from acs.procedures.steps import AwaitEvent, Done, Failed

TABLE = "Device.SoftwareModules.DeploymentUnit."
UUID = "6f1d7a52-19b5-4a3e-8c64-0d2a0c6f5a10"
URL = "http://files.example/agent-2.1.ipk"
INSTALL = {"operation": "install", "url": URL, "password": "secret"}


def units(**row):
    return (
        GetParameterValues((TABLE,)),
        GetParameterValuesResponse(
            tuple(ParameterValueStruct(f"{TABLE}3.{name}", value) for name, value in row.items())
        ),
    )


@pytest.fixture
def run(play, operation, subject):
    def run(packages, *lines, evidence=None):
        made = operation("update", {"packages": packages}, evidence=evidence)
        return play(change_packages(made, subject()), *lines)

    return run


def test_packages_go_out_in_one_request_with_the_operations_key(run):
    uninstall = {"operation": "uninstall", "uuid": UUID, "version": "1.0"}
    update = {"operation": "update", "uuid": UUID}
    request = ChangeDUState(
        (
            InstallOpStruct(URL, password="secret"),
            UninstallOpStruct(UUID, "1.0"),
            UpdateOpStruct(UUID),
        ),
        "op_1",
    )
    outcome, notes = run([INSTALL, uninstall, update], (request, ChangeDUStateResponse()))
    assert outcome == AwaitEvent(CHANGE_COMPLETE)
    assert notes == [{"packages": [{"operation": "install", "url": URL}, uninstall, update]}]


def test_a_package_may_be_called_by_its_name(run):
    outcome, _ = run(
        [{"operation": "update", "name": "agent"}],
        units(Name="agent", UUID=UUID, Version="2.0"),
        (ChangeDUState((UpdateOpStruct(UUID),), "op_1"), ChangeDUStateResponse()),
    )
    assert isinstance(outcome, AwaitEvent)


def test_a_name_that_the_device_does_not_have_is_told_and_nothing_is_sent(run):
    outcome, _ = run([{"operation": "update", "name": "agent"}], units(Name="other", UUID=UUID))
    assert isinstance(outcome, Failed)
    assert outcome.error.code == "not_supported"
    assert list(outcome.error.parameters) == ["agent"]


def test_a_device_that_cannot_do_it_says_so(run):
    request = ChangeDUState((InstallOpStruct(URL, password="secret"),), "op_1")
    outcome, _ = run([INSTALL], (request, fault(9000)))
    assert outcome.error.code == "not_supported"
    outcome, _ = run([INSTALL], (request, fault(9013)))
    assert outcome.error.code == "9013"


@pytest.mark.parametrize(
    ("sent", "row", "is_shown"),
    [
        ({"operation": "install", "url": URL}, {"URL": URL, "UUID": UUID}, True),
        ({"operation": "install", "url": URL}, {"URL": "http://other", "UUID": UUID}, False),
        ({"operation": "uninstall", "uuid": UUID}, {"UUID": UUID}, False),
        ({"operation": "uninstall", "uuid": UUID}, {"UUID": "another"}, True),
        ({"operation": "update", "uuid": UUID}, {"UUID": UUID}, False),
        ({"operation": "update", "uuid": UUID, "version": "2"}, {"UUID": UUID, "Version": "2"}, 1),
    ],
)
def test_after_a_lost_answer_nothing_is_sent_again_and_the_table_decides(run, sent, row, is_shown):
    evidence = {"sent": "ChangeDUState", "at": 1.0, "packages": [sent]}
    outcome, _ = run([sent], units(**row), evidence=evidence)
    assert isinstance(outcome, Done if is_shown else AwaitEvent)
