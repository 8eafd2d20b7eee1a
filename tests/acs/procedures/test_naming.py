"""The names of a device, in one answer or level by level."""

from acs.cwmp.faults import fault
from acs.cwmp.messages import GetParameterNames, GetParameterNamesResponse, ParameterInfoStruct
from acs.procedures.naming import names
from acs.procedures.steps import Done, Failed


def ask(path, next_level=False):
    return GetParameterNames(path, next_level=next_level)


def told(*found):
    return GetParameterNamesResponse(
        tuple(ParameterInfoStruct(name.rstrip("!"), name.endswith("!")) for name in found)
    )


def wish(*paths, **more):
    return {"variables": [{"variable_name": path} for path in paths], **more}


def listed(outcome):
    return {each["variable_name"]: each.get("writable") for each in outcome.result["variables"]}


def test_everything_below_a_path_comes_in_one_answer(play, operation, subject):
    script = names(operation("names", wish("Device.Time.")), subject())
    outcome, _ = play(script, (ask("Device.Time."), told("Device.Time.", "Device.Time.Enable!")))
    assert isinstance(outcome, Done)
    assert listed(outcome) == {"Device.Time.": False, "Device.Time.Enable": True}


def test_without_a_path_it_is_the_whole_tree(play, operation, subject):
    script = names(operation("names", {"next_level": True}), subject())
    outcome, _ = play(script, (ask("Device.", True), told("Device.Time.", "Device.IP.")))
    assert [*listed(outcome)] == ["Device.Time.", "Device.IP."]


def test_the_next_level_of_a_parameter_is_the_parameter(play, operation, subject):
    script = names(operation("names", wish("Device.X", next_level=True)), subject())
    outcome, _ = play(script, (ask("Device.X"), told("Device.X!")))
    assert listed(outcome) == {"Device.X": True}


def test_a_tree_that_is_too_much_at_once_is_asked_for_by_level(play, operation, subject):
    script = names(operation("names", wish("Device.")), subject())
    outcome, _ = play(
        script,
        (ask("Device."), fault(9004)),
        (ask("Device.", True), told("Device.A.", "Device.B.", "Device.X!")),
        (ask("Device.B.", True), told("Device.B.Y")),
        (ask("Device.A.", True), told("Device.A.1.", "Device.A.")),  # itself, which is wrong
        (ask("Device.A.1.", True), told("Device.", "Device.A.1.Z!")),  # as is going up
    )
    assert {"Device.X", "Device.B.Y", "Device.A.1.Z"} <= listed(outcome).keys()


def test_a_bad_path_does_not_lose_the_rest(play, operation, subject):
    script = names(operation("names", wish("Device.No.", "Device.X")), subject())
    outcome, _ = play(script, (ask("Device.No."), fault(9005)), (ask("Device.X"), told("Device.X")))
    assert isinstance(outcome, Failed)
    assert outcome.error.parameters["Device.No."]["code"] == "9005"
    assert listed(outcome) == {"Device.X": False, "Device.No.": None}
