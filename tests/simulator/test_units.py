"""Deployment units: what ChangeDUState does."""

import pytest

from acs.cwmp import messages as m
from simulator import units
from simulator.tree import Tree, load

UUID = "11111111-2222-3333-4444-555555555555"
NOW = "2026-01-02T03:04:05Z"
APP = m.InstallOpStruct("http://files.example.net/app-1.2.tar", UUID)


@pytest.fixture(params=["tr181-gateway", "tr098-gateway"])
def tree(request):
    return Tree(load(request.param))


def change(tree, *operations):
    return units.carry_out(tree, operations, NOW)


def test_an_installed_unit_appears_with_its_execution_unit(tree):
    [result] = change(tree, APP)
    assert (result.uuid, result.version, result.current_state) == (UUID, "1.2", "Installed")
    assert tree.value(f"{result.deployment_unit_ref}.Name") == "app-1.2"
    assert tree.value(f"{result.execution_unit_ref_list}.Status") == "Active"
    assert result.complete_time == NOW


def test_an_update_changes_the_version(tree):
    change(tree, APP)
    [result] = change(tree, m.UpdateOpStruct(UUID, url="http://files.example.net/app-1.3.tar"))
    assert (result.version, result.current_state) == ("1.3", "Installed")


def test_an_update_without_names_means_every_unit(tree):
    other = m.InstallOpStruct("http://files.example.net/other-2.0.tar")
    change(tree, APP, other)
    assert len(change(tree, m.UpdateOpStruct(version="9.0"))) == 2


def test_an_uninstalled_unit_is_gone(tree):
    change(tree, APP)
    [result] = change(tree, m.UninstallOpStruct(UUID))
    assert result.current_state == "Uninstalled"
    assert tree.get("SoftwareModules.DeploymentUnitNumberOfEntries") == "0"
    assert tree.get("SoftwareModules.ExecutionUnitNumberOfEntries") == "0"


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        (m.InstallOpStruct("http://x/a", "no uuid"), 9022),
        (m.InstallOpStruct("http://x/a", execution_env_ref="Device.Nowhere.1"), 9023),
        (APP, 9026),
        (m.UpdateOpStruct("99999999-2222-3333-4444-555555555555"), 9028),
        (m.UpdateOpStruct(UUID, "1.2"), 9032),
        (m.UninstallOpStruct(UUID, "7.7"), 9028),
    ],
)
def test_what_fails_is_told_and_the_rest_is_done(tree, operation, code):
    change(tree, APP)
    other = m.InstallOpStruct("http://files.example.net/other-2.0.tar")
    failed, done = change(tree, operation, other)
    assert (failed.current_state, failed.fault.fault_code) == ("Failed", code)
    assert (done.current_state, done.fault.fault_code) == ("Installed", 0)
